package scf_test

import (
	"context"
	"runtime/debug"
	"testing"
	"time"

	"github.com/tencentyun/scf-go-lib/functioncontext"

	"vodevents/shared/scf"
)

// A caller that names no deadline gets a time to work in all the same.
func TestNoDeadline(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		limit    int32
		deadline time.Time
		want     time.Duration
		expired  bool
	}{
		{"no limit", 0, time.Unix(0, 0), 15 * time.Second, false},
		{"a limit", 3000, time.Unix(0, 0), 3 * time.Second, false},
		{"a deadline", 3000, time.Now().Add(time.Hour), time.Hour, false},
		{"a deadline that is over", 3000, time.Now().Add(-time.Hour), -time.Hour, true},
	}
	for _, tt := range tests {
		ctx, cancel := context.WithDeadline(t.Context(), tt.deadline)
		defer cancel()
		ctx = functioncontext.NewContext(ctx, &functioncontext.FunctionContext{RequestID: "r", TimeLimitInMs: tt.limit})
		scf.Func(func(ctx context.Context, _ []byte) ([]byte, error) {
			end, _ := ctx.Deadline()
			if left := time.Until(end); left > tt.want || left < tt.want-time.Minute || (ctx.Err() != nil) != tt.expired {
				t.Errorf("%s: %v left, error %v", tt.name, left, ctx.Err())
			}
			if fc, ok := functioncontext.FromContext(ctx); !ok || fc.RequestID != "r" {
				t.Errorf("%s: the context lost its values", tt.name)
			}
			return nil, nil
		}).Invoke(ctx, nil)
	}
}

// Go's memory is kept well below the function's.
func TestMemoryLimit(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "")
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	ctx := functioncontext.NewContext(t.Context(), &functioncontext.FunctionContext{MemoryLimitInMb: 1000})
	scf.Func(func(context.Context, []byte) ([]byte, error) { return nil, nil }).Invoke(ctx, nil)
	if got := debug.SetMemoryLimit(-1); got != 300<<20 {
		t.Errorf("Go may use %d MB of 1000", got>>20)
	}
}
