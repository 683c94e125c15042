package sqltable

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
)

// Fault says whose fault an error is.
type Fault int

const (
	// OfServer: nothing that one event has to do with: connections, rights, a
	// table that is not as it should be, a full disk, a server that stops. The
	// whole batch waits.
	OfServer Fault = iota

	// OfEvent: a trigger or a constraint that somebody added refuses this
	// event; it may change its mind.
	OfEvent

	// OfData: no later try will take these bytes.
	OfData
)

// Writer writes events into a table.
type Writer struct {
	// Write inserts the events in one statement, with their data as bytes only
	// when rawOnly is set.
	Write func(ctx context.Context, events []*event.Event, rawOnly bool) error

	// FaultOf says whose fault an error of Write is.
	FaultOf func(error) Fault
}

// Send writes the batch in one statement. Only where the server refuses an
// event of the batch are they sent one by one, and that event gets an error of
// its own; see [deliver.Sink].
func (w *Writer) Send(ctx context.Context, events []*event.Event) []error {
	errs := make([]error, len(events))
	if len(events) == 0 {
		return errs
	}
	err := w.Write(ctx, events, false)
	if err == nil {
		return errs
	}
	if w.FaultOf(err) == OfServer {
		return deliver.FailAll(len(events), deliver.Unavailable(err, 0))
	}
	for i := range events {
		errs[i] = w.sendOne(ctx, events[i:i+1])
	}
	return errs
}

func (w *Writer) sendOne(ctx context.Context, one []*event.Event) error {
	err := w.Write(ctx, one, false)
	if err != nil && w.FaultOf(err) == OfData {
		err = w.Write(ctx, one, true) // a column for JSON cannot hold it, one for bytes can
	}
	if err == nil {
		return nil
	}
	switch w.FaultOf(err) {
	case OfData:
		return deliver.Permanent(err)
	case OfEvent:
		return err
	default:
		return deliver.Unavailable(err, 0)
	}
}

// Sorted are the events in the order of their ids, so that batches that share
// events wait for each other instead of dying in a deadlock, and each id once.
func Sorted(events []*event.Event) []*event.Event {
	sorted := slices.SortedStableFunc(slices.Values(events), func(a, b *event.Event) int {
		return strings.Compare(a.ID, b.ID)
	})
	return slices.CompactFunc(sorted, func(a, b *event.Event) bool { return a.ID == b.ID })
}

// Text is s as any column for text can hold it: U+FFFD stands for NUL and for
// what is no UTF-8.
func Text(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.ReplaceAll(s, "\x00", "\uFFFD")
}

// Indexable is text cut to the length that fits into an index, in bytes; the
// whole is in data.
func Indexable(s string, most int) string {
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return Text(s)
}
