package sink

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"vodevents/shared/config"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/internal/safeurl"
)

// Outlets keeps sinks and store open from one invocation to the next. Those in
// one database share its connections. The zero value is ready; it may be used
// by several goroutines.
type Outlets struct {
	// OneConnection opens no second connection to one database. It is for an
	// instance that delivers one event at a time. Set it before the first call
	// of Pipeline.
	OneConnection bool

	// ReadOnce has Open read the variables the first time alone: those of a process
	// on a host do not change. Set it before the first call of Open.
	ReadOnce bool

	mu    sync.Mutex
	read  *config.Config // by Open, if it is to read once
	pools pools
	sinks map[string]deliver.Sink // by URL
	store deliver.Store
	url   string // the store's
}

// Open reads the variables that the functions use and returns what they say, and a
// [Outlets.Pipeline] of it. Beside an error the Config has what could be read.
func (o *Outlets) Open(getenv func(string) string, functions config.Functions, way deliver.Way, handler func(context.Context, *event.Event) error) (config.Config, *deliver.Pipeline, error) {
	cfg, err := o.config(getenv, functions)
	if err != nil {
		return cfg, nil, err
	}
	p, err := o.Pipeline(cfg, way, handler)
	return cfg, p, err
}

func (o *Outlets) config(getenv func(string) string, functions config.Functions) (config.Config, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.read != nil {
		return *o.read, nil
	}
	cfg, err := config.Read(getenv, functions)
	if err == nil && o.ReadOnce {
		o.read = &cfg
	}
	return cfg, err
}

// Pipeline opens what SINK, DEAD_LETTER and DEDUP say and returns an event's way
// to it. Call it at the start of each invocation. What it returns stays open until
// a later call names other URLs, or until Close. types= is taken off the URLs of SINK.
//
// It keeps what is open under the same URL but closes its connections that were
// idle for over 20 s, and it closes what no variable names any more. A URL in both
// SINK and DEAD_LETTER is one sink.
//
// An error names the variable, and of the URL at most scheme and host. It leaves
// open what was open.
func (o *Outlets) Pipeline(cfg config.Config, way deliver.Way, handler func(context.Context, *event.Event) error) (*deliver.Pipeline, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.OneConnection {
		o.pools.postgres.MaxConns, o.pools.mysql.MaxConns = 1, 1
	}
	p := &deliver.Pipeline{Way: way, Handler: handler, MaxAttempts: cfg.MaxAttempts, SchemaBase: cfg.SchemaBase}
	named := map[string]bool{}
	if err := o.sort(p, cfg.Sinks, named); err != nil {
		return nil, fmt.Errorf("SINK: %w", err)
	}
	if cfg.DeadLetter != "" {
		err := withoutTypes(cfg.DeadLetter)
		if err == nil {
			p.DeadLetter, err = o.sink(cfg.DeadLetter)
		}
		if err != nil {
			return nil, fmt.Errorf("DEAD_LETTER: %w", err)
		}
		named[cfg.DeadLetter] = true
	}
	if o.store == nil || o.url != cfg.Dedup {
		s, err := openStore(&o.pools, cfg.Dedup)
		if err != nil {
			return nil, fmt.Errorf("DEDUP: %w", err)
		}
		if o.store != nil {
			o.store.Close() // it has nothing that is not settled
		}
		o.store, o.url = s, cfg.Dedup
	}
	p.Store = o.store

	o.store.CloseIdle()
	for u, s := range o.sinks {
		if named[u] {
			s.CloseIdle()
			continue
		}
		delete(o.sinks, u)
		s.Close() // what it said yes to is durable
	}
	return p, nil
}

// sort opens the sinks of SINK and notes which EventTypes each wants. It adds the
// URLs without types= to named.
func (o *Outlets) sort(p *deliver.Pipeline, urls []string, named map[string]bool) error {
	for _, u := range urls {
		u, types, err := takeTypes(u)
		if err != nil {
			return err
		}
		s, err := o.sink(u)
		if err != nil {
			return err
		}
		switch {
		case !named[u]:
			p.Sinks = append(p.Sinks, s)
		case !types.Equal(p.Types[s]):
			return fmt.Errorf("%s: two entries differ in types= alone; write one with all EventTypes", safeurl.Show(u))
		}
		named[u] = true
		if !types.All() {
			if p.Types == nil {
				p.Types = map[deliver.Sink]event.Types{}
			}
			p.Types[s] = types
		}
	}
	return nil
}

func (o *Outlets) sink(rawURL string) (deliver.Sink, error) {
	if s := o.sinks[rawURL]; s != nil {
		return s, nil
	}
	s, err := open(sinks(&o.pools), rawURL)
	if err != nil {
		return nil, err
	}
	if o.sinks == nil {
		o.sinks = map[string]deliver.Sink{}
	}
	o.sinks[rawURL] = s
	return s, nil
}

// MakeRoom closes what is kept to a database that has lately had no room for
// another connection. Call it before an invocation answers: SCF freezes the
// instance then, and other instances wait.
func (o *Outlets) MakeRoom() {
	o.pools.postgres.CloseCrowded()
	o.pools.mysql.CloseCrowded()
}

// Close closes all that is open. Pipeline may be called again.
func (o *Outlets) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var errs []error
	for _, s := range o.sinks {
		errs = append(errs, s.Close())
	}
	if o.store != nil {
		errs = append(errs, o.store.Close())
	}
	o.sinks, o.store = nil, nil
	return errors.Join(errs...)
}
