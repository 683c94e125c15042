package scf

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"vodevents/shared/internal/jsonscan"
)

// MaxBody is the most bytes of a request's body, after base64: 6 MB, what SCF
// takes in a synchronous request (583/11637).
const MaxBody = 6 << 20

// OnHTTP serves h behind an HTTP trigger: a function URL (583/96099) or API
// Gateway (583/12513). It never returns an error. An event that is not HTTP is
// answered with statusCode 400 before h sees it, a body over [MaxBody] with
// 413, and a panic of h with 500, each with a JSON object {"error": …}.
func OnHTTP(h http.Handler, around ...Around) Func {
	return func(ctx context.Context, event []byte) ([]byte, error) {
		r, gateway, refused := decode(ctx, event)
		if refused != nil {
			slog.WarnContext(ctx, "trigger event refused", "status", refused.status, "error", refused.text, "bytes", len(event))
			return respond(all(around, refused), r).integrated(gateway)
		}
		return respond(h, r).integrated(gateway)
	}
}

// Around is put around the answer to a request that is refused before the handler
// sees it, to count it. Of the request only the method is known for sure; it is
// empty if a trigger event is no HTTP event.
type Around func(refused http.Handler) http.Handler

func all(around []Around, h http.Handler) http.Handler {
	for _, a := range around {
		h = a(h)
	}
	return h
}

// trigger is what the two HTTP triggers send. A function URL's event is API
// Gateway's without requestContext, isBase64Encoded and a few copies of what is
// here already (583/96099, 583/12513). Both have been seen to stray from their
// documentation, so no member but httpMethod is needed, none has to be of one
// kind, and the case of their names does not matter.
type trigger struct {
	method, path string
	headers      map[string][]string
	query        string // as it would stand in a URL
	body         []byte
	base64       bool
	serviceId    string
	sourceIp     string
}

// refusal is the answer to a request that h must not see.
type refusal struct {
	status int
	text   string
}

func (f *refusal) ServeHTTP(w http.ResponseWriter, _ *http.Request) { Error(w, f.status, f.text) }

// decode reads a trigger event. gateway tells whether it came from API Gateway,
// which wants another answer than a function URL. The request of a refused one has
// only its method.
func decode(ctx context.Context, event []byte) (r *http.Request, gateway bool, refused *refusal) {
	t, ok := readTrigger(event)
	t.method = strings.ToUpper(t.method)
	bare := (&http.Request{Method: t.method, URL: new(url.URL), Header: http.Header{}, Body: http.NoBody}).WithContext(ctx)
	if !ok {
		return bare, false, &refusal{http.StatusBadRequest, "the trigger event is no JSON"}
	}
	gateway = t.serviceId != ""
	if t.method == "" {
		return bare, gateway, &refusal{http.StatusBadRequest, "the trigger event is no HTTP event: it has no httpMethod; invoke this function by its URL"}
	}

	body := t.body
	if t.base64 {
		// Where the flag is wrong the body is plain.
		if decoded, err := base64.StdEncoding.AppendDecode(nil, body); err == nil {
			body = decoded
		}
	}
	if len(body) > MaxBody {
		return bare, gateway, tooLarge
	}

	header := make(http.Header, len(t.headers))
	for _, name := range slices.Sorted(maps.Keys(t.headers)) {
		for _, v := range t.headers[name] {
			header.Add(name, v)
		}
	}

	u := &url.URL{Path: "/" + strings.TrimPrefix(t.path, "/"), RawQuery: t.query}
	if p, err := url.PathUnescape(u.Path); err == nil {
		u.Path, u.RawPath = p, u.Path
	}

	r = &http.Request{
		Method:        t.method,
		URL:           u,
		RequestURI:    u.RequestURI(),
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Host:          header.Get("Host"),
		Body:          newWhole(body),
		ContentLength: int64(len(body)),
	}
	header.Del("Host") // as net/http's server does
	if ip := cmp.Or(header.Get("X-Scf-Remote-Addr"), t.sourceIp); ip != "" {
		r.RemoteAddr = net.JoinHostPort(ip, "0")
	}
	return r.WithContext(ctx), gateway, nil
}

var tooLarge = &refusal{http.StatusRequestEntityTooLarge, "the body is over 6 MB"}

// readTrigger reads a trigger event; ok tells whether it is JSON. A member of the
// wrong kind is as good as absent, and all are where it is no object.
func readTrigger(event []byte) (t trigger, ok bool) {
	s := jsonscan.New(event)
	if s.Space() != '{' {
		return t, s.Value() && s.End()
	}
	ok = members(s, func(name string, value []byte) {
		switch strings.ToLower(name) {
		case "httpmethod":
			t.method = text(value)
		case "path":
			t.path = text(value)
		case "headers":
			t.headers = lists(value)
		case "querystring":
			t.query = query(value)
		case "body":
			t.body = bodyOf(value)
		case "isbase64encoded":
			t.base64 = flag(value)
		case "requestcontext":
			members(jsonscan.New(value), func(name string, value []byte) {
				switch strings.ToLower(name) {
				case "serviceid":
					t.serviceId = text(value)
				case "sourceip":
					t.sourceIp = text(value)
				}
			})
		}
	})
	return t, ok && s.End()
}

