// Package redeliver delivers events again that were stored or parked, in batches side
// by side.
package redeliver

import (
	"context"
	"slices"
	"sync"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/vod"
)

const (
	// Workers is how many batches of vod.MaxEvents are delivered side by side.
	Workers = 4

	// PageSize is how many events are read, and delivered side by side, at a time.
	PageSize = Workers * vod.MaxEvents

	// batchTime is how long one batch may take.
	batchTime = time.Minute
)

// Page delivers the events of a page, and returns the fate of each in their order.
func Page(ctx context.Context, p *deliver.Pipeline, events []*event.Event) []deliver.Result {
	batches := slices.Collect(slices.Chunk(events, vod.MaxEvents))
	results := make([][]deliver.Result, len(batches))
	var running sync.WaitGroup
	for i, batch := range batches {
		running.Go(func() { results[i] = Batch(ctx, p, batch) })
	}
	running.Wait()
	return slices.Concat(results...)
}

// Batch delivers one batch. A batch that is under way ends also when ctx does: what
// became of its events would not be known otherwise.
func Batch(ctx context.Context, p *deliver.Pipeline, events []*event.Event) []deliver.Result {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), batchTime)
	defer cancel()
	return p.Deliver(ctx, events)
}
