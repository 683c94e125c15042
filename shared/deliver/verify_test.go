package deliver

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/event"
)

// What VOD refutes, or cannot be asked about in time, is parked with its reason and
// reaches neither the user's code nor a sink. Everything else is delivered, and says
// what VOD said.
func TestAVerdictDecides(t *testing.T) {
	yes, no := true, false
	for verdict, want := range map[Verdict]struct {
		fate     Fate
		reason   Reason
		verified *bool
	}{
		Confirmed: {Delivered, "", &yes},
		NotAsked:  {Delivered, "", &no},
		Refuted:   {Parked, ReasonRefuted, nil},
		NoAnswer:  {Parked, ReasonUnverified, nil},
	} {
		captureLog(t)
		handled := 0
		sink, dead := &script{}, &script{}
		p := &Pipeline{
			Way: Pushed, Store: NewMemory(), Sinks: []Sink{sink}, DeadLetter: dead,
			Handler: func(context.Context, *event.Event) error { handled++; return nil },
			Verify:  func(context.Context, *event.Event) (Verdict, error) { return verdict, errors.New("so says VOD") },
		}
		e := upload(0)
		r := p.Deliver(t.Context(), []*event.Event{e})[0]
		delivered := want.fate == Delivered
		if r.Fate != want.fate || r.Reason != want.reason || (handled == 1) != delivered || (len(sink.took) == 1) != delivered || (len(dead.took) == 1) == delivered {
			t.Errorf("%s: %+v, handled %d times, sink %q, dead letters %q", verdict, r, handled, sink.took, dead.took)
		}
		if (e.Verified == nil) != (want.verified == nil) || want.verified != nil && *e.Verified != *want.verified {
			t.Errorf("%s: verified %v", verdict, e.Verified)
		}
		if !delivered && (dead.all[0].Parking.Reason != string(want.reason) || dead.all[0].Parking.LastError != "so says VOD") {
			t.Errorf("%s: parked as %+v", verdict, dead.all[0].Parking)
		}
	}
}

// A forged event can have the id of a true one. The store forgets it, so that the
// true one is delivered, be it by a callback or out of the queue, where what was
// parked before would be confirmed.
func TestARefutedEventLeavesNoMark(t *testing.T) {
	for _, verdict := range []Verdict{Refuted, NoAnswer} {
		captureLog(t)
		store := NewMemory()
		pushed := &Pipeline{Way: Pushed, Store: store, Verify: func(context.Context, *event.Event) (Verdict, error) { return verdict, errors.New("no") }}
		if got := fate(t, pushed, t.Context(), upload(0)); got != Parked {
			t.Fatalf("%s: %v", verdict, got)
		}
		if n := attempts(t, store, upload(0)); n != 0 {
			t.Errorf("%s: %d attempts", verdict, n)
		}
		sink := &script{}
		pulled := &Pipeline{Way: Pulled, Store: store, Sinks: []Sink{sink}}
		if got := fate(t, pulled, t.Context(), upload(0)); got != Delivered || len(sink.took) != 1 {
			t.Errorf("%s: the true event is %v", verdict, got)
		}
	}
}

// While VOD is asked the claim is kept, and there is time left to park the event.
func TestVerifyingEndsBeforeParking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		captureLog(t)
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		store, dead := NewMemory(), &script{}
		p := &Pipeline{Way: Pushed, Store: store, DeadLetter: dead, Verify: func(ctx context.Context, e *event.Event) (Verdict, error) {
			<-ctx.Done()
			r, err := store.Claim(context.Background(), "another", []string{e.ID}, time.Second, true)
			if err != nil || r[0].Mine {
				t.Errorf("the claim after %v: %+v, %v", time.Since(e.Received), r, err)
			}
			return NoAnswer, ctx.Err()
		}}
		if got := fate(t, p, ctx, upload(0)); got != Parked || len(dead.took) != 1 || ctx.Err() != nil {
			t.Errorf("%v, dead letters %q", got, dead.took)
		}
	})
}

// What is no event is not asked about.
func TestNoEventIsNotVerified(t *testing.T) {
	captureLog(t)
	e, _ := event.Parse([]byte(`[1]`), event.Origin{Mode: event.Normal, Received: time.Now()})
	p := &Pipeline{Way: Pushed, Store: NewMemory(), DeadLetter: &script{}, Verify: func(context.Context, *event.Event) (Verdict, error) {
		t.Error("asked")
		return Confirmed, nil
	}}
	if r := p.Deliver(t.Context(), []*event.Event{e})[0]; r.Reason != ReasonUnparsed {
		t.Errorf("%+v", r)
	}
}
