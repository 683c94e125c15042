package journal

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// An event that waits in the queue is kept longer than those that have ended.
func TestEventsThatHaveEndedAreDroppedFirst(t *testing.T) {
	t.Parallel()
	j := New(nil)
	now := time.Now()
	add := func(id string, state vodfake.State) {
		j.given(Given{ID: id, Mode: event.Reliable, Body: fmt.Appendf(nil, `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":[%q]}}`, id)}, now)
		j.changed(vodfake.Change{ID: id, State: state}, now)
	}
	add("waits", vodfake.Queued)
	for i := range MaxEvents + 10 {
		add(fmt.Sprint(i), vodfake.Confirmed)
	}
	add("new", vodfake.Queued)
	for id, want := range map[string]bool{"waits": true, "0": false, "11": false, "12": true, fmt.Sprint(MaxEvents + 9): true, "new": true} {
		if j.Known(id) != want {
			t.Errorf("%s kept: %t", id, !want)
		}
	}
	if events, matched := j.List(Filter{Limit: 1, Before: "12"}); matched != 1 || events[0].ID != "waits" {
		t.Errorf("%d before 12: %+v", matched, events)
	}
}

// The journal keeps 10,000 events and finds each by its id and its event's.
func TestJournalIsBounded(t *testing.T) {
	t.Parallel()
	j := New(nil)
	r := j.Follow()
	defer r.Close()
	now := time.Now()
	const more = MaxEvents + 2100
	for i := range more {
		id := fmt.Sprint(i)
		j.given(Given{ID: id, Mode: event.Reliable, Body: fmt.Appendf(nil, `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["%d"]}}`, i)}, now)
		j.changed(vodfake.Change{ID: id, State: vodfake.Queued}, now)
		j.logged(&Log{Function: "pull", eventID: id})
	}
	if len(j.byID) != MaxEvents || len(j.byKey) != MaxEvents || len(j.order) != MaxEvents || len(r.events.waiting) != MaxEvents {
		t.Errorf("%d by id, %d by key, %d in order, %d waiting", len(j.byID), len(j.byKey), len(j.order), len(r.events.waiting))
	}
	if len(j.untold) > 1001 || len(r.logs) != maxReaderLogs || r.dropped != more-maxReaderLogs {
		t.Errorf("%d untold, %d logs, %d dropped", len(j.untold), len(r.logs), r.dropped)
	}
	if events, matched := j.List(Filter{Limit: 1}); matched != MaxEvents || events[0].Subject != fmt.Sprint(more-1) {
		t.Errorf("%d matched, the newest is %+v", matched, events)
	}
	if _, ok := j.Find("0"); ok {
		t.Error("the oldest is still there")
	}
	told := 0
	for {
		u := r.Next()
		if len(u.Events) == 0 {
			break
		}
		if told += len(u.Events); len(u.Events) > MaxChanges {
			t.Errorf("%d events in one update", len(u.Events))
		}
	}
	if told != MaxEvents {
		t.Errorf("%d told", told)
	}
	for id, r := range j.byID {
		for range 2 * maxSteps {
			j.changed(vodfake.Change{ID: id, State: vodfake.Sent}, now)
			j.logged(&Log{Function: "pull", eventID: r.eventID})
		}
		if len(r.history) != maxSteps || len(r.logs) != maxLogs || r.history[0].State != vodfake.Queued {
			t.Errorf("%d steps, %d logs", len(r.history), len(r.logs))
		}
		break
	}
}

