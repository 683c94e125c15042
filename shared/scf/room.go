package scf

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"sync"
)

// bodyRoom is the most that a host has in hand of all bodies, arriving and handled
// ones. Of ordinary callbacks it is twelve thousand.
const bodyRoom = 64 << 20

// errNoRoom means that the bodies of others left no room in time.
var errNoRoom = errors.New("too many large requests at a time")

// room is memory for bodies. Whoever needs more of it than is free waits; so a body
// that nobody reads yet waits in the sender's connection. A body has the room of the
// bytes that have arrived: to announce many costs nobody else anything.
//
// When all have a part of their body and none can go on, one of them may take what it
// needs nevertheless. So there is always one that comes to its end.
type room struct {
	mu      sync.Mutex
	free    int
	over    *share        // may take more than there is; nil: nobody does
	changed chan struct{} // closed when room became free
}

func newRoom(size int) *room { return &room{free: size, changed: make(chan struct{})} }

// share is what one body has of a room.
type share struct {
	of   *room // nil: there is no limit
	size int
}

// grow takes n bytes more, and waits for them until ctx ends.
func (s *share) grow(ctx context.Context, n int) error {
	for s.of != nil {
		changed, ok := s.try(n)
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return errNoRoom
		}
	}
	return nil
}

func (s *share) try(n int) (changed <-chan struct{}, ok bool) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	if s.of.free < n && s.of.over == nil {
		s.of.over = s
	}
	if s.of.free < n && s.of.over != s {
		return s.of.changed, false
	}
	s.of.free -= n
	s.size += n
	return nil, true
}

// release gives all of it back.
func (s *share) release() {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.of.free += s.size
	s.size = 0
	if s.of.over == s {
		s.of.over = nil
	}
	close(s.of.changed)
	s.of.changed = make(chan struct{})
}

// firstRead is the most that is reserved because of a Content-Length. Who announces
// more must send it first.
const firstRead = 64 << 10

// ReadBody reads the body of a request. It is [io.ReadAll] with room for the
// announced length from the start. A body that this package gave to a handler is here
// already: it is not copied, so do not change it.
func ReadBody(r *http.Request) ([]byte, error) {
	if w, ok := r.Body.(*whole); ok && w.Len() == len(w.bytes) {
		w.Seek(0, io.SeekEnd)
		return w.bytes, nil
	}
	return new(share).read(r.Context(), r)
}

// whole is a body that has arrived.
type whole struct {
	*bytes.Reader
	bytes []byte
}

func newWhole(body []byte) *whole { return &whole{bytes.NewReader(body), body} }

func (*whole) Close() error { return nil }

// read reads the body of a request into its share of the room.
func (s *share) read(ctx context.Context, r *http.Request) ([]byte, error) {
	size := int(max(0, min(r.ContentLength, firstRead))) + bytes.MinRead
	var body []byte
	for {
		if err := s.grow(ctx, size-cap(body)); err != nil {
			return body, err
		}
		larger := make([]byte, len(body), size)
		copy(larger, body)
		body = larger
		for len(body) < cap(body) {
			n, err := r.Body.Read(body[len(body):cap(body)])
			body = body[:len(body)+n]
			if err == io.EOF {
				return body, nil
			}
			if err != nil {
				return body, err
			}
		}
		// The announced length is the last size: no byte of a truthful one is copied
		// more than twice.
		size = 2 * cap(body)
		if announced := int(min(r.ContentLength, math.MaxInt32)) + bytes.MinRead; cap(body) < announced {
			size = min(size, announced)
		}
	}
}
