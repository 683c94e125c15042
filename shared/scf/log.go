package scf

import (
	"context"
	"io"
	"log/slog"

	"github.com/tencentyun/scf-go-lib/functioncontext"
)

// LogLevel is the level of the log that [Main] starts, at first
// [slog.LevelInfo]. SCF may give an invocation other variables than the one
// before, so a function sets it each time.
var LogLevel slog.LevelVar

// startLog sends the log to w as JSON lines: that of slog's default, and that of
// package log, to which scf-go-lib and net/rpc write why they give up.
func startLog(w io.Writer) {
	slog.SetLogLoggerLevel(slog.LevelError)
	slog.SetDefault(slog.New(logHandler{slog.NewJSONHandler(w, &slog.HandlerOptions{Level: &LogLevel})}))
}

// logHandler adds the request id of the invocation.
type logHandler struct{ slog.Handler }

func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	if fc, ok := functioncontext.FromContext(ctx); ok {
		r.AddAttrs(slog.String("request_id", fc.RequestID))
	}
	return h.Handler.Handle(ctx, r)
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}

func (h logHandler) WithGroup(name string) slog.Handler {
	return logHandler{h.Handler.WithGroup(name)}
}
