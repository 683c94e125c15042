package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/deliver"
	"vodevents/shared/sink/internal/sqltable"
)

// DefaultDedupTable is the table of a [Store] whose URL names none.
const DefaultDedupTable = sqltable.DefaultDedupTable

// Store remembers the state of events in a table, for all instances of both
// functions. It implements [deliver.Store].
//
// Time is the server's alone: no clock of an instance matters.
type Store struct {
	pool    *sqltable.Share[*conn]
	table   *sqltable.Table
	claim   string
	renew   string
	settle  string
	tidy    string
	tidying sqltable.Tidying
	now     func() time.Time // for tidying only
}

// OpenStore returns the store of a URL such as
//
//	postgres://user:password@host/database?dedup_table=vod_dedup
//
// whose parameters are those of [Open], but that dedup_table names the table,
// by default [DefaultDedupTable]. synchronous_commit is set in the store's own
// transactions alone.
func OpenStore(u *url.URL) (*Store, error) { return new(Pools).OpenStore(u) }

// newStore returns the store in a table. commit is its synchronous_commit, or
// empty: as the session has it.
func newStore(pool *sqltable.Share[*conn], table pgx.Identifier, commit string) *Store {
	name := table.Sanitize()
	// Part of the statement, the setting costs no round trip, and it ends with
	// the transaction.
	setting := "true"
	if commit != "" {
		setting = "set_config('synchronous_commit', '" + commit + "', true) IS NOT NULL"
	}
	return &Store{
		pool: pool,
		table: &sqltable.Table{
			Name:    name,
			Create:  fmt.Sprintf(createDedup, createLock, name, index(table, "_changed_idx")),
			Upgrade: []string{fmt.Sprintf(upgradeDedup, name)},
		},
		claim:  fmt.Sprintf(claimIDs, name, isFree, setting),
		renew:  fmt.Sprintf(renewIDs, name, setting),
		settle: fmt.Sprintf(settleIDs, name, setting),
		tidy:   fmt.Sprintf(tidyIDs, name),
		now:    time.Now,
	}
}

const createDedup = `
SELECT pg_advisory_xact_lock(%[1]d);
CREATE TABLE IF NOT EXISTS %[2]s (
	id          text COLLATE "C" PRIMARY KEY,
	state       text NOT NULL DEFAULT '',
	claimant    text NOT NULL DEFAULT '',
	claim       bigint NOT NULL DEFAULT 0,
	until       timestamptz,
	attempts    integer NOT NULL DEFAULT 0,
	first_error text NOT NULL DEFAULT '',
	last_error  text NOT NULL DEFAULT '',
	changed_at  timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS %[3]s ON %[2]s (changed_at);
`

// upgradeDedup adds what a table of an earlier version may lack.
const upgradeDedup = `ALTER TABLE %[1]s ADD COLUMN IF NOT EXISTS claimant text NOT NULL DEFAULT '', ` +
	`ADD COLUMN IF NOT EXISTS claim bigint NOT NULL DEFAULT 0, ADD COLUMN IF NOT EXISTS until timestamptz, ` +
	`ADD COLUMN IF NOT EXISTS attempts integer NOT NULL DEFAULT 0, ` +
	`ADD COLUMN IF NOT EXISTS first_error text NOT NULL DEFAULT '', ADD COLUMN IF NOT EXISTS last_error text NOT NULL DEFAULT ''`

// claimIDs updates every row that is there, those that are not ours with what
// they hold: only an update returns a row as it is now and not as it was when
// the statement began. $3 is how long a claim lasts, in seconds. $4 marks this
// call's claims, so that it may run again after a lost answer.
const claimIDs = `
INSERT INTO %[1]s AS t (id, claimant, until, claim, changed_at)
SELECT id, $2::text, now() + make_interval(secs => $3), $4::bigint, now() FROM unnest($1::text[]) AS id
WHERE %[3]s
ON CONFLICT (id) DO UPDATE SET
	claimant   = CASE WHEN %[2]s THEN excluded.claimant   ELSE t.claimant   END,
	until      = CASE WHEN %[2]s THEN excluded.until      ELSE t.until      END,
	claim      = CASE WHEN %[2]s THEN excluded.claim      ELSE t.claim      END,
	changed_at = CASE WHEN %[2]s THEN excluded.changed_at ELSE t.changed_at END
RETURNING id, claim = $4, until > now(), state, attempts, first_error, last_error`

