package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"vodevents/scripts/dev/journal"
	"vodevents/scripts/dev/runner"
	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// callback gives a request to the function callback.
func (a *API) callback(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	var got *runner.Answer
	if err == nil {
		id := a.arrived(r, body, "")
		got, err = a.Functions.Request(r, body)
		a.left(id, got, err)
		if id != "" {
			a.Journal.Sync() // so that it is in the list when the answer is here
		}
	}
	if err != nil {
		sendError(w, err, http.StatusBadGateway)
		return
	}
	got.Send(w)
}

// push sends a callback without VOD, for -real.
func (a *API) push(ctx context.Context, body []byte, resendOf string) (id string, err error) {
	body = a.signed(body)
	r, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodPost, a.Base+"/callback", nil)
	if err != nil {
		return "", err
	}
	id = a.arrived(r, body, resendOf)
	go func() {
		got, err := a.Functions.Request(r, body)
		a.left(id, got, err)
	}()
	return id, nil
}

// signed signs a callback's body, if callbacks are signed.
func (a *API) signed(body []byte) []byte {
	if keys := a.SignKeys(); len(keys) > 0 {
		return event.Sign(body, keys[0], time.Now().Add(10*time.Minute)) // VOD's own are good for as long
	}
	return body
}

// arrived takes note of a callback that did not come from the stand-in, if it
// is an event.
func (a *API) arrived(r *http.Request, body []byte, resendOf string) (id string) {
	e, err := event.Parse(body, event.Origin{Mode: event.Normal})
	if r.Method != http.MethodPost || err != nil {
		return ""
	}
	if e.Sign != "" || e.Handle != "" {
		body = e.AppendData(nil)
	}
	at := time.Now()
	id = fmt.Sprintf("c%d", a.posted.Add(1))
	a.Journal.Given(journal.Given{ID: id, Mode: event.Normal, Body: body, ResendOf: resendOf}, at)
	a.changed(vodfake.Change{ID: id, State: vodfake.Sent, Delivery: 1}, at)
	return id
}

// left takes note of what became of it.
func (a *API) left(id string, got *runner.Answer, err error) {
	if id == "" {
		return
	}
	c := vodfake.Change{ID: id, State: vodfake.Failed}
	if err != nil {
		c.Err = err.Error()
	} else {
		c.State, c.Status, c.Err = vodfake.Answered, got.StatusCode, got.ErrorText()
	}
	a.changed(c, time.Now())
}

func (a *API) changed(c vodfake.Change, at time.Time) {
	a.Journal.Changed(c, at, func(string) (journal.Given, bool) { return journal.Given{}, false })
}
