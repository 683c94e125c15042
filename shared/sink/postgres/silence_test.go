package postgres

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"testing"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/sink/servertest"
)

// After a failover all kept connections may be silent. Of two tries the first
// one meets that, and the second one dials, however many were kept.
func TestSilentConnections(t *testing.T) {
	u, table := newTable(t)
	g := servertest.NewGateway(t, named(u, "silent").String())
	through, err := url.Parse(g.URL)
	must(t, err)
	s := openSink(t, through)
	taken(t, s.Send(t.Context(), delivertest.Events(t, 1)))

	var inside, all sync.WaitGroup
	inside.Add(3)
	for range 3 { // at a time, so that three connections are kept
		all.Go(func() {
			must(t, s.pool.Use(t.Context(), nil, func(*conn) error { inside.Done(); inside.Wait(); return nil }))
		})
	}
	all.Wait()
	if n := g.Dials(); n != 3 || len(s.pool.Idle()) != 3 {
		t.Fatalf("%d connections, %d kept, want 3", n, len(s.pool.Idle()))
	}

	g.Forget()
	events := delivertest.Events(t, 2)
	ctx := g.UntilLost(t.Context()) // until a kept connection is used
	if err := s.Send(ctx, events)[0]; !errors.Is(err, deliver.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("the first try: got error %v", err)
	}
	taken(t, s.Send(t.Context(), events))
	if n := g.Dials(); n != 4 {
		t.Errorf("%d connections were dialled, want 4", n)
	}
	if n := len(psql(t, `SELECT id FROM `+table)); n != 3 {
		t.Errorf("%d rows, want 3", n)
	}
}
