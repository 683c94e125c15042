package mysql

import (
	"context"
	"database/sql/driver"
	"slices"

	"vodevents/shared/sink/internal/sqltable"
)

// Unpark takes the mark of a parked event off the rows with these ids, which were
// delivered, and returns the ids of those that had it. The rows stay. It needs the
// rights SELECT and UPDATE.
func (t *Table) Unpark(ctx context.Context, ids []string) ([]string, error) {
	return t.change(ctx, ids, "UPDATE "+t.name+" SET "+sqltable.Unmark+" WHERE id IN ")
}

// Discard gives up the parked events with these ids and returns the ids of those
// that it found parked. A row that the table has only as a dead letter is deleted.
// One that the table took as SINK too loses its mark and stays: there it is a
// delivered event. It needs the rights SELECT, UPDATE and DELETE.
func (t *Table) Discard(ctx context.Context, ids []string) ([]string, error) {
	return t.change(ctx, ids,
		"DELETE FROM "+t.name+" WHERE sunk_at IS NULL AND id IN ",
		"UPDATE "+t.name+" SET "+sqltable.Unmark+" WHERE id IN ")
}

// change locks the rows that are parked, in the order of their ids as sinks do,
// and runs statements that end before a list of ids.
func (t *Table) change(ctx context.Context, ids []string, statements ...string) (parked []string, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	sorted := anys(slices.Sorted(slices.Values(ids)))
	err = t.pool.Use(ctx, nil, func(c *conn) error {
		parked = nil // it may run twice
		return c.transaction(ctx, func() error {
			err := c.query(ctx, func(row []driver.Value) error {
				parked = append(parked, text(row[0]))
				return nil
			}, "SELECT id FROM "+t.name+" WHERE parkreason IS NOT NULL AND id IN ("+list(len(sorted), "?")+") ORDER BY id FOR UPDATE", sorted...)
			if err != nil || len(parked) == 0 {
				return err
			}
			for _, s := range statements {
				if err := c.exec(ctx, s+"("+list(len(parked), "?")+")", anys(parked)...); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return nil, t.wrap(err)
	}
	return parked, nil
}
