package sqltable

import "context"

// Ready returns nil if the table can be written now. It inserts no row, but the
// server checks what it would for one: the connection, the rights, the table, and
// whether it takes writes at all. A table that is missing is made.
func (s *Share[C]) Ready(ctx context.Context, table *Table) error {
	nothing := "INSERT INTO " + table.Name + " SELECT * FROM " + table.Name + " WHERE FALSE"
	return s.Use(ctx, table, func(c C) error { return s.Exec(ctx, c, nothing) })
}
