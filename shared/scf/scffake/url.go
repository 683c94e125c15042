package scffake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"vodevents/shared/scf/local"
)

// urlSuffix ends the host of a function URL (583/96099).
const urlSuffix = ".tencentscf.com"

// functionURL is one function URL.
type functionURL struct {
	t      *trigger
	text   string
	host   string
	server *http.Server // nil: reached through Transport alone
}

// newURL makes the URL of an http trigger.
func (s *Server) newURL(t *trigger) (*functionURL, error) {
	u := &functionURL{t: t}
	if s.listener != nil && !s.opt.PublicURLs {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("the stand-in cannot listen: %w", err)
		}
		u.host = l.Addr().String()
		u.text = "http://" + u.host
		u.server = &http.Server{
			ErrorLog: log.New(discard{}, "", 0),
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				// Read one byte more than SCF accepts, to see whether the body is too large.
				body, err := io.ReadAll(io.LimitReader(r.Body, MaxEvent+1))
				if err != nil {
					return // the client is gone
				}
				s.serveURL(r, u.host, body).send(w)
			}),
		}
		go u.server.Serve(l) // until close
	} else {
		key := t.f.region + "/" + t.f.name + "/" + t.qualifier
		id := s.oldURLs[key]
		if id == "" || !s.opt.KeepURL {
			id = s.letters(10)
			s.oldURLs[key] = id
		}
		u.host = AppId + "-" + id + "." + t.f.region + urlSuffix
		u.text = "https://" + u.host
	}
	s.urls[u.host] = u
	return u, nil
}

func (s *Server) letters(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + s.rand.IntN(26))
	}
	return string(b)
}

// dropURL closes the URL of a trigger that is removed.
func (s *Server) dropURL(t *trigger) {
	if t.url == nil {
		return
	}
	delete(s.urls, t.url.host)
	s.work.Go(t.url.close)
}

func (u *functionURL) close() {
	if u.server != nil {
		u.server.Close()
	}
}

// urlAnswer is what the client of a function URL gets.
type urlAnswer struct {
	StatusCode int            `json:"statusCode"`
	Headers    map[string]any `json:"headers"` // each a string or a list
	Body       string         `json:"body"`
}

// serveURL makes an event of a request, gives it to the function and makes an
// answer of the result (583/96099).
func (s *Server) serveURL(r *http.Request, host string, body []byte) *urlAnswer {
	s.mu.Lock()
	u := s.urls[host]
	var f *function
	open, auth := false, ""
	if u != nil {
		f = u.t.f
		open, auth = u.t.open && *u.t.http.NetConfig.EnableExtranet, u.t.http.AuthType
	}
	s.mu.Unlock()
	// SCF's own statuses for these refusals are not known.
	switch {
	case u == nil || !open:
		return refusal(http.StatusNotFound, "there is no such function URL, or it is closed")
	case auth == "CAM":
		return refusal(http.StatusUnauthorized, "the function URL takes signed requests only; the stand-in takes none")
	case len(body) > MaxEvent:
		return refusal(http.StatusRequestEntityTooLarge, "the request may have 6 MB")
	}
	if r.Host == "" {
		r = r.Clone(r.Context())
		r.Host = host
	}
	done := s.call(r.Context(), s.newRun(f.place), f.place, local.HTTPEvent(r, body))
	if done.err != nil {
		return refusal(http.StatusInternalServerError, done.message())
	}
	return answerOf(done.payload)
}

func refusal(status int, text string) *urlAnswer {
	b, _ := json.Marshal(map[string]any{"errorCode": -1, "errorMessage": text}) // a number and a string
	return &urlAnswer{status, map[string]any{"Content-Type": "application/json"}, string(b)}
}

// answerOf reads a function's result: with statusCode it is the answer; other
// JSON is sent with status 200, a string as its text.
func answerOf(payload []byte) *urlAnswer {
	a := new(urlAnswer)
	if err := json.Unmarshal(payload, a); err == nil && a.StatusCode >= 100 && a.StatusCode <= 999 {
		return a
	}
	a = &urlAnswer{StatusCode: http.StatusOK, Headers: map[string]any{"Content-Type": "application/json"}, Body: string(payload)}
	var text string
	if json.Unmarshal(payload, &text) == nil {
		a.Body = text
		a.Headers["Content-Type"] = "text/plain; charset=utf-8"
	}
	return a
}

func (a *urlAnswer) header() http.Header {
	h := http.Header{}
	for name, value := range a.Headers {
		switch v := value.(type) {
		case string:
			h.Set(name, v)
		case []any:
			for _, v := range v {
				h.Add(name, fmt.Sprint(v))
			}
		}
	}
	return h
}

func (a *urlAnswer) send(w http.ResponseWriter) {
	for name, values := range a.header() {
		w.Header()[name] = values
	}
	w.WriteHeader(a.StatusCode)
	io.WriteString(w, a.Body) // an error means that the client is gone
}

func (a *urlAnswer) response(r *http.Request) *http.Response {
	return &http.Response{
		Status:     fmt.Sprintf("%d %s", a.StatusCode, http.StatusText(a.StatusCode)),
		StatusCode: a.StatusCode,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        a.header(),
		Body:          io.NopCloser(bytes.NewReader([]byte(a.Body))),
		ContentLength: int64(len(a.Body)),
		Request:       r,
	}
}

// FireTimer fires a timer trigger of a function (583/9708) and waits for the
// result of the run, or for its error. It does not wait for the cron's time. It
// fires once: the retries of a failed run are not simulated. If the function failed,
// the error wraps [*local.Error].
func (s *Server) FireTimer(region, function, trigger string) ([]byte, error) {
	s.mu.Lock()
	at := place{region, function}
	f := s.functions[at]
	found, open, message := false, false, ""
	if f != nil {
		for _, t := range f.triggers {
			if t.kind == "timer" && t.name == trigger {
				found, open, message = true, t.open, t.argument
			}
		}
	}
	now := s.now()
	s.mu.Unlock()
	switch {
	case !found:
		return nil, fmt.Errorf("scffake: the function %s has no timer %s", function, trigger)
	case !open:
		return nil, fmt.Errorf("scffake: the timer %s of the function %s is closed", trigger, function)
	}
	event, _ := json.Marshal(struct{ Type, TriggerName, Time, Message string }{"Timer", trigger, now.UTC().Format(time.RFC3339), message}) // four strings
	done := s.call(s.running, s.newRun(at), at, event)
	return done.payload, done.err
}
