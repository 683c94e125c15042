package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"vodevents/shared/internal/safeurl"
)

// Open returns the sink of kafka://[USER:PASSWORD@]BROKER[,BROKER…]/TOPIC; the
// package comment lists the parameters. It reads certificate files but
// connects to nobody. Its argument is a string because several brokers with
// ports make no URL to net/url.
func Open(rawURL string) (*Sink, error) {
	u, hosts, err := splitHosts(rawURL)
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	brokers, err := brokersOf(hosts)
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	name := "kafka://" + hosts
	topic := strings.TrimPrefix(u.Path, "/")
	if topic == "" || strings.Contains(topic, "/") {
		return nil, fmt.Errorf("%s: write the topic behind the brokers, as in kafka://broker:9092/topic", name)
	}
	query, err := parameters(u)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	options, err := security(u.User, query)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	produces, err := producing(query)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	options = append(options, produces...)
	return newSink(name, append(options, kgo.SeedBrokers(brokers...), kgo.DefaultProduceTopic(topic))), nil
}

// splitHosts takes the list of brokers out of a URL and parses the rest. A
// / ? or # in a password would split the URL at the wrong place, so an @ behind
// the brokers is refused, and what looks like a host is not shown.
func splitHosts(rawURL string) (u *url.URL, hosts string, err error) {
	rest, ok := strings.CutPrefix(rawURL, "kafka://")
	if !ok {
		return nil, "", errors.New("the URL must begin with kafka://")
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	hosts, rest = rest[:end], rest[end:]
	user := ""
	if at := strings.LastIndexByte(hosts, '@'); at >= 0 {
		user, hosts = hosts[:at+1], hosts[at+1:]
	}
	u, err = url.Parse("kafka://" + user + "broker" + rest)
	if err != nil || u.Fragment != "" || strings.Contains(rest, "@") {
		return nil, "", safeurl.ErrNotURL
	}
	return u, hosts, nil
}

// brokersOf checks a list of HOST or HOST:PORT.
func brokersOf(hosts string) ([]string, error) {
	brokers := strings.Split(hosts, ",")
	for i, b := range brokers {
		host, port, err := b, "9092", error(nil)
		if strings.Contains(b, ":") {
			host, port, err = net.SplitHostPort(b)
		}
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		if host == "" || err != nil {
			return nil, fmt.Errorf("broker %d of the URL is not host:port", i+1)
		}
	}
	return brokers, nil
}

// parameters are those of the URL: none that is not known, and each once.
func parameters(u *url.URL) (url.Values, error) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("the parameters are badly percent-encoded")
	}
	for key, values := range query {
		switch key {
		case "sasl", "tls", "ca", "cert", "key", "idempotent", "compression":
		default:
			return nil, errors.New("has a parameter that is none of sasl, tls, ca, cert, key, idempotent and compression")
		}
		if len(values) > 1 {
			return nil, fmt.Errorf("the parameter %s is given twice", key)
		}
	}
	return query, nil
}

// codecs are what compression can be.
var codecs = map[string]kgo.CompressionCodec{
	"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
	"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

// producing is how the parameters want records to be sent.
func producing(query url.Values) (options []kgo.Opt, err error) {
	switch query.Get("idempotent") {
	case "", "true":
	case "false":
		options = append(options, kgo.DisableIdempotentWrite())
	default:
		return nil, errors.New("idempotent is true or false")
	}
	name := query.Get("compression")
	if name == "" {
		name = "snappy" // never zstd: some brokers, CLS among them, cannot read it
	}
	codec, ok := codecs[name]
	if !ok {
		return nil, errors.New("compression is snappy, lz4, gzip, zstd or none")
	}
	return append(options, kgo.ProducerBatchCompression(codec, kgo.NoCompression())), nil
}

// security is what user and parameters ask for.
func security(user *url.Userinfo, query url.Values) (options []kgo.Opt, err error) {
	mechanism, err := saslOf(user, query.Get("sasl"))
	if err != nil {
		return nil, err
	}
	if mechanism != nil {
		options = append(options, kgo.SASL(mechanism))
	}
	config, err := tlsOf(query)
	if err != nil {
		return nil, err
	}
	if config != nil {
		options = append(options, kgo.DialTLSConfig(config))
	}
	return options, nil
}

func saslOf(user *url.Userinfo, mechanism string) (sasl.Mechanism, error) {
	if user == nil {
		if mechanism != "" {
			return nil, errors.New("sasl needs user and password in front of the brokers")
		}
		return nil, nil
	}
	name := user.Username()
	password, _ := user.Password()
	if name == "" || password == "" {
		return nil, errors.New("user and password are both needed, as in kafka://user:password@broker/topic")
	}
	switch mechanism {
	case "", "plain":
		return plain.Auth{User: name, Pass: password}.AsMechanism(), nil
	case "scram-sha-256":
		return scram.Auth{User: name, Pass: password}.AsSha256Mechanism(), nil
	case "scram-sha-512":
		return scram.Auth{User: name, Pass: password}.AsSha512Mechanism(), nil
	}
	return nil, errors.New("sasl is plain, scram-sha-256 or scram-sha-512")
}

func tlsOf(query url.Values) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	switch query.Get("tls") {
	case "true":
	case "chain":
		// CKafka's certificates do not name its access points (597/133094).
		config.InsecureSkipVerify = true // instead of its check:
		config.VerifyConnection = func(state tls.ConnectionState) error {
			return verifyChain(state, config.RootCAs)
		}
	case "", "false":
		for _, key := range []string{"ca", "cert", "key"} {
			if query.Has(key) {
				return nil, fmt.Errorf("%s needs tls=true or tls=chain", key)
			}
		}
		return nil, nil
	default:
		return nil, errors.New("tls is true, chain (the certificate's chain is checked, but not its host name) or false")
	}
	if path := query.Get("ca"); path != "" {
		pem, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("ca cannot be read: %w", bare(err))
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("ca holds no certificate in PEM")
		}
	}
	if query.Has("cert") || query.Has("key") {
		pair, err := tls.LoadX509KeyPair(query.Get("cert"), query.Get("key"))
		if err != nil {
			return nil, fmt.Errorf("cert and key, two files in PEM, cannot be read: %w", bare(err))
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// verifyChain is the check of crypto/tls without the host name.
func verifyChain(state tls.ConnectionState, roots *x509.CertPool) error {
	options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, c := range state.PeerCertificates[1:] {
		options.Intermediates.AddCert(c)
	}
	_, err := state.PeerCertificates[0].Verify(options)
	return err
}

// bare is err without the path of the file.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
