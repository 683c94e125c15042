package watch

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
)

// Invocation is one call of a function. [Instance.Begin] begins it.
type Invocation struct {
	instance *Instance
	ctx      context.Context // for the log, and with this invocation in it
	start    time.Time
	counts   // the lock of the instance guards them
}

type invocationKey struct{}

// Begin begins an invocation. Events that are delivered under the context that it
// returns are counted for the invocation too.
func (i *Instance) Begin(ctx context.Context) (context.Context, *Invocation) {
	i.alert(ctx)
	v := &Invocation{instance: i, start: time.Now(), counts: newCounts()}
	v.ctx = context.WithValue(ctx, invocationKey{}, v)
	return v.ctx, v
}

// Requests returns h, each of whose requests is an invocation. A POST that is
// answered 200 is a confirmed event. A panic of h counts as 500, whatever h had
// written: nobody gets that answer whole.
func (i *Instance) Requests(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		ctx, v := i.Begin(r.Context())
		noted := &noting{ResponseWriter: w}
		status := http.StatusInternalServerError
		defer func() {
			i.mu.Lock()
			i.statuses[status]++
			i.mu.Unlock()
			if r.Method == http.MethodPost && status == http.StatusOK {
				v.Confirmed(1, time.Since(began))
			}
			v.End(nil, answered{r.Method, status})
		}()
		h.ServeHTTP(noted, r.WithContext(ctx))
		status = cmp.Or(noted.status, http.StatusOK)
	})
}

type answered struct {
	method string
	status int
}

func (a answered) Figures() []any { return []any{"method", a.method, "status", a.status} }

// noting notes the status of an answer as net/http sends it: the first one counts, and
// a write without one is 200. An informational status, but 101, is no answer yet.
type noting struct {
	http.ResponseWriter
	status int // 0: none so far
}

func (n *noting) WriteHeader(status int) {
	if n.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		n.status = status
	}
	n.ResponseWriter.WriteHeader(status)
}

func (n *noting) Write(b []byte) (int, error) {
	n.status = cmp.Or(n.status, http.StatusOK)
	return n.ResponseWriter.Write(b)
}

// Delivery is [Instance.Fates], and also counts the events as ones that came.
func (i *Instance) Delivery(through func(context.Context, []*event.Event) []deliver.Result) func(context.Context, []*event.Event) []deliver.Result {
	fates := i.Fates(through)
	return func(ctx context.Context, events []*event.Event) []deliver.Result {
		i.count(ctx, func(c *counts) { c.events += len(events) })
		return fates(ctx, events)
	}
}

// Fates returns a function that delivers events through, and counts what became of
// them. They are pulled ones, which [Invocation.Polled] has counted, or were made from
// VOD's answers: those did not come, and they end no silence.
func (i *Instance) Fates(through func(context.Context, []*event.Event) []deliver.Result) func(context.Context, []*event.Event) []deliver.Result {
	return func(ctx context.Context, events []*event.Event) []deliver.Result {
		began := time.Now()
		var results []deliver.Result
		defer func() { // also when through panics: then all are left
			took := time.Since(began)
			i.count(ctx, func(c *counts) {
				for _, r := range results {
					c.fates[r.Fate]++
				}
				c.fates[deliver.Left] += len(events) - len(results)
				c.longestDelivery = max(c.longestDelivery, took)
			})
		}()
		results = through(ctx, events)
		return results
	}
}

// count changes the figures of the instance, and of the invocation of ctx.
func (i *Instance) count(ctx context.Context, change func(*counts)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	before := i.total.events
	change(&i.total)
	if i.total.events > before {
		i.last = time.Now()
	}
	if v, ok := ctx.Value(invocationKey{}).(*Invocation); ok {
		change(&v.counts)
	}
}

// Polled counts a call of PullEvents and the events that it brought.
func (v *Invocation) Polled(events int, err error) {
	v.instance.count(v.ctx, func(c *counts) {
		c.polls++
		c.events += events
		if err != nil {
			c.failedPolls++
		}
	})
}

// Confirmed counts n events that were confirmed by ConfirmEvents, or by the answer 200
// to a callback. after is the time since their receipt.
func (v *Invocation) Confirmed(n int, after time.Duration) {
	v.instance.count(v.ctx, func(c *counts) {
		c.confirmed += n
		c.longestConfirm = max(c.longestConfirm, after)
	})
	v.instance.mu.Lock()
	defer v.instance.mu.Unlock()
	v.instance.confirms.add(n, after)
}

// errNoResult is the error of an invocation that ends with neither result nor error.
var errNoResult = errors.New("the invocation panicked: the log has the stack")

// End writes the invocation's line into the log. The result may have figures of its
// own for it: attributes, as slog takes them. Without a result and an error the
// invocation has panicked.
func (v *Invocation) End(err error, result any) {
	if err == nil && result == nil {
		err = errNoResult
	}
	v.instance.alert(v.ctx)
	attrs := v.summary()
	if r, ok := result.(interface{ Figures() []any }); ok {
		attrs = append(attrs, r.Figures()...)
	}
	if err != nil {
		attrs = append(attrs, "error", err)
	}
	slog.InfoContext(v.ctx, "invocation", attrs...)
}

// summary gives the figures as attributes of the log. A time that is not known is
// null. An event whose delivery has not begun, or not ended, is left.
func (v *Invocation) summary() []any {
	i := v.instance
	i.mu.Lock()
	defer i.mu.Unlock()
	attrs := []any{"function", i.function, "events", v.events}
	known := 0
	for _, n := range v.fates {
		known += n
	}
	for _, f := range deliver.Fates {
		n := v.fates[f]
		if f == deliver.Left {
			n += max(0, v.events-known)
		}
		attrs = append(attrs, string(f), n)
	}
	attrs = append(attrs, "confirmed", v.confirmed)
	if i.function == "pull" {
		attrs = append(attrs, "polls", v.polls, "failed_polls", v.failedPolls)
	}
	var longestConfirm any
	if v.confirmed > 0 {
		longestConfirm = v.longestConfirm.Milliseconds()
	}
	return append(attrs,
		"elapsed_ms", time.Since(v.start).Milliseconds(),
		"longest_delivery_ms", v.longestDelivery.Milliseconds(),
		"longest_confirm_ms", longestConfirm,
		"since_event_s", int64(i.sinceEvent().Seconds()),
		"events_so_far", i.total.events)
}
