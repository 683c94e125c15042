package deliver

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"vodevents/shared/internal/backoff"
)

var (
	errClaimed = errors.New("another delivery of it is under way")
	errParked  = errors.New("it was parked before")
)

// claim claims the items in the store. If the store fails, the delivery goes on
// without it.
func (d *delivery) claim(ctx context.Context) {
	asked := make([]*item, 0, len(d.items))
	for _, it := range d.items {
		if it.event.StableID { // else its id cannot tell a repetition: rather twice than never
			asked = append(asked, it)
		}
	}
	d.ask(ctx, asked)
}

// waitForClaims waits for items that are claimed elsewhere, if the way does so:
// until they are done, or free, or the time is nearly over. An item that is still
// claimed at the end is parked, because there may be no other copy of it.
func (d *delivery) waitForClaims(ctx context.Context) {
	if !d.budget.waitForClaim {
		return
	}
	for {
		var claimed []*item
		for _, it := range d.items {
			if it.Fate == Claimed {
				claimed = append(claimed, it)
			}
		}
		if len(claimed) == 0 {
			return
		}
		if !backoff.Sleep(ctx, askEvery) {
			for _, it := range claimed {
				it.Result = Result{Cause: errClaimed, Reason: ReasonClaimed}
			}
			return
		}
		d.ask(ctx, claimed)
	}
}

// ask claims items and notes what the store says.
func (d *delivery) ask(ctx context.Context, items []*item) {
	if len(items) == 0 {
		return
	}
	ids := make([]string, len(items))
	for i, it := range items {
		ids[i] = it.event.ID
	}
	ids = d.withCounters(ids, items)
	hurried := d.hurries()
	asking, cancel := d.claiming(ctx)
	records, err := d.Store.Claim(asking, d.claimant, ids, claimLasts, d.takeParked)
	hurried = hurried && asking.Err() != nil
	cancel()
	if err != nil && hurried && items[0].Fate == Claimed {
		return // The time was short, which says nothing about the store: the claim still stands.
	}
	if err != nil {
		slog.ErrorContext(ctx, "dedup store failed: delivering without it", "error", err)
		for _, it := range items {
			it.known, it.Result = false, Result{}
		}
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, it := range items {
		it.record, it.known, it.Result = records[i], true, Result{}
		switch {
		case it.record.Mine:
			d.mine = append(d.mine, ids[i])
		case it.record.State == StateDone:
			it.Fate = Duplicate
		case it.record.State == StateParked:
			it.Fate, it.Cause = Parked, errParked
		default:
			it.Fate, it.Cause = Claimed, errClaimed
		}
	}
	d.readCounters(items, ids[len(items):], records[len(items):])
}

// keepClaims renews the claims until release is called, which waits for a
// renewal that is under way. Most batches are done before the first one.
func (d *delivery) keepClaims(ctx context.Context) (release func()) {
	var mu sync.Mutex
	var timer *time.Timer
	released := false
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(renewEvery, func() {
		mu.Lock()
		defer mu.Unlock()
		if !released {
			d.renew(ctx)
			timer.Reset(renewEvery)
		}
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		released = true
		timer.Stop()
	}
}

func (d *delivery) renew(ctx context.Context) {
	d.mu.Lock()
	ids := d.mine[:len(d.mine):len(d.mine)]
	d.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	ctx, cancel := d.settling(ctx)
	defer cancel()
	if err := d.Store.Renew(ctx, d.claimant, ids, claimLasts); err != nil {
		slog.WarnContext(ctx, "dedup store failed: the claims may run out", "error", err)
	}
}
