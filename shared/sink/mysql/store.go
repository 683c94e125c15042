package mysql

import (
	"context"
	"database/sql/driver"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/sink/internal/sqltable"
)

// DefaultDedupTable is the table of a [Store] whose URL names none.
const DefaultDedupTable = sqltable.DefaultDedupTable

var _ deliver.Store = (*Store)(nil)

// Store remembers the state of events in a table, for all instances of both
// functions. It implements [deliver.Store].
//
// Time is the server's alone: no clock of an instance matters.
type Store struct {
	pool    *sqltable.Share[*conn]
	table   *sqltable.Table
	tidying sqltable.Tidying
	now     func() time.Time // for tidying only
}

// OpenStore returns the store of a URL such as
//
//	mysql://user:password@host:3306/database?dedup_table=vod_dedup
//
// whose parameters are those of [Open], but that dedup_table names the table,
// by default [DefaultDedupTable].
func OpenStore(u *url.URL) (*Store, error) { return new(Pools).OpenStore(u) }

func newStore(pool *sqltable.Share[*conn], table string) *Store {
	return &Store{pool: pool, now: time.Now, table: &sqltable.Table{
		Name:    table,
		Create:  fmt.Sprintf(createDedup, table),
		Upgrade: upgrade(table, upgradeDedup),
	}}
}

const createDedup = `
CREATE TABLE IF NOT EXISTS %s (
	id          CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
	state       VARCHAR(16) NOT NULL DEFAULT '',
	claimant    VARCHAR(255) NOT NULL DEFAULT '',
	claim       BIGINT NOT NULL DEFAULT 0,
	until       DATETIME(6),
	attempts    INT NOT NULL DEFAULT 0,
	first_error MEDIUMTEXT,
	last_error  MEDIUMTEXT,
	changed_at  DATETIME(6) NOT NULL,
	KEY changed_idx (changed_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`

// upgradeDedup are the columns that a table of an earlier version may lack.
var upgradeDedup = []string{
	"claimant VARCHAR(255) NOT NULL DEFAULT ''", "claim BIGINT NOT NULL DEFAULT 0", "until DATETIME(6)",
	"attempts INT NOT NULL DEFAULT 0", "first_error MEDIUMTEXT", "last_error MEDIUMTEXT",
}

// claimIDs are one statement that claims and one that reads, for MySQL has no
// RETURNING. Each is a transaction of its own. @claim marks this call's claims, so
// that the second statement knows them, and that both may run again after a lost
// answer.
//
// Assignments are evaluated from left to right and see what the ones before have
// assigned: claim comes after what reads it, and until, which @free reads, after
// all others. What is claimed by then is free by its claim.
const claimIDs = `INSERT INTO @table (id, claimant, until, claim, changed_at) VALUES @rows
ON DUPLICATE KEY UPDATE
	claimant   = IF(@free, VALUES(claimant), claimant),
	changed_at = IF(@free, VALUES(changed_at), changed_at),
	claim      = IF(@free, VALUES(claim), claim),
	until      = IF(@free, VALUES(until), until)`

const isFree = `(claim = VALUES(claim) OR (until IS NULL OR until <= UTC_TIMESTAMP(6)) AND (state = '' OR state = 'parked' AND @parked))`

const readClaims = `SELECT id, claim = ?, until > UTC_TIMESTAMP(6), state, attempts, first_error, last_error FROM @table WHERE id IN (@ids)`

// Claim implements [deliver.Store], in two round trips. It makes the table if
// there is none.
func (s *Store) Claim(ctx context.Context, claimant string, ids []string, lasts time.Duration, takeParked bool) ([]deliver.Record, error) {
	records := make([]deliver.Record, len(ids))
	if len(ids) == 0 {
		return records, nil
	}
	sorted := slices.Sorted(slices.Values(ids)) // or two claimants could lock each other out
	claim := rand.Int64() | 1                   // never 0
	var args []any
	for _, id := range sorted {
		args = append(args, id, claimant, lasts.Microseconds(), claim)
	}
	free := strings.ReplaceAll(isFree, "@parked", map[bool]string{false: "FALSE", true: "TRUE"}[takeParked])
	insert := strings.NewReplacer("@free", free, "@table", s.table.Name,
		"@rows", list(len(ids), "(?, ?, UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, ?, UTC_TIMESTAMP(6))")).Replace(claimIDs)
	read := strings.NewReplacer("@table", s.table.Name, "@ids", list(len(ids), "?")).Replace(readClaims)
	err := s.pool.Use(ctx, s.table, func(c *conn) error {
		if err := c.exec(ctx, insert, args...); err != nil {
			return err
		}
		return c.query(ctx, func(row []driver.Value) error {
			if i := slices.Index(ids, text(row[0])); i >= 0 {
				records[i] = record(row)
			}
			return nil
		}, read, append([]any{claim}, anys(sorted)...)...)
	})
	if err != nil {
		return nil, err
	}
	return records, nil
}

