// Function is what the tests run: with TRIGGER=timer a timer function, with
// TRIGGER=raw one without package scf's handling of events, else an HTTP
// function that does what the path of the request says.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/tencentyun/scf-go-lib/functioncontext"

	"vodevents/shared/scf"
)

func main() {
	switch os.Getenv("TRIGGER") {
	case "timer":
		scf.Main(scf.OnTimer(onTimer), loop)
		return
	case "raw":
		scf.Main(raw, loop)
		return
	}
	h := http.HandlerFunc(onHTTP)
	scf.Main(scf.OnHTTP(h), func(ctx context.Context) error { return scf.ListenAndServe(ctx, h) })
}

func onHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/panic":
		io.WriteString(w, "half an answ")
		panic("on purpose")
	case "/crash":
		go panic("on purpose")
		select {}
	case "/exit":
		os.Exit(7)
	case "/hang":
		select {}
	case "/level":
		if err := scf.LogLevel.UnmarshalText([]byte(os.Getenv("LOG_LEVEL"))); err != nil {
			panic(err)
		}
		slog.DebugContext(r.Context(), "debug line")
		slog.With("k", "v").WithGroup("g").InfoContext(r.Context(), "info line", "a", 1)
	case "/socket":
		fmt.Fprintf(w, "socket=%s;", os.Getenv("VOD_RPC_SOCKET"))
	case "/stop":
		untilStopped(w, r)
	default:
		echo(w, r)
	}
}

// echo answers with what it was given.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	deadline, _ := r.Context().Deadline()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Add("X-Multi", "v1")
	w.Header().Add("X-Multi", "v2")
	w.WriteHeader(http.StatusAccepted)
	json.NewEncoder(w).Encode(map[string]any{
		"method": r.Method, "path": r.URL.Path, "query": r.URL.Query(), "host": r.Host, "header": r.Header,
		"remote": r.RemoteAddr, "body": body, "length": r.ContentLength, "left": time.Until(deadline).Seconds(),
		"var": os.Getenv("VAR"),
	})
}

// untilStopped holds its request until the process has had SIGTERM and has
// closed its listener.
func untilStopped(w http.ResponseWriter, r *http.Request) {
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, syscall.SIGTERM)
	slog.Info("holding")
	<-stopped
	addr := r.Context().Value(http.LocalAddrContextKey).(net.Addr).String()
	for r.Context().Err() == nil {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			io.WriteString(w, "finished")
			slog.Info("finished")
			return
		}
		conn.Close()
		time.Sleep(time.Millisecond)
	}
	panic("still listening")
}

// fault is an error and a value to panic with.
type fault struct{ text string }

func (f *fault) Error() string { return f.text }

// raw tells what it was given.
func raw(ctx context.Context, event []byte) ([]byte, error) {
	switch string(event) {
	case "panic":
		panic(&fault{"raw panic"})
	case "panic with text":
		panic("text")
	case "error":
		return nil, &fault{"raw error"}
	}
	fc, _ := functioncontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	return json.Marshal(map[string]any{
		"event": event, "context": fc, "deadline": deadline.UTC(), "var": os.Getenv("VAR"), "expired": ctx.Err() != nil,
	})
}

func onTimer(ctx context.Context, t scf.Timer) (any, error) {
	switch t.Message {
	case "panic":
		panic("on purpose")
	case "error":
		return nil, errors.New("on purpose")
	case "unencodable":
		return func() {}, nil
	}
	deadline, _ := ctx.Deadline()
	return map[string]any{"timer": t, "left": time.Until(deadline).Seconds(), "expired": ctx.Err() != nil}, nil
}

func loop(ctx context.Context) error {
	switch os.Getenv("LOOP") {
	case "panic":
		panic("on purpose")
	case "error":
		return fmt.Errorf("loop: %w", errors.New("on purpose"))
	}
	slog.Info("looping")
	<-ctx.Done()
	return ctx.Err()
}
