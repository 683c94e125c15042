package cos

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"vodevents/shared/credentials"
	"vodevents/shared/internal/endpoint"
	"vodevents/shared/internal/keepalive"
	"vodevents/shared/internal/safeurl"
)

// bucket is a parsed URL: a bucket, a prefix in it, and how to reach it.
type bucket struct {
	name   string // what messages show of the URL
	base   string // scheme and host
	path   string // what stands in a request's path before the key, with / at both ends
	prefix string // of the keys: empty, or with / at its end
	region string
	static keys // of the URL; empty: those of the environment

	getenv    func(string) string
	now       func() time.Time
	transport *keepalive.Transport
	roundTrip func(*http.Request) (*http.Response, error) // transport's, but in tests
}

// nameRE matches the names that S3 and COS allow for a bucket, and for a region. It is
// compiled on first use.
var nameRE = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,62}$`) })

// parseURL reads cos://[ID:KEY@]BUCKET[/PREFIX]?region=…; the package comment
// lists the parameters.
func parseURL(u *url.URL) (*bucket, error) {
	b := &bucket{name: strings.TrimSuffix(safeurl.Show(u.String()), ":"), getenv: os.Getenv, now: time.Now}
	if safeurl.HasLateAt(u.String()) || u.Fragment != "" {
		return nil, fmt.Errorf("cos: %w", safeurl.ErrNotURL)
	}
	fail := func(format string, args ...any) (*bucket, error) {
		return nil, fmt.Errorf("%s: %s", b.name, fmt.Sprintf(format, args...))
	}
	query, err := parameters(u.RawQuery)
	if err != nil {
		return fail("%v", err)
	}
	b.region = query["region"]
	switch {
	case !nameRE().MatchString(u.Host):
		return fail("write the bucket with its appid, as in cos://archive-1250000000/vod?region=ap-guangzhou")
	case b.region == "":
		return fail("region is missing; write the bucket's, such as region=ap-guangzhou")
	case !nameRE().MatchString(b.region):
		return fail("region must be one such as ap-guangzhou")
	}
	if u.User != nil {
		b.static.id = u.User.Username()
		b.static.secret, _ = u.User.Password()
		if b.static.id == "" || b.static.secret == "" {
			return fail("the id and the key are both needed, as in cos://SECRET_ID:SECRET_KEY@bucket; without both the sink takes those of the environment")
		}
	}
	if b.prefix = strings.Trim(u.Path, "/"); b.prefix != "" {
		b.prefix += "/"
	}
	if !isPrefix(b.prefix) {
		return fail("the prefix has over 700 bytes, an empty part, . or .., a control character, or is not UTF-8")
	}
	if err := b.locate(u.Host, query["endpoint"], query["style"]); err != nil {
		return fail("%v", err)
	}
	b.transport = keepalive.NewTransport(inFlight, dialTime)
	b.roundTrip = b.transport.RoundTrip // a client would follow redirects, with a wrong signature
	return b, nil
}

// isPrefix tells whether keys may begin with this. COS takes keys of 850 bytes.
func isPrefix(prefix string) bool {
	parts := "/" + prefix
	return len(prefix) <= 700 && utf8.ValidString(prefix) && strings.IndexFunc(prefix, unicode.IsControl) < 0 &&
		!strings.Contains(parts, "//") && !strings.Contains(parts, "/./") && !strings.Contains(parts, "/../")
}

// parameters reads the query: only what is known, and each once.
func parameters(raw string) (map[string]string, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, errors.New("the parameters are badly percent-encoded")
	}
	known := map[string]string{}
	for name, values := range query {
		switch {
		case name != "region" && name != "endpoint" && name != "style":
			return nil, errors.New("has a parameter other than region, endpoint and style")
		case len(values) > 1:
			return nil, fmt.Errorf("the parameter %s is given twice", name)
		}
		known[name] = values[0]
	}
	return known, nil
}

// locate says where the bucket is: by COS's own name for it, or at an endpoint.
func (b *bucket) locate(bucket, address, style string) error {
	scheme, host := "https", "cos."+b.region+".myqcloud.com"
	if address != "" {
		var err error
		if scheme, host, err = endpoint.Parse(address); err != nil || !strings.Contains(address, "://") {
			return errors.New("endpoint must be http:// or https:// and a host in ASCII, nothing else")
		}
		if style == "" {
			style = "path"
		}
	}
	switch style {
	case "", "host":
		if u := (url.URL{Host: host}); net.ParseIP(u.Hostname()) != nil {
			return errors.New("style=host needs an endpoint with a name, not an IP address")
		}
		b.base, b.path = scheme+"://"+bucket+"."+host, "/"
	case "path":
		b.base, b.path = scheme+"://"+host, "/"+bucket+"/"
	default:
		return errors.New("style must be host or path")
	}
	return nil
}

// key is the key of an object: by the day of receipt and the id of its event.
func (b *bucket) key(received time.Time, id string) string {
	return b.dayPrefix(received) + id + ".json"
}

// dayLayout is the part of a key that says the day.
const dayLayout = "2006/01/02/"

func (b *bucket) dayPrefix(day time.Time) string { return b.prefix + day.UTC().Format(dayLayout) }

// keys finds the keys to sign with. Those of the environment are looked up each
// time: SCF gives a role new ones (583/32748).
func (b *bucket) keys() (keys, error) {
	if b.static.id != "" {
		return b.static, nil
	}
	onSCF := b.getenv("_LAMBDA_SERVER_PORT") != ""
	c, err := credentials.Find(b.getenv, onSCF)
	if err != nil {
		return keys{}, fmt.Errorf("there are no keys for COS: give the function a role that may name/cos:PutObject, or write them into the URL (the environment: %w)", err)
	}
	return keys{c.SecretId, c.SecretKey, c.Token}, nil
}
