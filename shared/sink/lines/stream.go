package lines

import (
	"context"
	"io"

	"vodevents/shared/event"
)

// Stream writes one CloudEvent per line to a writer that is already open, such
// as standard output. Nothing is synced.
type Stream struct {
	turn   chan struct{} // holds one token; who has it owns everything below
	w      io.Writer
	buf    []byte
	closed bool
}

// NewStream returns a sink that writes to w, which stays open when the sink is
// closed.
func NewStream(w io.Writer) *Stream {
	return &Stream{turn: make(chan struct{}, 1), w: w}
}

// Send writes the batch in one Write of w. It fails or succeeds as a whole, and
// every error is [deliver.Unavailable], as with [Sink.Send].
func (s *Stream) Send(ctx context.Context, events []*event.Event) []error {
	return inTurn(ctx, s.turn, "stdout", len(events), func() error { return s.write(events) })
}

func (s *Stream) write(events []*event.Event) error {
	if s.closed {
		return errClosed
	}
	buf := appendLines(s.buf[:0], events)
	if cap(buf) <= keepBuffer {
		s.buf = buf
	}
	_, err := s.w.Write(buf)
	return err
}

// CloseIdle does nothing: there is no connection.
func (s *Stream) CloseIdle() {}

// Close ends the sink, but not what was given to [NewStream].
func (s *Stream) Close() error {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	s.closed = true
	return nil
}
