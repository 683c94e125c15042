package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"

	"vodevents/scripts/dev/journal"
	"vodevents/scripts/dev/standin"
	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// maxSend is how many events one call of the API makes at most.
const maxSend = 10_000

func (a *API) getEvents(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	mode, err := modeOf(q.Get("mode"))
	if err != nil {
		return err
	}
	f := journal.Filter{Types: q["type"], States: q["state"], Mode: mode, Text: q.Get("q"), Before: q.Get("before"), Limit: 100}
	if l := q.Get("limit"); l != "" {
		n, err := strconv.Atoi(l)
		if err != nil || n < 1 || n > journal.MaxEvents {
			return problemf(http.StatusBadRequest, "limit=%s: give 1 to %d", l, journal.MaxEvents)
		}
		f.Limit = n
	}
	if f.Before != "" && !a.Journal.Known(f.Before) {
		return problemf(http.StatusBadRequest, "before=%s: there is no such event, or no more", f.Before)
	}
	events, matched := a.Journal.List(f)
	return reply(w, http.StatusOK, map[string]any{"events": events, "matched": matched, "more": matched > len(events)})
}

func modeOf(text string) (event.Mode, error) {
	switch mode := event.Mode(text); mode {
	case "", event.Normal, event.Reliable:
		return mode, nil
	}
	return "", problemf(http.StatusBadRequest, "mode=%s: give normal or reliable", text)
}

func (a *API) find(r *http.Request) (journal.Detail, error) {
	e, ok := a.Journal.Find(r.PathValue("id"))
	if !ok {
		return e, problemf(http.StatusNotFound, "there is no event %q, or no more: the last %d are kept", r.PathValue("id"), journal.MaxEvents)
	}
	return e, nil
}

func (a *API) getEvent(w http.ResponseWriter, r *http.Request) error {
	e, err := a.find(r)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, struct {
		journal.Detail
		Curl string `json:"curl"`
	}{e, a.curl(e.Mode, e.Body)})
}

func (a *API) postEvents(w http.ResponseWriter, r *http.Request) error {
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
	return a.send(w, r, event.Mode(r.URL.Query().Get("mode")), "", next)
}

func (a *API) postResend(w http.ResponseWriter, r *http.Request) error {
	e, err := a.find(r)
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
	return a.send(w, r, mode, e.ID, func() ([]byte, error) { return body, nil })
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
func (a *API) send(w http.ResponseWriter, r *http.Request, mode event.Mode, resendOf string, next func() ([]byte, error)) error {
	if _, err := modeOf(string(mode)); err != nil {
		return err
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
		id, err := a.sendOne(r, mode, body, resendOf)
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	a.Journal.Sync()
	return reply(w, http.StatusAccepted, map[string]any{"count": n, "ids": ids})
}

func (a *API) sendOne(r *http.Request, mode event.Mode, body []byte, resendOf string) (id string, err error) {
	switch {
	case a.StandIn == nil && mode == event.Reliable:
		return "", problemf(http.StatusConflict, "with -real the queue is VOD's own: send it with mode=normal")
	case a.StandIn == nil:
		return a.push(r.Context(), body, resendOf)
	}
	id, err = a.StandIn.Send(mode, body, resendOf)
	switch {
	case errors.Is(err, standin.ErrSwitchedOff):
		return "", problemf(http.StatusConflict, "%v", err)
	case errors.Is(err, standin.ErrStopped):
		return "", problemf(http.StatusServiceUnavailable, "%v", err)
	}
	return id, err
}

// kind is one of the kinds of events, with a sample.
type kind struct {
	Type  string `json:"type"`
	Field string `json:"field"`
	Body  string `json:"body"`
}

// sampleOf makes up an event of a kind.
func sampleOf(k event.Kind) (kind, error) {
	body, err := vodfake.Make(mathrand.Uint64(), time.Now(), k.Type, nil)
	if err != nil {
		return kind{}, fmt.Errorf("making a %s: %w", k.Type, err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", "  "); err != nil {
		return kind{}, fmt.Errorf("making a %s: %w", k.Type, err)
	}
	return kind{k.Type, k.Field, b.String()}, nil
}

func (a *API) getKinds(w http.ResponseWriter, _ *http.Request) error {
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

func (a *API) getKind(w http.ResponseWriter, r *http.Request) error {
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
