package deliver

import (
	"context"
	"sync"
	"time"
)

// Off is the store of DEDUP=off. It lets every event pass and remembers only
// the attempts of those that failed, within a warm instance, because parking
// counts them.
type Off struct {
	mu     sync.Mutex
	failed map[string]Outcome
}

// maxFailed bounds Off. Past it the counting starts again, which parks later.
const maxFailed = 65_536

// Claim implements [Store].
func (o *Off) Claim(_ context.Context, _ string, ids []string, _ time.Duration, _ bool) ([]Record, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	records := make([]Record, len(ids))
	for i, id := range ids {
		f := o.failed[id]
		records[i] = Record{Mine: true, Attempts: f.Attempts, FirstError: f.FirstError, LastError: f.LastError}
	}
	return records, nil
}

// Renew implements [Store]; there are no claims.
func (o *Off) Renew(context.Context, string, []string, time.Duration) error { return nil }

// Settle implements [Store].
func (o *Off) Settle(_ context.Context, _ string, outcomes []Outcome) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, out := range outcomes {
		if out.State != StateFree || out.Attempts == 0 {
			delete(o.failed, out.ID)
			continue
		}
		if o.failed == nil || len(o.failed) >= maxFailed {
			o.failed = make(map[string]Outcome)
		}
		o.failed[out.ID] = out
	}
	return nil
}

func (o *Off) CloseIdle()   {}
func (o *Off) Close() error { return nil }
