package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
)

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "hush.pem")
	if err := os.WriteFile(empty, []byte("hush"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ url, err string }{
		{"http://b/t", "must begin with kafka://"},
		{"kafka:b/t", "must begin with kafka://"},
		{"kafka://b", "kafka://b: write the topic"},
		{"kafka://b:9092/", "write the topic"},
		{"kafka://b:9092?sasl=plain", "write the topic"},
		{"kafka://b:9092/a/b", "write the topic"},
		{"kafka:///t", "broker 1 of the URL is not host:port"},
		{"kafka://a,,b/t", "broker 2 of the URL is not host:port"},
		{"kafka://a,:9092/t", "broker 2 of the URL is not host:port"},
		{"kafka://ckafka-abc#me:hush@b/t", "write # as %23"},
		{"kafka://me:hush%zz@b/t", "% as %25"},
		{"kafka://me:hush/word@b/t", "/ as %2F"},
		{"kafka://me:hush?word@b/t", "? as %3F"},
		{"kafka://me:hush/t", "broker 1 of the URL is not host:port"},
		{"kafka://me:hush@b,c:1/t?linger=hush", "kafka://b,c:1: has a parameter that is none of sasl, tls, ca, cert, key, idempotent and compression"},
		{"kafka://b/t?sasl=hush;", "badly percent-encoded"},
		{"kafka://b/t?tls=true&tls=hush", "tls is given twice"},
		{"kafka://b/t?sasl=plain", "needs user and password"},
		{"kafka://me@b/t", "both needed"},
		{"kafka://:hush@b/t", "both needed"},
		{"kafka://me:hush@b/t?sasl=gssapi", "plain, scram-sha-256 or scram-sha-512"},
		{"kafka://b/t?idempotent=hush", "idempotent is true or false"},
		{"kafka://b/t?compression=hush", "compression is snappy, lz4, gzip, zstd or none"},
		{"kafka://b/t?tls=maybe", "true, chain"},
		{"kafka://b/t?ca=hush", "ca needs tls=true"},
		{"kafka://b/t?tls=true&ca=/hush/hush", "ca cannot be read: no such file"},
		{"kafka://b/t?tls=true&ca=" + empty, "no certificate in PEM"},
		{"kafka://b/t?tls=true&cert=/hush", "two files in PEM"},
	} {
		_, err := Open(c.url)
		if err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: got error %v, want one with %q", c.url, err, c.err)
		} else if strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: the error says too much: %v", c.url, err)
		}
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	authority := newCertificate(t, dir, "authority", nil, "")
	server := newCertificate(t, dir, "server", authority, "127.0.0.1")
	misnamed := newCertificate(t, dir, "misnamed", authority, "10.0.0.1")
	newCertificate(t, dir, "user", authority, "")
	newCertificate(t, dir, "stranger", nil, "")

	clients := x509.NewCertPool()
	clients.AddCert(authority.Leaf)
	for _, c := range []struct {
		name, query string
		config      *tls.Config
		err         string
	}{
		{"trusted", "tls=true&ca=authority.pem", &tls.Config{Certificates: []tls.Certificate{*server}}, ""},
		{"unknown authority", "tls=true", &tls.Config{Certificates: []tls.Certificate{*server}}, "unknown authority"},
		{"other authority", "tls=true&ca=stranger.pem", &tls.Config{Certificates: []tls.Certificate{*server}}, "x509"},
		{"misnamed", "tls=true&ca=authority.pem", &tls.Config{Certificates: []tls.Certificate{*misnamed}}, "10.0.0.1"},
		{"misnamed, chain", "tls=chain&ca=authority.pem", &tls.Config{Certificates: []tls.Certificate{*misnamed}}, ""},
		{"other authority, chain", "tls=chain&ca=stranger.pem", &tls.Config{Certificates: []tls.Certificate{*misnamed}}, "x509"},
		{"client certificate", "tls=true&ca=authority.pem&cert=user.pem&key=user.key", &tls.Config{
			Certificates: []tls.Certificate{*server}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients,
		}, ""},
		{"no client certificate", "tls=true&ca=authority.pem", &tls.Config{
			Certificates: []tls.Certificate{*server}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients,
		}, "certificate required"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := newCluster(t, kfake.TLS(c.config))
			query := strings.NewReplacer("ca=", "ca="+dir+"/", "cert=", "cert="+dir+"/", "key=", "key="+dir+"/").Replace(c.query)
			s, err := Open("kafka://" + k.address + "/" + topic + "?" + query)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			err = s.Send(t.Context(), delivertest.Events(t, 1))[0]
			if c.err == "" && err != nil {
				t.Error(err)
			}
			if c.err != "" && (!errors.Is(err, deliver.ErrUnavailable) || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("got error %v, want an unavailable one with %q", err, c.err)
			}
		})
	}
}

// newCertificate makes dir/name.pem and dir/name.key, signed by parent or by
// itself.
func newCertificate(t *testing.T, dir, name string, parent *tls.Certificate, ip string) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	if ip != "" {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(ip))
	}
	signer, signerKey := template, any(key)
	if parent == nil {
		template.IsCA, template.BasicConstraintsValid = true, true
	} else {
		signer, signerKey = parent.Leaf, parent.PrivateKey
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer, &key.PublicKey, signerKey)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: der},
		keyFile:  {Type: "PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return &pair
}
