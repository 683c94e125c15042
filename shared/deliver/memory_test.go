package deliver_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	delivertest.TestStore(t, func(testing.TB) (a, b deliver.Store, pass func(time.Duration)) {
		var passed atomic.Int64
		m := deliver.NewMemoryAt(func() time.Time { return time.Now().Add(time.Duration(passed.Load())) })
		return m, m, func(d time.Duration) { passed.Add(int64(d)) }
	})
}

// An event is claimed before it is delivered and settled afterwards; whoever
// meets it meanwhile leaves it, and later knows that it is done.
func ExampleMemory() {
	var store deliver.Store = deliver.NewMemory()
	ctx := context.Background()
	ids := []string{"5f2c9b0e7a1d4c3b8e6f0a9d2b7c1e44"}

	mine, _ := store.Claim(ctx, "invocation 1", ids, time.Hour, false)
	others, _ := store.Claim(ctx, "invocation 2", ids, time.Hour, false)
	fmt.Println(mine[0].Mine, others[0].Mine, others[0].State)

	_ = store.Settle(ctx, "invocation 1", []deliver.Outcome{{ID: ids[0], State: deliver.StateDone}})
	again, _ := store.Claim(ctx, "invocation 2", ids, time.Hour, false)
	fmt.Println(again[0].Mine, again[0].State)
	// Output:
	// true false claimed
	// false done
}
