package main

import (
	"errors"
	"testing"
	"time"

	"vodevents/shared/longtest"
	"vodevents/shared/sink/servertest"
)

// Both functions survive a week in which everything goes wrong, with 1,000 events
// into each database, and with 20,000 by a new seed in the long tests.
func TestNoGuaranteeIsBroken(t *testing.T) {
	events := 1000
	if longtest.On() {
		events = 20_000
	}
	bin := t.TempDir()
	if err := build(t.Context(), bin); err != nil {
		t.Fatal(err)
	}
	for i, kind := range []string{"postgres", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			o := options{events: events, seed: uint64(time.Now().UnixNano()), database: kind, log: t.Output(), bin: bin}
			if !longtest.On() {
				o.seed = uint64(1 + i)
			}
			r, err := soak(t.Context(), o)
			if errors.Is(err, servertest.ErrMissing) {
				servertest.RunT(t, func() (*servertest.Server, error) { return nil, err }) // skips, or fails in CI
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Log("\n" + tableHead + r.row())
			if r.first != "" {
				t.Errorf("seed %d: %s", o.seed, r.first)
			}
			if r.killed == 0 || r.redelivered == 0 || r.resent == 0 || r.parked["permanent"] == 0 || r.checked < events/2 {
				t.Errorf("too little went wrong, or was looked at: %+v", r.counts)
			}
		})
	}
}
