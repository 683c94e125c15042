package deliver_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	delivertest.TestStore(t, func(_ testing.TB, now func() time.Time) (a, b deliver.Store) {
		m := deliver.NewMemoryAt(now)
		return m, m
	})
}

// An event is claimed before it is delivered and settled afterwards; whoever
// meets it meanwhile leaves it, and later knows that it is done.
func ExampleMemory() {
	var store deliver.Store = deliver.NewMemory()
	ctx := context.Background()
	ids := []string{"5f2c9b0e7a1d4c3b8e6f0a9d2b7c1e44"}
	until := time.Now().Add(28 * time.Second)

	mine, _ := store.Claim(ctx, "invocation 1", ids, until, false)
	others, _ := store.Claim(ctx, "invocation 2", ids, until, false)
	fmt.Println(mine[0].Mine, others[0].Mine, others[0].State)

	_ = store.Settle(ctx, "invocation 1", []deliver.Outcome{{ID: ids[0], State: deliver.Done}})
	again, _ := store.Claim(ctx, "invocation 2", ids, until, false)
	fmt.Println(again[0].Mine, again[0].State)
	// Output:
	// true false claimed
	// false done
}
