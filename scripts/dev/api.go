package main

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	mathrand "math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

//go:embed page
var page embed.FS

// maxSend is how many events one call of the API makes at most.
const maxSend = 10_000

// routes are all that is served on -addr. taken are the own values of Host.
func (d *dev) routes(taken map[string]bool) http.Handler {
	api := http.NewServeMux()
	for pattern, h := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /api/events":              d.getEvents,
		"POST /api/events":             d.postEvents,
		"GET /api/events/{id}":         d.getEvent,
		"POST /api/events/{id}/resend": d.postResend,
		"GET /api/kinds":               d.getKinds,
		"GET /api/kinds/{type}":        d.getKind,
		"GET /api/config":              d.getConfig,
		"PUT /api/config":              d.putConfig,
		"GET /api/faults":              d.getFaults,
		"PUT /api/faults":              d.putFaults,
		"POST /api/clock":              d.postClock,
		"POST /api/timer":              d.postTimer,
		"GET /api/figures":             d.getFigures,
		"GET /api/stream":              d.stream,
	} {
		api.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			if err := h(w, r); err != nil {
				var p *problem
				if !errors.As(err, &p) {
					p = problemf(http.StatusInternalServerError, "%v", err)
				}
				p.send(w)
			}
		})
	}
	const unknown = "/api/"
	api.HandleFunc(unknown, func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := api.Handler(other); pattern != unknown {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) > 0 {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			problemf(http.StatusMethodNotAllowed, "%s takes %s", r.URL.Path, strings.Join(allowed, " and ")).send(w)
			return
		}
		problemf(http.StatusNotFound, "the API has no %s: the page at %s/ tells what it has", r.URL.Path, d.base).send(w)
	})

	mux := http.NewServeMux()
	mux.Handle("/api/", onlyJSON(api))
	mux.HandleFunc("/callback", d.serveCallback)
	mux.HandleFunc("/callback/", d.serveCallback)
	if !d.opt.headless {
		files, err := fs.Sub(page, "page")
		if err != nil {
			panic(err) // the name is right
		}
		served := http.FileServerFS(files)
		mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet && r.Method != http.MethodHead {
				w.Header().Set("Allow", "GET, HEAD")
				problemf(http.StatusMethodNotAllowed, "events are posted to /callback and /api/events").send(w)
				return
			}
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:")
			served.ServeHTTP(w, r)
		})
	}
	return ownHost(taken, ownOrigin(taken, mux))
}

func reply(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // who has gone is not told
	return nil
}

func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, problemf(http.StatusRequestEntityTooLarge, "the body is over 6 MB, the most that SCF takes")
	case err != nil:
		return nil, problemf(http.StatusBadRequest, "the body did not arrive whole: %v", err)
	}
	return body, nil
}

// read decodes a body into v; an empty one leaves it as it is.
func read(r *http.Request, v any) error {
	body, err := readBody(r)
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	err = dec.Decode(v)
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind): // whose own text is about Go
		return problemf(http.StatusBadRequest, "the body is not what is expected here: %s cannot be of kind %s", cmp.Or(kind.Field, "it"), kind.Value)
	case err != nil:
		return problemf(http.StatusBadRequest, "the body is not what is expected here: %v", err)
	}
	return nil
}

func (d *dev) getEvents(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := filter{types: q["type"], states: q["state"], mode: q.Get("mode"), text: q.Get("q"), before: q.Get("before"), limit: 100}
	if l := q.Get("limit"); l != "" {
		n, err := strconv.Atoi(l)
		if err != nil || n < 1 || n > maxRecords {
			return problemf(http.StatusBadRequest, "limit=%s: give 1 to %d", l, maxRecords)
		}
		f.limit = n
	}
	if f.mode != "" && f.mode != string(event.Normal) && f.mode != string(event.Reliable) {
		return problemf(http.StatusBadRequest, "mode=%s: give normal or reliable", f.mode)
	}
	if f.before != "" && !d.store.known(f.before) {
		return problemf(http.StatusBadRequest, "before=%s: there is no such event, or no more", f.before)
	}
	events, matched := d.store.list(f)
	return reply(w, http.StatusOK, map[string]any{"events": events, "matched": matched, "more": matched > len(events)})
}

func (d *dev) find(r *http.Request) (detail, error) {
	e, ok := d.store.find(r.PathValue("id"))
	if !ok {
		return e, problemf(http.StatusNotFound, "there is no event %q, or no more: the last %d are kept", r.PathValue("id"), maxRecords)
	}
	return e, nil
}

func (d *dev) getEvent(w http.ResponseWriter, r *http.Request) error {
	e, err := d.find(r)
	if err != nil {
		return err
	}
	e.Curl = d.curl(e.Mode, e.Body)
	return reply(w, http.StatusOK, e)
}

// curl is the command that sends an event again.
func (d *dev) curl(mode event.Mode, body string) string {
	if mode == event.Reliable && d.standIn != nil {
		return fmt.Sprintf("curl -H 'Content-Type: application/json' -d %s '%s/api/events?mode=reliable'", quoted(body), d.base)
	}
	return fmt.Sprintf("curl -d %s %s/callback", quoted(string(d.signed([]byte(body)))), d.base)
}

// quoted is a word of the shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// signed signs a callback's body, if callbacks are signed.
func (d *dev) signed(body []byte) []byte {
	if keys := d.signKeys(); len(keys) > 0 {
		return event.Sign(body, keys[0], time.Now().Add(10*time.Minute)) // VOD's own are good for as long
	}
	return body
}

