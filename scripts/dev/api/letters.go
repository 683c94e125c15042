package api

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"vodevents/scripts/dev/letters"
	"vodevents/shared/deliver"
	"vodevents/shared/sink/stored"
)

// Desk is where dead letters are dealt with.
type Desk struct {
	*letters.Letters        // nil: they are elsewhere
	Elsewhere        string // where they are, for people

	// Waiting returns how many there are; nil: counting them costs something.
	Waiting func() int

	// To returns where events go that are delivered again, without secrets; empty: SINK
	// is not set.
	To func() string
}

// reasons are why events are parked, in words for people.
var reasons = []choice{
	{deliver.ReasonPermanent, "permanent", "The handler or a sink refused it for good."},
	{deliver.ReasonAttempts, "attempts", "It failed MAX_ATTEMPTS times, through its own fault."},
	{deliver.ReasonUnparsed, "unparsed", "It is no event."},
	{deliver.ReasonDeadline, "deadline", "The callback's time ran out while a sink or the handler failed."},
	{deliver.ReasonClaimed, "claimed", "Another delivery of it was under way until the callback's time ran out."},
	{deliver.ReasonRefuted, "refuted", "VOD, when asked, said that the callback is false."},
	{deliver.ReasonUnverified, "unverified", "VOD could not be asked before the callback's time ran out."},
	{deliver.ReasonConfiguration, "configuration", "A variable had a bad value."},
}

// letter is a dead letter in a list.
type letter struct {
	ID         string    `json:"id"`
	Type       string    `json:"type"`
	Subject    string    `json:"subject,omitempty"`
	Source     string    `json:"source"`
	Mode       string    `json:"mode"`
	Received   time.Time `json:"received"`
	Reason     string    `json:"reason"`
	Attempts   int       `json:"attempts"`
	FirstError string    `json:"firstError,omitempty"`
	LastError  string    `json:"lastError,omitempty"`
	Busy       bool      `json:"busy,omitempty"` // somebody is working on it
}

func (a *API) letter(r stored.Row) letter {
	l := letter{ID: r.ID, Type: r.EventType(), Subject: r.Subject, Source: r.Source, Mode: r.Mode, Received: stamp(r.Received), Busy: a.Letters.Busy(r.ID)}
	if p := r.Parking; p != nil {
		l.Reason, l.Attempts, l.FirstError, l.LastError = p.Reason, p.Attempts, p.FirstError, p.LastError
	}
	return l
}

// entry is a line that says who did what, and when.
type entry struct {
	Time    time.Time      `json:"time"`
	Who     string         `json:"who"`
	What    letters.Action `json:"what"`
	ID      string         `json:"id"`
	Type    string         `json:"type"`
	Subject string         `json:"subject,omitempty"`
	Text    string         `json:"text,omitempty"`
}

// shownEntries is how many entries the list has.
const shownEntries = 100

func (a *API) entries() []entry {
	list := []entry{}
	for _, e := range a.Letters.Entries(shownEntries) {
		list = append(list, entry{stamp(e.Time), e.Who, e.What, e.Row.ID, e.Row.EventType(), e.Row.Subject, e.Text})
	}
	return list
}

// hasLetters returns a problem if there are no dead letters here.
func (a *API) hasLetters() error {
	if a.Letters.Letters == nil {
		return problemf(http.StatusConflict, "%s", a.Letters.Elsewhere)
	}
	return nil
}

func (a *API) getLetters(w http.ResponseWriter, r *http.Request) error {
	if err := a.hasLetters(); err != nil {
		return err
	}
	q, limit := r.URL.Query(), 100
	if l := q.Get("limit"); l != "" {
		var err error
		if limit, err = strconv.Atoi(l); err != nil || limit < 1 || limit > letters.MaxCopied {
			return problemf(http.StatusBadRequest, "limit=%s: give 1 to %d", l, letters.MaxCopied)
		}
	}
	f := stored.Filter{Type: q.Get("type"), Subject: q.Get("subject"), Reason: q.Get("reason")}
	if after := q.Get("after"); after != "" {
		place, err := stored.ParsePlace(after)
		if err != nil {
			return problemf(http.StatusBadRequest, "after=%s: %v", after, err)
		}
		f.After = place
	}
	rows, summary, err := a.Letters.List(r.Context(), f, limit)
	if err != nil {
		return problemf(http.StatusBadGateway, "%v", err)
	}
	answer := struct {
		Place   string   `json:"place"`
		To      string   `json:"to"`
		Who     string   `json:"who"`
		File    string   `json:"file,omitempty"` // keeps discarded events
		Letters []letter `json:"letters"`
		Matched int      `json:"matched"`
		Next    string   `json:"next,omitempty"` // after= of the next page
		Entries []entry  `json:"entries"`
	}{a.Letters.Place.String(), a.Letters.To(), a.Letters.Who, a.Letters.FileName(), []letter{}, summary.Events, "", a.entries()}
	for _, r := range rows {
		answer.Letters = append(answer.Letters, a.letter(r))
	}
	if n := len(rows); n > 0 && n < summary.Events {
		answer.Next = rows[n-1].Place().String()
	}
	return reply(w, http.StatusOK, answer)
}

