package mysql

import (
	"net/url"
	"strings"

	"vodevents/shared/sink/internal/sqltable"
)

// Pools has sinks and stores share connections: those that it opened with one
// server, user, password, database and one set of parameters use one pool. The
// zero value is ready. It may be used by several goroutines.
type Pools struct{ sqltable.Pools[*conn] }

// Open is [Open] with connections that are shared.
func (p *Pools) Open(u *url.URL) (*Sink, error) {
	d, a, err := parseURL(u, sqltable.TableParam, DefaultTable)
	if err != nil {
		return nil, err
	}
	return newSink(p.Join(d.key, a.Conns, d.database), quote(a.Table), a.Media), nil
}

// OpenStore is [OpenStore] with connections that are shared.
func (p *Pools) OpenStore(u *url.URL) (*Store, error) {
	d, a, err := parseURL(u, sqltable.DedupTableParam, DefaultDedupTable)
	if err != nil {
		return nil, err
	}
	return newStore(p.Join(d.key, a.Conns, d.database), quote(a.Table)), nil
}

// quote is a table as it stands in SQL. Its name has no backquotes.
func quote(table []string) string { return "`" + strings.Join(table, "`.`") + "`" }