// isFree: state is what holds beside a claim, and again when one runs out.
const isFree = `t.claim = $4 OR (t.until IS NULL OR t.until <= now()) AND (t.state = '' OR t.state = 'parked' AND $5::boolean)`

// renewIDs locks the rows in one order, as all statements do, or two of them
// could lock each other out.
const renewIDs = `
WITH mine AS (
	SELECT id FROM %[1]s WHERE id = ANY($1::text[]) AND claimant = $2::text AND until IS NOT NULL
	ORDER BY id FOR UPDATE)
UPDATE %[1]s AS t SET until = now() + make_interval(secs => $3), changed_at = now()
FROM mine WHERE t.id = mine.id AND %[2]s`

const settleIDs = `
INSERT INTO %[1]s AS t (id, state, attempts, first_error, last_error, changed_at)
SELECT id, state, attempts, first_error, last_error, now()
FROM unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::text[])
	AS o (id, state, attempts, first_error, last_error)
WHERE %[2]s
ON CONFLICT (id) DO UPDATE SET
	state = excluded.state, until = NULL, claim = 0, attempts = excluded.attempts,
	first_error = excluded.first_error, last_error = excluded.last_error, changed_at = excluded.changed_at
WHERE excluded.state = 'done' OR t.until IS NOT NULL AND t.claimant = $6::text`

const tidyIDs = `
DELETE FROM %[1]s WHERE id IN (
	SELECT id FROM %[1]s WHERE changed_at < now() - make_interval(secs => $1)
	ORDER BY changed_at LIMIT $2 FOR UPDATE SKIP LOCKED)`

// Claim implements [deliver.Store]. It makes the table if there is none.
func (s *Store) Claim(ctx context.Context, claimant string, ids []string, lasts time.Duration, takeParked bool) ([]deliver.Record, error) {
	records := make([]deliver.Record, len(ids))
	if len(ids) == 0 {
		return records, nil
	}
	sorted := slices.Sorted(slices.Values(ids)) // or two claimants could lock each other out
	claim := rand.Int64() | 1                   // never 0
	err := s.pool.Use(ctx, s.table, func(c *conn) error {
		rows, err := c.Query(ctx, s.claim, sorted, claimant, lasts.Seconds(), claim, takeParked)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var (
				id            string
				r             deliver.Record
				state         string
				claimed       *bool
				first, latest string
			)
			if err := rows.Scan(&id, &r.Mine, &claimed, &state, &r.Attempts, &first, &latest); err != nil {
				return err
			}
			r.State, r.FirstError, r.LastError = deliver.State(state), first, latest
			if !r.Mine && claimed != nil && *claimed {
				r.State = deliver.StateClaimed
			}
			if i := slices.Index(ids, id); i >= 0 {
				records[i] = r
			}
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return records, nil
}

// Renew implements [deliver.Store].
func (s *Store) Renew(ctx context.Context, claimant string, ids []string, lasts time.Duration) error {
	return s.pool.Use(ctx, s.table, func(c *conn) error {
		_, err := c.Exec(ctx, s.renew, ids, claimant, lasts.Seconds())
		return err
	})
}

// Settle implements [deliver.Store]. Now and then it removes rows that are
// older than [deliver.Keep].
func (s *Store) Settle(ctx context.Context, claimant string, outcomes []deliver.Outcome) error {
	n := len(outcomes)
	if n == 0 {
		return nil
	}
	sorted := sqltable.SortedOutcomes(outcomes)
	ids, states, attempts := make([]string, n), make([]string, n), make([]int32, n)
	first, last := make([]string, n), make([]string, n)
	for i, o := range sorted {
		ids[i], states[i], attempts[i] = o.ID, string(o.State), int32(o.Attempts)
		first[i], last[i] = sqltable.Text(o.FirstError), sqltable.Text(o.LastError)
	}
	err := s.pool.Use(ctx, s.table, func(c *conn) error {
		_, err := c.Exec(ctx, s.settle, ids, states, attempts, first, last, claimant)
		return err
	})
	if err == nil && s.tidying.IsDue(s.now()) {
		// The outcomes are safe; rows that stay for now are removed next time.
		_ = s.pool.Use(ctx, s.table, func(c *conn) error {
			_, err := c.Exec(ctx, s.tidy, deliver.Keep.Seconds(), sqltable.TidyRows)
			return err
		})
	}
	return err
}

// CloseIdle implements [deliver.Store].
func (s *Store) CloseIdle() { s.pool.CloseStale() }

// Close implements [deliver.Store].
func (s *Store) Close() error { return s.pool.Close() }
