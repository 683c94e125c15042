package postgres

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"vodevents/shared/internal/safeurl"
)

// The parameters of a URL that are ours. All are taken off before pgx sees the
// URL, so that a sink and a store may share one.
const (
	tableParam      = "table"
	dedupTableParam = "dedup_table"
	connsParam      = "pool_max_conns"     // pgxpool's name for it
	commitParam     = "synchronous_commit" // of a store; a sink's is the session's
)

// tableRE is a table, with or without its schema. Names of indexes are made of
// it, and PostgreSQL cuts names to 63 bytes. It is compiled on first use: that
// takes a millisecond, which a function that only writes to stdout: need not
// spend at its start.
var tableRE = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]{0,62}\.)?[A-Za-z_][A-Za-z0-9_]{0,46}$`)
})

// commits are what synchronous_commit can be.
var commits = []string{"on", "off", "local", "remote_write", "remote_apply"}

// parse makes of a URL a share in a pool and the identifier of the table: the
// one that param names, else byDefault. The URL of a store may have a
// synchronous_commit, which is taken off too.
func (p *Pools) parse(u *url.URL, param, byDefault string) (pool *share, table pgx.Identifier, commit string, err error) {
	if safeurl.HasLateAt(u.String()) || u.Fragment != "" {
		return nil, nil, "", fmt.Errorf("postgres: %w", safeurl.ErrNotURL)
	}
	where := safeurl.Show(u.String())
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, nil, "", fmt.Errorf("%s: the parameters after the ? are malformed; percent-encode %% ; & and = in their values", where)
	}
	name := byDefault
	if query.Has(param) {
		name = query.Get(param)
	}
	if !tableRE().MatchString(name) {
		return nil, nil, "", fmt.Errorf("%s: %s must be TABLE or SCHEMA.TABLE, of letters, digits and _, the table in at most 47", where, param)
	}
	conns := 0
	if query.Has(connsParam) {
		if conns, err = strconv.Atoi(query.Get(connsParam)); err != nil || conns < 1 || conns > 1000 {
			return nil, nil, "", fmt.Errorf("%s: %s must be a number from 1 to 1000", where, connsParam)
		}
	}
	ours := []string{tableParam, dedupTableParam, connsParam}
	if param == dedupTableParam {
		ours = append(ours, commitParam)
		commit = query.Get(commitParam)
		if query.Has(commitParam) && !slices.Contains(commits, commit) {
			return nil, nil, "", fmt.Errorf("%s: %s must be one of %s", where, commitParam, strings.Join(commits, ", "))
		}
	}
	theirs := *u
	theirs.RawQuery = without(u.RawQuery, ours)
	config, err := pgx.ParseConfig(theirs.String())
	if err != nil {
		return nil, nil, "", fmt.Errorf("%s: %s", where, parseError(err))
	}
	for name, value := range map[string]string{"application_name": "vodevents", "client_encoding": "UTF8"} {
		if config.RuntimeParams[name] == "" {
			config.RuntimeParams[name] = value
		}
	}
	return p.join(config, theirs.RawQuery, conns), pgx.Identifier(strings.Split(name, ".")), commit, nil
}

// without takes parameters off a query. The others stay as they are written: to
// pgx, as to libpq, a + is no blank.
func without(query string, ours []string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(query, "&"), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		name, _ = url.QueryUnescape(name) // ParseQuery took it
		return slices.Contains(ours, name)
	}), "&")
}

// parseError is the reason why pgx refuses a URL, without the URL, which it
// quotes, and without details that could quote a part of it; those about TLS
// name files at most.
func parseError(err error) string {
	text := err.Error()
	var parse *pgconn.ParseConfigError
	if errors.As(err, &parse) {
		if i := strings.LastIndex(text, "`: "); i >= 0 {
			text = text[i+len("`: "):]
		}
		if details := errors.Unwrap(err); details != nil && !strings.Contains(text, "TLS") {
			text = strings.TrimSuffix(text, " ("+details.Error()+")")
		}
	}
	return text + "; see postgresql.org/docs/current/libpq-connect.html for what a URL may hold"
}

// index names an index of the table, in the table's schema.
func index(table pgx.Identifier, suffix string) string {
	return pgx.Identifier{table[len(table)-1] + suffix}.Sanitize()
}
