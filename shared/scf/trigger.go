package scf

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxBody is the most bytes of a request's body, after base64: 6 MB, what SCF
// takes in a synchronous request (583/11637).
const MaxBody = 6 << 20

// trigger is what the two HTTP triggers send. A function URL's event is API
// Gateway's without requestContext, isBase64Encoded and a few copies of what is
// here already (583/96099, 583/12513). Both have been seen to stray from their
// documentation, so no member but httpMethod is needed and none has to be of
// one kind.
type trigger struct {
	HTTPMethod      string            `json:"httpMethod"`
	Path            string            `json:"path"`
	Headers         map[string]values `json:"headers"`
	QueryString     query             `json:"queryString"`
	Body            body              `json:"body"`
	IsBase64Encoded flag              `json:"isBase64Encoded"`
	RequestContext  struct {
		ServiceID string `json:"serviceId"`
		SourceIP  string `json:"sourceIp"`
	} `json:"requestContext"`
}

// refusal is the answer to an event that h must not see.
type refusal struct {
	status int
	text   string
}

// decode reads a trigger event. gateway tells whether it came from API Gateway,
// which wants another answer than a function URL.
func decode(ctx context.Context, event []byte) (r *http.Request, gateway bool, refused *refusal) {
	var t trigger
	// A member of the wrong kind is as good as absent; json goes on behind it.
	var kind *json.UnmarshalTypeError
	if err := json.Unmarshal(event, &t); err != nil && !errors.As(err, &kind) {
		return nil, false, &refusal{http.StatusBadRequest, "the trigger event is no JSON: " + err.Error()}
	}
	gateway = t.RequestContext.ServiceID != ""
	if t.HTTPMethod == "" {
		return nil, gateway, &refusal{http.StatusBadRequest, "the trigger event is no HTTP event: it has no httpMethod; invoke this function by its URL"}
	}

	body := []byte(t.Body)
	if t.IsBase64Encoded {
		n, err := base64.StdEncoding.Decode(body, body)
		if err != nil {
			return nil, gateway, &refusal{http.StatusBadRequest, "isBase64Encoded is true, but the body is not base64: " + err.Error()}
		}
		body = body[:n]
	}
	if len(body) > MaxBody {
		return nil, gateway, tooLarge
	}

	header := make(http.Header, len(t.Headers))
	for _, name := range slices.Sorted(maps.Keys(t.Headers)) {
		for _, v := range t.Headers[name] {
			header.Add(name, v)
		}
	}

	u := &url.URL{Path: "/" + strings.TrimPrefix(t.Path, "/"), RawQuery: string(t.QueryString)}
	if p, err := url.PathUnescape(u.Path); err == nil {
		u.Path, u.RawPath = p, u.Path
	}

	r = &http.Request{
		Method:        strings.ToUpper(t.HTTPMethod),
		URL:           u,
		RequestURI:    u.RequestURI(),
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Host:          header.Get("Host"),
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
	}
	header.Del("Host") // as net/http's server does
	if ip := cmp.Or(header.Get("X-Scf-Remote-Addr"), t.RequestContext.SourceIP); ip != "" {
		r.RemoteAddr = net.JoinHostPort(ip, "0")
	}
	return r.WithContext(ctx), gateway, nil
}

var tooLarge = &refusal{http.StatusRequestEntityTooLarge, "the body is over 6 MB"}

// values is a header's or a query key's value: a string, a list of them, true
// for a key without a value, and whatever else, as its JSON text.
type values []string

func (v *values) UnmarshalJSON(data []byte) error {
	list := []json.RawMessage{data}
	if data[0] == '[' {
		list = nil
		if err := json.Unmarshal(data, &list); err != nil {
			return err
		}
	}
	*v = make(values, len(list))
	for i, e := range list {
		switch e[0] {
		case '"':
			(*v)[i] = string(unquote(e))
		case 'n', 't': // null, true
		default:
			(*v)[i] = string(e)
		}
	}
	return nil
}

// query is the query string as it would stand in a URL.
type query string

func (q *query) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case '"':
		*q = query(strings.TrimPrefix(string(unquote(data)), "?"))
	case '{':
		var m map[string]values
		if err := json.Unmarshal(data, &m); err != nil {
			return err
		}
		u := make(url.Values, len(m))
		for k, v := range m {
			u[k] = v
		}
		*q = query(u.Encode())
	}
	return nil
}

// flag is a boolean that may have become a string or a number on its way:
// "True", 1.
type flag bool

func (f *flag) UnmarshalJSON(data []byte) error {
	b, _ := strconv.ParseBool(strings.Trim(string(data), `"`)) // what is none is false
	*f = flag(b)
	return nil
}

// body is the bytes of the body: of a string its text, of any other value that
// something on the way has parsed already its JSON, of null nothing.
type body []byte

func (b *body) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case '"':
		*b = unquote(data)
	case 'n':
		*b = nil
	default:
		*b = bytes.Clone(data)
	}
	return nil
}

// unquote decodes a valid JSON string, keeping its bytes. encoding/json makes
// U+FFFD of bytes that are not UTF-8 and of half a surrogate pair, which would
// pass off a broken body as a sound one. Here such bytes stay as they are, and
// half a pair becomes the three bytes that UTF-8 would give it and does not
// allow, so the handler sees that the body is bad.
func unquote(lit []byte) []byte {
	s := lit[1 : len(lit)-1]
	out := make([]byte, 0, len(s))
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(out, s...)
		}
		out = append(out, s[:i]...)
		c := s[i+1]
		s = s[i+2:]
		switch c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r := hex4(s)
			s = s[4:]
			if len(s) >= 6 && s[0] == '\\' && s[1] == 'u' {
				if pair := utf16.DecodeRune(r, hex4(s[2:])); pair != utf8.RuneError {
					r, s = pair, s[6:]
				}
			}
			if utf16.IsSurrogate(r) {
				out = append(out, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
			} else {
				out = utf8.AppendRune(out, r)
			}
		default: // " \ /
			out = append(out, c)
		}
	}
}

// hex4 reads the four hex digits of a \u escape in valid JSON.
func hex4(s []byte) rune {
	n, _ := strconv.ParseUint(string(s[:4]), 16, 16)
	return rune(n)
}