func (d *dev) postEvents(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(r)
	if err != nil {
		return err
	}
	next := func() ([]byte, error) { return body, nil }
	if name := r.URL.Query().Get("kind"); name != "" {
		var overrides any
		if len(bytes.TrimSpace(body)) > 0 {
			overrides = json.RawMessage(body)
		}
		next = func() ([]byte, error) {
			made, err := vodfake.Make(mathrand.Uint64(), time.Now(), name, overrides)
			if err != nil {
				return nil, problemf(http.StatusBadRequest, "%v", err)
			}
			return made, nil
		}
	} else if body, err = bare(body); err != nil {
		return err
	}
	return d.send(w, r, event.Mode(r.URL.Query().Get("mode")), "", next)
}

func (d *dev) postResend(w http.ResponseWriter, r *http.Request) error {
	e, err := d.find(r)
	if err != nil {
		return err
	}
	body, err := readBody(r)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte(e.Body)
	}
	if body, err = bare(body); err != nil {
		return err
	}
	mode := e.Mode
	if m := r.URL.Query().Get("mode"); m != "" {
		mode = event.Mode(m)
	}
	return d.send(w, r, mode, e.ID, func() ([]byte, error) { return body, nil })
}

// bare is an event as VOD has it before it tells it: without handle and
// signature.
func bare(body []byte) ([]byte, error) {
	if !json.Valid(body) || bytes.TrimSpace(body)[0] != '{' {
		return nil, problemf(http.StatusBadRequest, "the body is no JSON object: send the event as VOD would, or name a kind with ?kind=NewFileUpload")
	}
	if e, _ := event.Parse(body, event.Origin{}); e.Handle != "" || e.Sign != "" {
		return e.AppendData(nil), nil
	}
	return body, nil
}

// send gives VOD one or more events and answers with their ids.
func (d *dev) send(w http.ResponseWriter, r *http.Request, mode event.Mode, resendOf string, next func() ([]byte, error)) error {
	if mode != "" && mode != event.Normal && mode != event.Reliable {
		return problemf(http.StatusBadRequest, "mode=%s: give normal or reliable", mode)
	}
	n := 1
	if text := r.URL.Query().Get("n"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 || n > maxSend {
			return problemf(http.StatusBadRequest, "n=%s: give 1 to %d", text, maxSend)
		}
	}
	ids := make([]string, 0, n)
	for range n {
		body, err := next()
		if err != nil {
			return err
		}
		var id string
		switch {
		case d.standIn != nil:
			id, err = d.standIn.send(mode, body, resendOf)
		case mode == event.Reliable:
			err = problemf(http.StatusConflict, "with -real the queue is VOD's own: send it with mode=normal")
		default:
			id, err = d.push(r.Context(), body, resendOf)
		}
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	d.inbox.sync(d.done)
	return reply(w, http.StatusAccepted, map[string]any{"count": n, "ids": ids})
}

// push sends a callback without VOD, for -real.
func (d *dev) push(ctx context.Context, body []byte, resendOf string) (id string, err error) {
	body = d.signed(body)
	r, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodPost, d.base+"/callback", nil)
	if err != nil {
		return "", err
	}
	id = d.arrived(r, body, resendOf)
	go func() {
		a, err := d.request(r, body)
		d.left(id, a, err)
	}()
	return id, nil
}

// serveCallback gives a request to the function callback.
func (d *dev) serveCallback(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	var id string
	var a *answer
	if err == nil {
		id = d.arrived(r, body, "")
		a, err = d.request(r, body)
		d.left(id, a, err)
		if id != "" {
			d.inbox.sync(d.done) // so that it is in the list when the answer is here
		}
	}
	if err != nil {
		var p *problem
		if !errors.As(err, &p) {
			p = problemf(http.StatusBadGateway, "%v", err)
		}
		p.send(w)
		return
	}
	a.send(w)
}

// arrived takes note of a callback that did not come from the stand-in, if it
// is an event.
func (d *dev) arrived(r *http.Request, body []byte, resendOf string) (id string) {
	e, err := event.Parse(body, event.Origin{Mode: event.Normal})
	if r.Method != http.MethodPost || err != nil {
		return ""
	}
	if e.Sign != "" || e.Handle != "" {
		body = e.AppendData(nil)
	}
	at := time.Now()
	id = fmt.Sprintf("c%d", d.posted.Add(1))
	d.inbox.put(func() {
		record := newRecord(id, event.Normal, body, at)
		record.resendOf = resendOf
		d.store.add(record)
		d.store.change(vodfake.Change{ID: id, State: vodfake.Sent, Delivery: 1}, at)
	})
	return id
}

// left takes note of what became of it.
func (d *dev) left(id string, a *answer, err error) {
	at := time.Now()
	c := vodfake.Change{ID: id, State: vodfake.Failed}
	if err != nil {
		c.Err = err.Error()
	} else {
		c.State, c.Status, c.Err = vodfake.Answered, a.StatusCode, a.err()
	}
	d.inbox.put(func() { d.store.change(c, at) })
}

func (d *dev) getKinds(w http.ResponseWriter, _ *http.Request) error {
	kinds := make([]kind, 0, len(event.Kinds))
	for _, k := range event.Kinds {
		made, err := sampleOf(k)
		if err != nil {
			return err
		}
		kinds = append(kinds, made)
	}
	return reply(w, http.StatusOK, map[string]any{"kinds": kinds})
}

func (d *dev) getKind(w http.ResponseWriter, r *http.Request) error {
	i := slices.IndexFunc(event.Kinds, func(k event.Kind) bool { return k.Type == r.PathValue("type") })
	if i < 0 {
		return problemf(http.StatusNotFound, "there is no kind %q: GET /api/kinds lists them", r.PathValue("type"))
	}
	made, err := sampleOf(event.Kinds[i])
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, made)
}

func indent(body []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, body, "", "  ") != nil {
		return string(body)
	}
	return b.String()
}
