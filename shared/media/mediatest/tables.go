package mediatest

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/media"
	"vodevents/shared/sink/stored"
)

// Tables are those of media= in some database.
type Tables struct {
	// Open opens one more sink that writes into them.
	Open func(testing.TB) deliver.Sink

	// Rows reads them, in the order of their keys.
	Rows func(testing.TB) []media.Row

	// Wreck makes each row of media wrong, adds an output that no event tells of,
	// and forgets which events touched what.
	Wreck func(testing.TB)

	// Earlier makes of them what a version without media= left.
	Earlier func(testing.TB)

	// Rebuild folds the events anew.
	Rebuild func(testing.TB)
}

// Text is a row for a comparison, without the Data of its outputs.
func Text(t testing.TB, r media.Row) string {
	t.Helper()
	r.Outputs = slices.Clone(r.Outputs)
	for i := range r.Outputs {
		r.Outputs[i].Data = nil
	}
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// send delivers the events by several sinks at a time, in batches, each event
// twice and in an order by chance.
func (tables Tables) send(t testing.TB, c *rand.Rand, events []*event.Event) {
	t.Helper()
	var senders sync.WaitGroup
	for range 3 {
		order := append(slices.Clone(events), events...)
		c.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		sink := tables.Open(t)
		senders.Go(func() {
			for batch := range slices.Chunk(order, 16) {
				for _, err := range sink.Send(context.Background(), batch) {
					if err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	senders.Wait()
}

// TestTables proves that the tables of a database hold what the fold gives: for
// the ten lives, and for events by chance.
func TestTables(t *testing.T, open func(*testing.T) Tables) {
	for name, finishTimes := range map[string]bool{"with FinishTimes": true, "without FinishTimes": false} {
		t.Run("ten lives "+name, func(t *testing.T) {
			tables := open(t)
			var events []*event.Event
			want := map[string]string{}
			for _, life := range Lives(finishTimes) {
				own := life.Events()
				life.Row.LastEvent = own[len(own)-1].ID
				want[life.Row.FileId] = Text(t, life.Row)
				events = append(events, own...)
			}
			tables.send(t, rand.New(rand.NewPCG(1, 2)), events)
			tables.check(t, want)
			tables.Wreck(t)
			tables.Rebuild(t)
			tables.check(t, want)
		})
	}
	t.Run("events by chance", func(t *testing.T) {
		tables := open(t)
		c := rand.New(rand.NewPCG(3, 4))
		for seed := range uint64(3) {
			events := Random(seed, 40)
			tables.send(t, c, events)
			if seed < 2 {
				continue
			}
			all := map[string]media.Media{}
			for s := range seed + 1 {
				fold(all, Random(s, 40))
			}
			want := map[string]string{}
			for id, m := range all {
				want[id] = Text(t, m.Row())
			}
			tables.check(t, want)
			tables.Rebuild(t)
			tables.check(t, want)
		}
	})
}

func fold(all map[string]media.Media, events []*event.Event) {
	for _, e := range events {
		for _, told := range media.Of(e) {
			all[told.FileId] = media.Merge(all[told.FileId], told)
		}
	}
}

// Rebuilder is what a rebuild does with the tables.
type Rebuilder interface {
	Prepare(context.Context) error
	Index(context.Context, stored.Place, int) (stored.Place, int, error)
	Fold(context.Context, stored.MediaKey, int) (stored.MediaKey, int, error)
}

// Rebuild folds all events anew, in small pages.
func Rebuild(t testing.TB, r Rebuilder) {
	t.Helper()
	ctx := context.Background()
	if err := r.Prepare(ctx); err != nil {
		t.Fatal(err)
	}
	var place stored.Place
	for n := 1; n > 0; {
		var err error
		if place, n, err = r.Index(ctx, place, 7); err != nil {
			t.Fatal(err)
		}
	}
	var key stored.MediaKey
	for n := 1; n > 0; {
		var err error
		if key, n, err = r.Fold(ctx, key, 3); err != nil {
			t.Fatal(err)
		}
	}
}

func (tables Tables) check(t *testing.T, want map[string]string) {
	t.Helper()
	rows := tables.Rows(t)
	for _, row := range rows {
		if got := Text(t, row); got != want[row.FileId] {
			t.Errorf("got %s\nwant %s", got, want[row.FileId])
		}
	}
	if len(rows) != len(want) {
		t.Errorf("%d rows, want %d", len(rows), len(want))
	}
}
