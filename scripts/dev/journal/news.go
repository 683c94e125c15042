package journal

import "sync"

// news is a queue of things to do, done one after another by run. To put
// something in never waits.
type news struct {
	mu    sync.Mutex
	items []func()
	wake  chan struct{}
	done  <-chan struct{}
}

func (n *news) put(fn func()) {
	n.mu.Lock()
	n.items = append(n.items, fn)
	n.mu.Unlock()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

func (n *news) run() {
	for {
		n.mu.Lock()
		items := n.items
		n.items = nil
		n.mu.Unlock()
		for _, fn := range items {
			fn()
		}
		select {
		case <-n.wake:
		case <-n.done:
			return
		}
	}
}

func (n *news) sync() {
	here := make(chan struct{})
	n.put(func() { close(here) })
	select {
	case <-here:
	case <-n.done:
	}
}
