package local

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrClosed: the [Pool] was closed.
var ErrClosed = errors.New("local: the pool is closed")

// Pool is a function with as many instances as its events need: each event gets
// an idle instance or, when there is none, a new one. Instances stay for the
// next event until [Pool.Close]; one that has exited is replaced.
type Pool struct {
	start func(context.Context) (*Function, error)
	slots chan struct{} // holds one value for each invocation in progress

	starting sync.WaitGroup // Add only with the lock, and not once closed

	mu     sync.Mutex
	idle   []*Function // the last one was used last
	all    map[*Function]struct{}
	closed bool
}

// NewPool makes a pool of at most max instances; with 1 no two invocations
// overlap, as with a reserved quota of one instance (583/49313). start starts
// an instance; it is called for the first time when there is an event.
func NewPool(max int, start func(context.Context) (*Function, error)) *Pool {
	return &Pool{start: start, slots: make(chan struct{}, max), all: make(map[*Function]struct{})}
}

// Invoke is [Function.Invoke] on an instance of the pool. It waits while max
// instances are busy. timeout does not count the start of an instance.
func (p *Pool) Invoke(ctx context.Context, payload []byte, timeout time.Duration, environment map[string]string) ([]byte, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return detach(ctx, func() ([]byte, error) {
		defer func() { <-p.slots }()
		f, err := p.take(context.WithoutCancel(ctx))
		if err != nil {
			return nil, err
		}
		defer p.put(f)
		return f.invoke(payload, timeout, environment)
	})
}

func (p *Pool) take(ctx context.Context) (*Function, error) {
	p.mu.Lock()
	for !p.closed && len(p.idle) > 0 {
		f := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if f.alive() {
			p.mu.Unlock()
			return f, nil
		}
		delete(p.all, f)
	}
	if p.closed {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	p.starting.Add(1)
	p.mu.Unlock()

	defer p.starting.Done()
	f, err := p.start(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		f.Kill()
		return nil, ErrClosed
	}
	p.all[f] = struct{}{}
	return f, nil
}

func (p *Pool) put(f *Function) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.alive() {
		p.idle = append(p.idle, f)
	} else {
		delete(p.all, f)
	}
}

// Close ends all instances as [Function.Close] does, also those that are busy or
// just starting.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	all := p.all
	p.all, p.idle = make(map[*Function]struct{}), nil
	p.mu.Unlock()

	var wg sync.WaitGroup
	for f := range all {
		wg.Go(f.Close)
	}
	wg.Wait()
	p.starting.Wait()
}

func (f *Function) alive() bool {
	select {
	case <-f.exited:
		return false
	default:
		return true
	}
}
