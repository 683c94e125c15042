package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"vodevents/shared/event"
	"vodevents/shared/internal/backoff"
)

var errHandlerStuck = errors.New("the handler has not returned in time: it must honor its context")

// handle runs the user's code for each item. One that is no event never gets
// there.
func (d *delivery) handle(ctx context.Context) {
	ctx, cancel := d.handling(ctx)
	defer cancel()
	type answer struct {
		it  *item
		err error
	}
	items := d.underWay()
	answers := make(chan answer, len(items)) // room for all: who answers late does not hang
	running := 0
	for _, it := range items {
		switch {
		case it.event.Type == event.TypeUnparsed && d.parks(ReasonUnparsed):
			it.fail(event.ErrNotEvent)
			it.Reason = ReasonUnparsed
		case d.Handler != nil:
			it.fail(errHandlerStuck) // until it answers
			running++
			go func() { answers <- answer{it, d.handleOne(ctx, it.event)} }()
		}
	}
	for end := ctx.Done(); running > 0; running-- {
		var a answer
		select {
		case a = <-answers: // also when the time is over
		default:
			select {
			case a = <-answers:
			case <-end:
				return
			}
		}
		a.it.Cause, a.it.own = a.err, a.err != nil
	}
}

// handleOne calls the handler, and again where the way does so.
func (d *delivery) handleOne(ctx context.Context, e *event.Event) error {
	for failures := 1; ; failures++ {
		err := d.callHandler(ctx, e)
		if err == nil || IsPermanent(err) || !d.retryFailed {
			return err
		}
		wait, ok := d.pause(ctx, failures, 0, 0, toTheEnd)
		if !ok || !backoff.Sleep(ctx, wait) {
			return err
		}
	}
}

func (d *delivery) callHandler(ctx context.Context, e *event.Event) (err error) {
	defer func() {
		if v := recover(); v != nil {
			slog.ErrorContext(ctx, "handler panicked", "id", e.ID, "type", e.Type, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			err = fmt.Errorf("handler panicked: %v", v)
		}
	}()
	return d.Handler(ctx, e)
}
