package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"vodevents/scripts/internal/redeliver"
	"vodevents/scripts/internal/term"
	"vodevents/shared/config"
	"vodevents/shared/deliver"
	"vodevents/shared/sink"
	"vodevents/shared/sink/stored"
)

// runTable replays the rows of a table.
func (r *replay) runTable(ctx context.Context, ids []string) error {
	p, cfg, done, err := r.open()
	if err != nil {
		return err
	}
	defer done()
	t, err := r.openTable(r.from)
	if err != nil {
		return err
	}
	defer t.Close()
	from, _ := r.fromEnv(r.from, "SINK")
	to := strings.Join(cfg.Sinks, " ")
	mark, err := r.openBookmark(from, to, ids)
	if err != nil {
		return err
	}
	f := r.filter(ids)
	if mark.Done > 0 {
		f.After = mark.Place
	}
	held, f, err := summary(ctx, t, f)
	if err != nil {
		return err
	}
	all := held.Events
	if r.limit > 0 {
		all = min(all, max(0, r.limit-mark.Done))
	}
	r.say("%s: %s", t, spell(held))
	if mark.Done > 0 {
		r.say("it goes on after the %d of before, as %s says", mark.Done, r.state)
	}
	if all > 0 {
		if err := r.agree(ctx, all, config.Variable{Secrecy: config.URLs}.Show(to)); err != nil {
			return err
		}
	}
	// Find out now, not after an hour, that the place cannot be kept.
	if err := mark.write(); err != nil {
		return err
	}
	return r.deliverTable(ctx, p, t, f, mark, all)
}

// agree asks whether to deliver so many events.
func (r *replay) agree(ctx context.Context, all int, target string) error {
	if r.dryRun || r.yes {
		return nil
	}
	way := "to "
	if r.to == "" && !r.noHandler {
		way = "through the handler to "
	}
	ok, err := r.ask(ctx, term.Sprintf("Deliver %d %s (%s%s)?", all, plural(all, "event", "events"), way, target))
	if err == nil && !ok {
		err = &statusError{statusFailed, "nothing was delivered"}
	}
	return err
}

// deliverTable delivers the rows that the filter asks for. all is about how many
// there are.
func (r *replay) deliverTable(ctx context.Context, p *deliver.Pipeline, t sink.Table, f stored.Filter, mark *bookmark, all int) error {
	r.bar = r.progress()
	begin, done := time.Now(), 0
	var stop error
	for page, err := range r.pagesOf(ctx, t, f, all) {
		stop = err
		if ctx.Err() != nil {
			stop = errors.New("interrupted")
		}
		if stop == nil {
			stop = r.deliverPage(ctx, p, t.String(), page)
		}
		if stop == nil {
			done += len(page)
			stop = mark.move(page[len(page)-1].Place(), len(page))
		}
		if stop != nil {
			break
		}
		r.bar.show("%s, %d failed", pace(done, all, time.Since(begin)), r.failed+r.broken)
	}
	r.bar.clear()
	if stop == nil {
		stop = mark.remove()
		return errors.Join(r.reportTable(), stop)
	}
	_ = r.reportTable() // the error is the one that stopped it
	return r.stopped(stop, mark, all-done)
}

// pagesOf returns the pages to deliver. Without -limit they end where the filter
// does: rows may have come since the count.
func (r *replay) pagesOf(ctx context.Context, t sink.Table, f stored.Filter, all int) iter.Seq2[[]stored.Row, error] {
	if r.limit == 0 {
		return pages(ctx, t, f, 0)
	}
	if all == 0 {
		return func(func([]stored.Row, error) bool) {}
	}
	return pages(ctx, t, f, all)
}

// deliverPage delivers a page. If a sink is down, its events are tried again. If it
// stays down, deliverPage returns an error, and the page is not done.
func (r *replay) deliverPage(ctx context.Context, p *deliver.Pipeline, place string, page []stored.Row) error {
	var left []located
	for _, row := range page {
		e, err := row.Event()
		if err != nil {
			r.breaks(place, fmt.Errorf("event %s: %w", row.ID, err))
			continue
		}
		e.Parking = nil // it gets another chance
		left = append(left, located{e, place})
	}
	if r.dryRun {
		r.list(left)
		return nil
	}
	for tries := 1; ; tries++ {
		down, cause := r.noteAll(left, redeliver.Page(ctx, p, eventsOf(left)))
		if len(down) == 0 {
			return nil
		}
		if tries == maxDown || ctx.Err() != nil {
			r.untried += len(down)
			return fmt.Errorf("a sink is down: %w", cause)
		}
		left = down
	}
}

// noteAll notes what became of events. It returns those that found a sink down,
// and why.
func (r *replay) noteAll(events []located, results []deliver.Result) (down []located, cause error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, result := range results {
		if failed(result) && result.Down {
			down, cause = append(down, events[i]), result.Cause
			continue
		}
		r.note(events[i], result)
	}
	return down, cause
}

// reportTable prints the totals and returns the error of a complete replay.
func (r *replay) reportTable() error {
	what := "delivered"
	if r.dryRun {
		what = "would be delivered"
	}
	r.say("%d %s, %d delivered before, %s%d failed, %d not tried; %d could not be read",
		r.delivered, what, r.repeated, r.sorted(), r.failed, r.untried, r.broken)
	failed := r.failed + r.broken
	all := failed + r.delivered + r.repeated + r.unwanted
	return count(failed, all, "%d of %d events were not delivered", failed, all)
}

// stopped returns the error of an incomplete replay. It says how to go on. left is
// about how many events are left.
func (r *replay) stopped(err error, mark *bookmark, left int) error {
	status := statusFailed
	if r.delivered > 0 && !r.dryRun {
		status = statusPartly
	}
	how := "run it again"
	switch {
	case mark.file != "":
		how = "the same command goes on there"
	case !mark.Place.IsZero():
		how = "to go on, -after " + mark.Place.String()
		if r.limit > 0 {
			how += fmt.Sprintf(" -limit %d", left)
		}
	}
	return &statusError{status, fmt.Sprintf("%v: about %d %s left; %s", err, left, plural(left, "event is", "events are"), how)}
}
