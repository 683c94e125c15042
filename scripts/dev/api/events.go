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
	next := func() ([][]byte, error) { return [][]byte{body}, nil }
	if name := r.URL.Query().Get("kind"); name != "" {
		var overrides any
		if len(bytes.TrimSpace(body)) > 0 {
			overrides = json.RawMessage(body)
		}
		next = func() ([][]byte, error) {
			made, err := vodfake.MakeAll(mathrand.Uint64(), time.Now(), name, overrides)
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
	return a.send(w, r, mode, e.ID, func() ([][]byte, error) { return [][]byte{body}, nil })
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

// send gives VOD one or more times the events that next makes, and answers with
// their ids.
func (a *API) send(w http.ResponseWriter, r *http.Request, mode event.Mode, resendOf string, next func() ([][]byte, error)) error {
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
		bodies, err := next()
		if err != nil {
			return err
		}
		for _, body := range bodies {
			id, err := a.sendOne(r, mode, body, resendOf)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
	}
	a.Journal.Sync()
	return reply(w, http.StatusAccepted, map[string]any{"count": len(ids), "ids": ids})
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

// kind is one of the kinds of events, or of their makings, with a sample.
type kind struct {
	Type   string `json:"type"` // for ?kind=: NewFileUpload, FileDeleted/parts
	Field  string `json:"field"`
	Text   string `json:"text,omitempty"` // of a making: how it differs
	Body   string `json:"body"`           // the last event
	Events int    `json:"events"`         // that it makes
}

// kinds are all that can be made, without a sample: each making behind its kind.
func kinds() (all []kind) {
	for _, k := range event.Kinds {
		all = append(all, kind{Type: k.Type, Field: k.Field})
		for _, m := range vodfake.Makings {
			if m.EventType() == k.Type {
				all = append(all, kind{Type: m.Kind, Field: k.Field, Text: m.Description})
			}
		}
	}
	return all
}

// make makes up a sample.
func (k *kind) make() error {
	bodies, err := vodfake.MakeAll(mathrand.Uint64(), time.Now(), k.Type, nil)
	if err != nil {
		return fmt.Errorf("making a %s: %w", k.Type, err)
	}
	k.Events = len(bodies)
	var b bytes.Buffer
	if err := json.Indent(&b, bodies[len(bodies)-1], "", "  "); err != nil {
		return fmt.Errorf("making a %s: %w", k.Type, err)
	}
	k.Body = b.String()
	return nil
}

func (a *API) getKinds(w http.ResponseWriter, _ *http.Request) error {
	all := kinds()
	for i := range all {
		if err := all[i].make(); err != nil {
			return err
		}
	}
	return reply(w, http.StatusOK, map[string]any{"kinds": all})
}

func (a *API) getKind(w http.ResponseWriter, r *http.Request) error {
	all := kinds()
	i := slices.IndexFunc(all, func(k kind) bool { return k.Type == r.PathValue("type") })
	if i < 0 {
		return problemf(http.StatusNotFound, "there is no kind %q: GET /api/kinds lists them", r.PathValue("type"))
	}
	if err := all[i].make(); err != nil {
		return err
	}
	return reply(w, http.StatusOK, all[i])
}
