package letters

import (
	"context"
	"errors"
	"testing"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/sink/stored"
)

// answering is a sink that gives the same answer to every event.
type answering struct{ err error }

func (s answering) Send(_ context.Context, events []*event.Event) []error {
	errs := make([]error, len(events))
	for i := range errs {
		errs[i] = s.err
	}
	return errs
}
func (answering) CloseIdle()   {}
func (answering) Close() error { return nil }

// Changed is called when an action is done, even if the event is still parked. By then
// its line is there, and no call is working on the event.
func TestChangedWhenAnActionIsDone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		action Action
		sink   error
		does   func(*Letters, context.Context, Selection) error
	}{
		{Delivered, nil, deliverAgain},
		{NotDelivered, errors.New("no"), deliverAgain},
		{Discarded, nil, func(l *Letters, ctx context.Context, s Selection) error {
			_, err := l.Discard(ctx, s)
			return err
		}},
		{Copied, nil, func(l *Letters, ctx context.Context, s Selection) error {
			_, err := l.Copy(ctx, s, func(stored.Row) (string, error) { return "", nil })
			return err
		}},
	} {
		m := &Memory{Changed: func() {}}
		post(m, text(t, 1, true))
		page, _ := m.Page(t.Context(), stored.Filter{}, 1)
		id := page[0].ID
		type state struct {
			busy   bool
			action Action
		}
		var last state // at the last call of Changed
		var l *Letters
		l = New(Options{Place: m, Pipeline: func() (*deliver.Pipeline, error) {
			return &deliver.Pipeline{Way: deliver.Replayed, Sinks: []deliver.Sink{answering{c.sink}}, Store: new(deliver.Off)}, nil
		}, Changed: func() {
			last = state{busy: l.Busy(id)}
			for _, e := range l.Entries(1) {
				last.action = e.What
			}
		}})
		if err := c.does(l, t.Context(), Selection{IDs: []string{id}}); err != nil {
			t.Errorf("%s: %v", c.action, err)
		}
		if want := (state{false, c.action}); last != want {
			t.Errorf("%s: told at %+v, want %+v", c.action, last, want)
		}
	}
}

func deliverAgain(l *Letters, ctx context.Context, s Selection) error {
	_, err := l.Deliver(ctx, s)
	return err
}
