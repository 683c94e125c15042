package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// claim is what a confirm, or an answer 200, says: this event is durable.
type claim struct {
	n  int
	id string // of the row that it must have
}

// notary checks claims: it asks the database, over a connection of its own, before a
// confirm reaches VOD and after a callback is answered.
type notary struct {
	db     *database
	ledger *ledger

	mu   sync.Mutex
	late []claim // made while the database did not answer
}

// patience is how long a claim waits for the database before it is kept for later: a
// durable row survives whatever happens to the database.
const patience = 2 * time.Second

// witness checks claims now, or keeps them for later.
func (c *notary) witness(ctx context.Context, claims ...claim) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := c.check(ctx, claims); err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.late = append(c.late, claims...)
	}
}

// catchUp checks the claims that were kept. The database must be there.
func (c *notary) catchUp(ctx context.Context) error {
	c.mu.Lock()
	late := c.late
	c.late = nil
	c.mu.Unlock()
	if len(late) == 0 {
		return nil
	}
	c.ledger.count(func(n *counts) { n.late += len(late) })
	return c.check(ctx, late)
}

func (c *notary) check(ctx context.Context, claims []claim) error {
	ids := make([]string, len(claims))
	for i, one := range claims {
		ids[i] = "'" + one.id + "'" // hex digits
	}
	rowsOf := map[string]rowState{}
	err := c.db.admin.query(ctx, "SELECT id, parkreason IS NOT NULL, sunk_at IS NOT NULL FROM vod_events WHERE id IN ("+strings.Join(ids, ",")+")", func(r rows) error {
		for r.Next() {
			var id string
			var f rowState
			if err := r.Scan(&id, &f.parked, &f.sunk); err != nil {
				return err
			}
			rowsOf[id] = f
		}
		return r.Err()
	})
	if err != nil {
		return err
	}
	c.ledger.confirms(claims, rowsOf)
	return nil
}

// rowState is what a row says about the fate of its event.
type rowState struct{ parked, sunk bool }

// confirms compares claims with the rows in the database.
func (l *ledger) confirms(claims []claim, rowsOf map[string]rowState) {
	l.count(func(n *counts) { n.checked += len(claims) })
	for _, one := range claims {
		row, ok := rowsOf[one.id]
		switch {
		case !ok:
			l.breaks(one.n, early, "there is no row %s", one.id)
		case !row.sunk && !row.parked:
			l.breaks(one.n, early, "the row %s is neither delivered nor parked", one.id)
		case !row.parked && wanted(l.kind(one.n)) && !l.isTaken(one.n):
			l.breaks(one.n, early, "the receiver does not have it")
		}
	}
}

func (l *ledger) kind(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.records[n].kind
}

// beforeConfirm is a control of ConfirmEvents: it checks each handle of a call before
// VOD sees the call.
func (s *run) beforeConfirm(call *vodfake.Call) *vodfake.Fault {
	var request struct{ EventHandles []string }
	if json.Unmarshal(call.Body, &request) != nil {
		return nil
	}
	var claims []claim
	for _, handle := range request.EventHandles {
		id, n, ok := s.ledger.leased(handle)
		if !ok {
			continue // its lease is over, or it was confirmed before
		}
		e, ok := s.vod.Event(id)
		if !ok {
			continue
		}
		if n == 0 { // the stand-in's own copy, or one that was pulled just now
			n = numberOf(e.Body)
			s.ledger.link(id, n)
		}
		if s.ledger.mark(n) == garbage {
			continue // its id depends on all that VOD adds; the end shows its row
		}
		parsed, err := event.Parse(withHandle(e.Body, handle), event.Origin{Mode: event.Reliable})
		if err != nil || !parsed.StableID {
			s.ledger.breaks(n, altered, "what is sent has no id: %v", err)
			continue
		}
		claims = append(claims, claim{n, parsed.ID})
		s.ledger.note(n, "the function confirms it", handle)
	}
	if len(claims) > 0 {
		s.notary.witness(call.Context, claims...)
	}
	return nil
}

func (l *ledger) mark(n int) mark {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.records[n].do
}

// withHandle is an event as PullEvents answers it.
func withHandle(body []byte, handle string) []byte {
	return fmt.Appendf(nil, `{"EventHandle":%q,%s`, handle, body[1:])
}