// members gives the members of the object that begins where s stands to take.
func members(s *jsonscan.Scanner, take func(name string, value []byte)) bool {
	return s.Members(func(name []byte) bool {
		from := s.Pos()
		if !s.Value() {
			return false
		}
		take(jsonscan.String(name), s.Since(from))
		return true
	})
}

// text is what a JSON string says, and empty for everything else.
func text(value []byte) string {
	if value[0] != '"' {
		return ""
	}
	return jsonscan.String(value)
}

// lists are the values of headers or of a query.
func lists(object []byte) map[string][]string {
	m := make(map[string][]string)
	members(jsonscan.New(object), func(name string, value []byte) { m[name] = values(value) })
	return m
}

// values is a header's or a query key's value: a string, a list of them, true
// for a key without a value, and whatever else, as its JSON text.
func values(value []byte) (list []string) {
	one := func(v []byte) string {
		switch v[0] {
		case '"':
			return string(jsonscan.Unquote(v))
		case 'n', 't': // null, true
			return ""
		}
		return string(v)
	}
	if value[0] != '[' {
		return []string{one(value)}
	}
	jsonscan.New(value).Elements(func(e jsonscan.Text) { list = append(list, one(e.Bytes)) })
	return list
}

// query is the query string as it would stand in a URL, of a string or an object.
func query(value []byte) string {
	switch value[0] {
	case '"':
		return strings.TrimPrefix(string(jsonscan.Unquote(value)), "?")
	case '{':
		return url.Values(lists(value)).Encode()
	}
	return ""
}

// flag is a boolean that may have become a string or a number on its way:
// "True", 1.
func flag(value []byte) bool {
	b, _ := strconv.ParseBool(strings.Trim(string(value), `"`)) // what is none is false
	return b
}

// bodyOf is the bytes of the body: of a string its text, with bytes that are no
// UTF-8 as they are, of any other value that something on the way has parsed
// already its JSON, of null nothing.
func bodyOf(value []byte) []byte {
	switch value[0] {
	case '"':
		return jsonscan.Unquote(value)
	case 'n':
		return nil
	}
	return value
}

// respond gives r to h and returns what it answered, or 500 if it panicked.
func respond(h http.Handler, r *http.Request) (a *answer) {
	a = newAnswer()
	defer func() {
		if v := recover(); v != nil {
			logPanic(r.Context(), v)
			a = newAnswer()
			Error(a, http.StatusInternalServerError, "internal error: see the log of the function")
		}
	}()
	h.ServeHTTP(a, r)
	return a
}

// answer is a ResponseWriter that holds the whole answer in memory. When the
// handler panics, nothing of a half-written answer is sent.
type answer struct {
	header http.Header // the handler's
	sent   http.Header // as it was when the status was written
	status int
	body   bytes.Buffer
}

func newAnswer() *answer { return &answer{header: make(http.Header)} }

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 { // a trigger cannot send 1xx
		a.status, a.sent = status, a.header.Clone()
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

// finish is called once, after the handler.
func (a *answer) finish() {
	a.WriteHeader(http.StatusOK)
	if a.body.Len() > 0 && a.sent.Get("Content-Type") == "" {
		a.sent.Set("Content-Type", http.DetectContentType(a.body.Bytes()))
	}
}

// integrated is the answer in the form that SCF takes from a function. API
// Gateway wants isBase64Encoded (583/12513); function URLs do not document it
// (583/96099). An answer to HEAD has its body here: the HTTP server in front
// drops it.
func (a *answer) integrated(gateway bool) ([]byte, error) {
	a.finish()
	v := struct {
		IsBase64Encoded *bool             `json:"isBase64Encoded,omitempty"`
		StatusCode      int               `json:"statusCode"`
		Headers         map[string]string `json:"headers"`
		Body            string            `json:"body"`
	}{StatusCode: a.status, Headers: make(map[string]string, len(a.sent)), Body: a.body.String()}
	if gateway {
		v.IsBase64Encoded = new(false)
	}
	for name, values := range a.sent {
		v.Headers[name] = strings.Join(values, ", ")
	}
	return json.Marshal(v)
}

// send is the answer on an ordinary connection.
func (a *answer) send(w http.ResponseWriter) {
	a.finish()
	for name, values := range a.sent {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	w.Write(a.body.Bytes())
}

// JSON answers with v as JSON and a line break. It panics when v cannot be
// encoded.
func JSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(b, '\n')) // an error means that the caller has hung up
}

// Error answers with a JSON object {"error": text}.
func Error(w http.ResponseWriter, status int, text string) {
	JSON(w, status, map[string]string{"error": text})
}