// record is a row of readClaims. An event that is free although it was not
// claimed has been somebody's when this call asked for it.
func record(row []driver.Value) deliver.Record {
	r := deliver.Record{
		Mine: integer(row[1]) != 0, State: deliver.State(text(row[3])),
		Attempts: integer(row[4]), FirstError: text(row[5]), LastError: text(row[6]),
	}
	if !r.Mine && (integer(row[2]) != 0 || r.State == deliver.StateFree) {
		r.State = deliver.StateClaimed
	}
	return r
}

// renewIDs locks the rows in the order of their ids, as all statements do.
const renewIDs = `UPDATE @table SET until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, changed_at = UTC_TIMESTAMP(6)
WHERE id IN (@ids) AND claimant = ? AND until IS NOT NULL ORDER BY id`

// Renew implements [deliver.Store].
func (s *Store) Renew(ctx context.Context, claimant string, ids []string, lasts time.Duration) error {
	if len(ids) == 0 {
		return nil
	}
	args := append(append([]any{lasts.Microseconds()}, anys(slices.Sorted(slices.Values(ids)))...), claimant)
	sql := strings.NewReplacer("@table", s.table.Name, "@ids", list(len(ids), "?")).Replace(renewIDs)
	return s.pool.Use(ctx, s.table, func(c *conn) error { return c.exec(ctx, sql, args...) })
}

// settleIDs assigns until last, which the condition reads.
const settleIDs = `INSERT INTO @table (id, state, attempts, first_error, last_error, changed_at) VALUES @rows
ON DUPLICATE KEY UPDATE
	state       = IF(@ours, VALUES(state), state),
	attempts    = IF(@ours, VALUES(attempts), attempts),
	first_error = IF(@ours, VALUES(first_error), first_error),
	last_error  = IF(@ours, VALUES(last_error), last_error),
	changed_at  = IF(@ours, VALUES(changed_at), changed_at),
	claim       = IF(@ours, 0, claim),
	until       = IF(@ours, NULL, until)`

const isOurs = `(VALUES(state) = 'done' OR until IS NOT NULL AND claimant = ?)`

// Settle implements [deliver.Store]. Now and then it removes rows that are older
// than [deliver.Keep].
func (s *Store) Settle(ctx context.Context, claimant string, outcomes []deliver.Outcome) error {
	if len(outcomes) == 0 {
		return nil
	}
	var args []any
	for _, o := range sqltable.SortedOutcomes(outcomes) {
		args = append(args, o.ID, string(o.State), int64(o.Attempts), sqltable.Text(o.FirstError), sqltable.Text(o.LastError))
	}
	for range strings.Count(settleIDs, "@ours") {
		args = append(args, claimant)
	}
	sql := strings.NewReplacer("@ours", isOurs, "@table", s.table.Name,
		"@rows", list(len(outcomes), "(?, ?, ?, ?, ?, UTC_TIMESTAMP(6))")).Replace(settleIDs)
	err := s.pool.Use(ctx, s.table, func(c *conn) error { return c.exec(ctx, sql, args...) })
	if err == nil && s.tidying.IsDue(s.now()) {
		_ = s.tidy(ctx) // the outcomes are safe; rows that stay for now are removed next time
	}
	return err
}

const (
	oldIDs    = `SELECT id FROM @table WHERE changed_at < UTC_TIMESTAMP(6) - INTERVAL ? SECOND ORDER BY changed_at LIMIT ?`
	deleteIDs = `DELETE FROM @table WHERE id IN (@ids) AND changed_at < UTC_TIMESTAMP(6) - INTERVAL ? SECOND`
)

// tidy removes old rows. It looks for them without locks, and locks them in the
// order of their ids.
func (s *Store) tidy(ctx context.Context) error {
	keep := int64(deliver.Keep.Seconds())
	return s.pool.Use(ctx, s.table, func(c *conn) error {
		var ids []string
		err := c.query(ctx, func(row []driver.Value) error {
			ids = append(ids, text(row[0]))
			return nil
		}, strings.ReplaceAll(oldIDs, "@table", s.table.Name), keep, int64(sqltable.TidyRows))
		if err != nil || len(ids) == 0 {
			return err
		}
		slices.Sort(ids)
		sql := strings.NewReplacer("@table", s.table.Name, "@ids", list(len(ids), "?")).Replace(deleteIDs)
		return c.exec(ctx, sql, append(anys(ids), keep)...)
	})
}

// CloseIdle implements [deliver.Store].
func (s *Store) CloseIdle() { s.pool.CloseStale() }

// Close implements [deliver.Store].
func (s *Store) Close() error { return s.pool.Close() }
