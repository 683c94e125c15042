package main

import (
	"errors"
	"testing"
	"time"

	"vodevents/shared/longtest"
	"vodevents/shared/sink/servertest"
)

// Both functions survive a week in which everything goes wrong, with 2,000 events,
// and in the long tests with 20,000 into each database, by a new seed. PostgreSQL
// starts a process for each connection, so it gets fewer. The two run at the same
// time, since both wait more than they compute.
func TestNoGuaranteeIsBroken(t *testing.T) {
	bin := t.TempDir()
	if err := build(t.Context(), bin); err != nil {
		t.Fatal(err)
	}
	for kind, events := range map[string]int{"postgres": 600, "mysql": 1400} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			o := options{events: events, seed: 1, database: kind, log: t.Output(), bin: bin}
			if longtest.On() {
				o.events, o.seed = 20_000, uint64(time.Now().UnixNano())
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