// The seconds since the last event count from when it came into a function, not from
// when it was made.
func TestSecondsSinceTheLastEvent(t *testing.T) {
	t.Parallel()
	j := New(nil)
	now := time.Now()
	since := func(at time.Time) string {
		j.Second(at, 0, 0)
		if s := j.Figures().Totals.SinceEventS; s != nil {
			return fmt.Sprint(*s)
		}
		return "none yet"
	}
	j.given(Given{ID: "1", Mode: event.Reliable, Body: []byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]}}`)}, now)
	j.changed(vodfake.Change{ID: "1", State: vodfake.Queued}, now)
	if got := since(now.Add(time.Second)); got != "none yet" {
		t.Errorf("in the queue: %s", got)
	}
	j.changed(vodfake.Change{ID: "1", State: vodfake.Pulled}, now.Add(5*time.Second))
	if got := since(now.Add(time.Hour)); got != "3595" {
		t.Errorf("an hour later: %s", got)
	}
}

// What is seen late, since pipes and sockets race, does not bring an event back
// from its end.
func TestLateNewsBringNoEventBack(t *testing.T) {
	t.Parallel()
	j := New(nil)
	now := time.Now()
	body := []byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]}}`)
	e, err := event.Parse(body, event.Origin{Mode: event.Reliable, Received: now})
	if err != nil {
		t.Fatal(err)
	}
	j.given(Given{ID: "1", Mode: event.Reliable, Body: body}, now)
	for _, state := range []vodfake.State{vodfake.Queued, vodfake.Pulled, vodfake.Confirmed} {
		j.changed(vodfake.Change{ID: "1", State: state, Delivery: 1}, now)
	}
	if d, _ := j.Find("1"); !d.Duplicate || d.TookMs == nil {
		t.Errorf("it has not come out: %+v", d.Summary)
	}
	j.sunk(e, 200, now.Add(time.Second))
	j.cameOut(e, e.AppendCloudEvent(nil), now.Add(time.Second), false)
	d, _ := j.Find(e.ID)
	if got := names(d); d.State != vodfake.Confirmed || d.Duplicate || d.Outs != 1 || !slices.Equal(got, []string{"queued", "pulled", "handled", "delivered", "confirmed"}) {
		t.Errorf("%+v, %q", d.Summary, got)
	}
	if !slices.IsSortedFunc(d.History, func(a, b Step) int { return a.Time.Compare(b.Time) }) {
		t.Errorf("%+v", d.History)
	}

	// An event that nobody knows of makes its own record, as with -real.
	other, err := event.Parse([]byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["2"]}}`), event.Origin{Mode: event.Reliable, Received: now})
	if err != nil {
		t.Fatal(err)
	}
	j.cameOut(other, other.AppendCloudEvent(nil), now, true)
	if d, ok := j.Find(other.ID); !ok || d.State != Delivered || d.ID != "r2" || d.Attempts != 1 {
		t.Errorf("%+v", d.Summary)
	}
}

func TestPercentiles(t *testing.T) {
	t.Parallel()
	var took []time.Duration
	if p50, p99 := percentiles(took); p50 != nil || p99 != nil {
		t.Error("of nothing")
	}
	if p50, p99 := percentiles([]time.Duration{54 * time.Millisecond, 3 * time.Millisecond}); *p50 != 3 || *p99 != 54 {
		t.Errorf("of two: %v %v", *p50, *p99)
	}
	for i := range 101 {
		took = append(took, time.Duration(100-i)*time.Millisecond)
	}
	if p50, p99 := percentiles(took); *p50 != 50 || *p99 != 99 {
		t.Errorf("%v %v", *p50, *p99)
	}
}

func TestWithHandle(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{}`, ` { }`, `{"EventType":"A","B":{"c":1}}`, "\n{ \"EventType\":\"A\"}"} {
		e, _ := event.Parse(withHandle([]byte(body), "h"), event.Origin{})
		if want, _ := event.Parse([]byte(body), event.Origin{}); e.Handle != "h" || string(e.AppendData(nil)) != string(want.AppendData(nil)) {
			t.Errorf("%s: %s", body, withHandle([]byte(body), "h"))
		}
	}
}

// names are the states of a history, without repetitions.
func names(d Detail) (s []string) {
	for _, step := range d.History {
		s = append(s, string(step.State))
	}
	return slices.Compact(s)
}
