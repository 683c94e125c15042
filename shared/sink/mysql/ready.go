package mysql

import "context"

// Ready returns nil if the table can be written now. It writes nothing.
func (s *Sink) Ready(ctx context.Context) error { return s.pool.Ready(ctx, s.table) }

// Ready returns nil if the table can be written now. It writes nothing.
func (s *Store) Ready(ctx context.Context) error { return s.pool.Ready(ctx, s.table) }
