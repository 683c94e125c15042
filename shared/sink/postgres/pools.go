package postgres

import (
	"net/url"

	"vodevents/shared/sink/internal/sqltable"
)

// Pools has sinks and stores share connections: those that it opened with one
// server, user, password, database and one set of session parameters use one
// pool. The zero value is ready. It may be used by several goroutines.
type Pools struct{ sqltable.Pools[*conn] }

// Open is [Open] with connections that are shared.
func (p *Pools) Open(u *url.URL) (*Sink, error) {
	d, a, _, err := parseURL(u, sqltable.TableParam, DefaultTable)
	if err != nil {
		return nil, err
	}
	return newSink(p.Join(d.key, a.Conns, d.database), a.Table, a.Media), nil
}

// OpenStore is [OpenStore] with connections that are shared.
func (p *Pools) OpenStore(u *url.URL) (*Store, error) {
	d, a, commit, err := parseURL(u, sqltable.DedupTableParam, DefaultDedupTable)
	if err != nil {
		return nil, err
	}
	return newStore(p.Join(d.key, a.Conns, d.database), a.Table, commit), nil
}
