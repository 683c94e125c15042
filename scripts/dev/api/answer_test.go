package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/scripts/dev/journal"
	"vodevents/scripts/dev/runner"
	"vodevents/shared/event"
)

// What was told before a reader asks is in the answer, also if it is not written down
// yet.
func TestReadersGetAllThatWasToldBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := make(chan struct{})
		defer close(done)
		j := journal.New(done)
		a := New(Options{Journal: j, Functions: new(runner.Functions), SignKeys: func() []string { return nil }, Done: done})
		j.Given(journal.Given{ID: "told", Mode: event.Normal, Body: []byte(Sample)}, time.Now())
		answers := []*httptest.ResponseRecorder{}
		for _, path := range []string{"/api/events", "/api/events/told", "/api/figures"} {
			w := httptest.NewRecorder()
			answers = append(answers, w)
			go a.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		}
		synctest.Wait()
		go j.Run()
		synctest.Wait()
		for i, want := range []string{`"id":"told"`, `"id":"told"`, `"made":1`} {
			if got := answers[i].Body.String(); !strings.Contains(got, want) {
				t.Errorf("%s is not in %s", want, got)
			}
		}
	})
}
