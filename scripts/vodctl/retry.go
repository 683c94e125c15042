package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"vodevents/shared/vod"
)

const (
	// maxRetries is how often a call of VOD is repeated. The pauses add up to at
	// least 1.4 s, so a limit of calls a second has passed by then.
	maxRetries = 3

	// firstPause is the shortest pause before the first retry. Each next one is
	// twice as long, and up to twice as long again by chance, so that two
	// commands do not meet a second time.
	firstPause = 200 * time.Millisecond

	// patience is how long a person waits without being told why.
	patience = time.Second
)

// retry is the vod.Options.Retry of every command: it waits and says yes, three
// times. RequestLimitExceeded and failures that pass delay a command by a moment
// instead of ending it.
func (p *program) retry(ctx context.Context, err error, tries int, since time.Duration) bool {
	if tries > maxRetries || ctx.Err() != nil {
		return false
	}
	pause := firstPause << (tries - 1)
	pause += rand.N(pause)
	if since+pause > patience {
		p.say("vodctl: %s; trying again (%d of %d)", brief(err), tries, maxRetries)
	}
	return sleep(ctx, pause)
}

// sleep returns false if ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// brief says what failed, without the advice that comes with the last failure.
func brief(err error) string {
	var failed *vod.Error
	if !errors.As(err, &failed) {
		return err.Error()
	}
	return fmt.Sprintf("%s failed with %s", failed.Action, failed.Code)
}
