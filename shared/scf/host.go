package scf

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"
)

// The times of a request on an ordinary host.
const (
	headerTime = 5 * time.Second  // to send the header
	readTime   = 15 * time.Second // to send header and body
	handleTime = 15 * time.Second // for the handler: the deadline of its context
	writeTime  = 5 * time.Second  // to take the answer
	idleTime   = time.Minute      // between two requests

	// the longest time of a request in flight; a stop waits for it
	requestTime = readTime + handleTime + writeTime
)

// DefaultAddr is where an HTTP function listens on a host without LISTEN_ADDR.
const DefaultAddr = ":8080"

// ListenAndServe serves h over HTTP on LISTEN_ADDR, or :8080 when it is not
// set, until ctx ends. Then it takes no more requests, finishes those in flight
// within 35 s and returns nil. GET and HEAD of /healthz answer 200 without h.
// Each request's context ends 15 s after its body arrived.
//
// Its memory is bounded: it has 12,000 connections open at most, and 64 MB of
// bodies. A request that finds no room waits.
func ListenAndServe(ctx context.Context, h http.Handler, around ...Around) error {
	return Serve(ctx, "LISTEN_ADDR", cmp.Or(os.Getenv("LISTEN_ADDR"), DefaultAddr), h, around...)
}

// Serve is [ListenAndServe] on the address that the variable of that name has.
func Serve(ctx context.Context, variable, addr string, h http.Handler, around ...Around) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s, set %s to another address (host:port): %w", addr, variable, err)
	}
	slog.Info("listening", "addr", l.Addr().String())

	connections := limit(l, maxConns)
	srv := &http.Server{
		Handler:           hosted(h, around),
		ConnState:         connections.note,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       readTime,
		WriteTimeout:      requestTime, // net/http counts it from the end of the header
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(connections) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving %s: %w", addr, err)
	case <-ctx.Done():
	}

	slog.Info("stopping: finishing the requests in flight")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTime)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		return fmt.Errorf("requests were cut off at the stop: %w", err)
	}
	return nil
}

// hosted gives h on a host what it has under SCF: see the package comment.
func hosted(h http.Handler, around []Around) http.Handler {
	bodies := newRoom(bodyRoom)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			JSON(w, http.StatusOK, map[string]string{"status": "ok"})
			return
		}

		share := &share{of: bodies}
		defer share.release()
		body, refused := share.body(r)
		if refused != nil {
			slog.WarnContext(r.Context(), "request refused", "status", refused.status, "error", refused.text)
			all(around, refused).ServeHTTP(w, r)
			return
		}

		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), handleTime)
		defer cancel()
		r = r.WithContext(ctx)
		r.Body = newWhole(body)
		r.ContentLength = int64(len(body))
		respond(h, r).send(w)
	})
}

// body reads the body of a request, or says why it cannot be served.
func (s *share) body(r *http.Request) ([]byte, *refusal) {
	if r.ContentLength > MaxBody {
		drain(r)
		return nil, tooLarge
	}
	whole := r.Body
	r.Body = io.NopCloser(io.LimitReader(whole, MaxBody+1))
	arriving, arrived := context.WithTimeout(r.Context(), readTime)
	body, err := s.read(arriving, r)
	arrived()
	r.Body = whole
	switch {
	case errors.Is(err, errNoRoom):
		return nil, &refusal{http.StatusServiceUnavailable, err.Error()}
	case len(body) > MaxBody:
		s.release() // its sender may take long
		drain(r)
		return nil, tooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &refusal{http.StatusRequestTimeout, "the body did not arrive whole: " + err.Error()}
	case err != nil:
		return nil, &refusal{http.StatusBadRequest, "the body did not arrive whole: " + err.Error()}
	}
	return body, nil
}

// drain reads as much again of a body that is too long: a client that still sends
// when the connection is closed never sees the answer.
func drain(r *http.Request) {
	if r.Header.Get("Expect") == "" { // else the client waits for the answer
		io.CopyN(io.Discard, r.Body, MaxBody)
	}
}
