package api

import (
	"fmt"
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

// What is told with a revision is as new as the change that gave the revision: a page
// would keep what is older.
func TestSettingsAreAsNewAsTheirRevision(t *testing.T) {
	t.Parallel()
	a := New(Options{Journal: journal.New(nil), Functions: &runner.Functions{Timer: new(runner.Timer)},
		SignKeys: func() []string { return nil }, Variables: func() map[string]string { return nil }})
	const changes = 100_000
	first := a.Journal.Revision()
	changed := make(chan struct{})
	go func() {
		defer close(changed)
		for n := range changes {
			if err := a.Functions.Timer.Set(fmt.Sprint(n+1, "s")); err != nil {
				t.Error(err)
			}
			a.Journal.Touch()
		}
	}()
	for done := false; !done; {
		select {
		case <-changed:
			done = true
		default:
		}
		s := a.settings()
		told := 0
		fmt.Sscan(s.Every, &told)
		if due := int(s.Revision - first); told < due {
			t.Fatalf("change %d is told as the newest at revision %d", told, due)
		}
	}
}
