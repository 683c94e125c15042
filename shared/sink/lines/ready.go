package lines

import "context"

// Ready returns nil if the file can be opened and locked. It writes nothing, but
// makes a file that is not there.
func (s *Sink) Ready(ctx context.Context) error {
	return inTurn(ctx, s.turn, "file", 1, func() error {
		if s.closed {
			return errClosed
		}
		unlock, err := s.openLocked(ctx)
		if err != nil {
			return err
		}
		unlock()
		return nil
	})[0]
}
