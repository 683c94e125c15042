package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/sink/internal/sqltable"
)

const (
	unparkRows = `UPDATE %[1]s SET ` + sqltable.Unmark + ` WHERE id = ANY($1::text[]) AND parkreason IS NOT NULL RETURNING id`

	// discardRows looks at parkreason and sunk_at of the row as it is when it is
	// locked: a delivery may have changed them meanwhile.
	discardRows = `
WITH kept AS (UPDATE %[1]s SET ` + sqltable.Unmark + ` WHERE id = ANY($1::text[]) AND parkreason IS NOT NULL AND sunk_at IS NOT NULL RETURNING id),
	gone AS (DELETE FROM %[1]s WHERE id = ANY($1::text[]) AND parkreason IS NOT NULL AND sunk_at IS NULL RETURNING id)
SELECT id FROM kept UNION ALL SELECT id FROM gone`
)

// Unpark takes the mark of a parked event off the rows with these ids, which were
// delivered, and returns the ids of those that had it. The rows stay. It needs the
// rights SELECT and UPDATE.
func (t *Table) Unpark(ctx context.Context, ids []string) ([]string, error) {
	return t.change(ctx, unparkRows, ids)
}

// Discard gives up the parked events with these ids and returns the ids of those
// that it found parked. A row that the table has only as a dead letter is deleted.
// One that the table took as SINK too loses its mark and stays: there it is a
// delivered event. It needs the rights SELECT, UPDATE and DELETE.
func (t *Table) Discard(ctx context.Context, ids []string) ([]string, error) {
	return t.change(ctx, discardRows, ids)
}

// change runs a statement that takes ids and returns those that it changed.
func (t *Table) change(ctx context.Context, statement string, ids []string) (changed []string, err error) {
	err = t.pool.Use(ctx, nil, func(c *conn) error {
		rows, err := c.Query(ctx, fmt.Sprintf(statement, t.name), ids)
		if err != nil {
			return err
		}
		changed, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return nil, t.wrap(err)
	}
	return changed, nil
}