func (a *API) getLetter(w http.ResponseWriter, r *http.Request) error {
	if err := a.hasLetters(); err != nil {
		return err
	}
	rows, _, err := a.Letters.List(r.Context(), stored.Filter{IDs: []string{r.PathValue("id")}}, 1)
	if err != nil {
		return problemf(http.StatusBadGateway, "%v", err)
	}
	if len(rows) == 0 {
		return problemf(http.StatusNotFound, "no event %q is parked, or it no longer is", r.PathValue("id"))
	}
	text, err := rows[0].CloudEvent()
	if err != nil {
		return err
	}
	body := ""
	if e, err := rows[0].Event(); err == nil { // otherwise somebody else wrote the row: it can still be shown
		body = string(e.AppendData(nil))
	}
	return reply(w, http.StatusOK, struct {
		letter
		Body       string `json:"body"`
		CloudEvent string `json:"cloudEvent"`
	}{a.letter(rows[0]), body, string(text)})
}

// chosen is the body of POST /api/letters/{deliver,discard,curl}.
type chosen struct {
	IDs    []string `json:"ids"`
	Filter *struct {
		Type    string `json:"type"`
		Subject string `json:"subject"`
		Reason  string `json:"reason"`
	} `json:"filter"`
	Count    int    `json:"count"`    // matches of the filter, as the reader saw them
	Callback string `json:"callback"` // of curl
}

func (a *API) chosen(r *http.Request) (c chosen, s letters.Selection, err error) {
	if err := a.hasLetters(); err != nil {
		return c, s, err
	}
	if err := read(r, &c); err != nil {
		return c, s, err
	}
	switch {
	case (len(c.IDs) > 0) == (c.Filter != nil):
		return c, s, problemf(http.StatusBadRequest, `give either {"ids":["…"]} or {"filter":{…},"count":N}, with N being matched in GET /api/letters`)
	case c.Filter != nil && c.Count < 1:
		return c, s, problemf(http.StatusBadRequest, "count: give the number of events that the filter finds, which is matched in GET /api/letters")
	case c.Filter == nil:
		return c, letters.Selection{IDs: c.IDs}, nil
	}
	return c, letters.Selection{Filter: stored.Filter{Type: c.Filter.Type, Subject: c.Filter.Subject, Reason: c.Filter.Reason}, Count: c.Count}, nil
}

func (a *API) postDeliver(w http.ResponseWriter, r *http.Request) error {
	_, s, err := a.chosen(r)
	if err != nil {
		return err
	}
	if a.Letters.To() == "" {
		return problemf(http.StatusConflict, "there is no sink to deliver to: set SINK, and DEDUP as the functions have it, and start dev again")
	}
	o, err := a.Letters.Deliver(r.Context(), s)
	return a.outcome(w, o, err)
}

func (a *API) postDiscard(w http.ResponseWriter, r *http.Request) error {
	_, s, err := a.chosen(r)
	if err != nil {
		return err
	}
	o, err := a.Letters.Discard(r.Context(), s)
	return a.outcome(w, o, err)
}

// outcome answers with what became of a selection. It is a problem if nothing was done.
func (a *API) outcome(w http.ResponseWriter, o letters.Outcome, err error) error {
	if a.Journal != nil {
		a.Journal.Sync() // so that the list shows it when the answer is here
	}
	var grown *letters.GrownError
	switch done := o.Delivered + o.Duplicate + o.Discarded + o.Failed; {
	case errors.As(err, &grown):
		return problemf(http.StatusConflict, "%v", err)
	case err != nil:
		return problemf(http.StatusBadGateway, "%v", err)
	case done == 0 && o.Busy > 0:
		return problemf(http.StatusConflict, "another click is already working on it")
	case done == 0:
		return problemf(http.StatusNotFound, "it is no longer parked: somebody delivered or discarded it")
	}
	return reply(w, http.StatusOK, o)
}

func (a *API) postCurl(w http.ResponseWriter, r *http.Request) error {
	c, s, err := a.chosen(r)
	if err != nil {
		return err
	}
	to := a.callbackURL()
	if c.Callback != "" {
		to = quoted(c.Callback)
	}
	commands, err := a.Letters.Copy(r.Context(), s, func(row stored.Row) (string, error) {
		e, err := row.Event()
		if err != nil {
			return "", err
		}
		return a.callbackCurl(e, to), nil
	})
	var grown *letters.GrownError
	switch {
	case errors.As(err, &grown), errors.Is(err, letters.ErrTooMany):
		return problemf(http.StatusConflict, "%v", err)
	case err != nil:
		return problemf(http.StatusBadGateway, "%v", err)
	case len(commands) == 0:
		return problemf(http.StatusNotFound, "it is no longer parked: somebody delivered or discarded it")
	}
	return reply(w, http.StatusOK, map[string]any{"commands": commands})
}

// callbackURL returns the URL to which a copied command posts, as a word of the shell.
// With -from the URL is not known.
func (a *API) callbackURL() string {
	if a.Functions == nil {
		return `"${CALLBACK_URL:?set it to the URL of the function callback}"`
	}
	return quoted(a.Base + "/callback")
}
