package sqltable

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"vodevents/shared/internal/safeurl"
)

// The parameters of a URL that are ours. All are taken off before a client sees
// the URL, so that a sink and a store may share one.
const (
	TableParam      = "table"
	MediaParam      = "media" // the table of the media's state
	DedupTableParam = "dedup_table"
	ConnsParam      = "pool_max_conns" // pgxpool's name for it
)

// typesParam chooses the kinds of events that a sink wants.
const typesParam = "types"

// Names of tables in a URL that names none.
const (
	DefaultTable      = "vod_events"
	DefaultDedupTable = "vod_dedup"
)

// tableRE is a table, with or without its schema. Names of indexes are made of
// it, and PostgreSQL cuts names to 63 bytes. It is compiled on first use: that
// takes a millisecond, which a function that only writes to stdout: need not
// spend at its start.
var tableRE = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]{0,62}\.)?[A-Za-z_][A-Za-z0-9_]{0,46}$`)
})

// Address is what a URL says.
type Address struct {
	Where string     // what may be shown of the URL
	Table []string   // the table, behind its schema if the URL names one
	Media []string   // the table of media=, behind its schema; nil: none
	Conns int        // pool_max_conns; 0: not said
	Query url.Values // all parameters

	url *url.URL
}

// ParseURL reads a URL. The table is the one that param names, else byDefault.
func ParseURL(u *url.URL, param, byDefault string) (Address, error) {
	a := Address{Where: safeurl.Show(u.String()), url: u}
	if safeurl.HasLateAt(u.String()) || u.Fragment != "" {
		return a, fmt.Errorf("%s: %w", u.Scheme, safeurl.ErrNotURL)
	}
	var err error
	if a.Query, err = url.ParseQuery(u.RawQuery); err != nil {
		return a, a.Error(errors.New("the parameters after the ? are malformed; percent-encode % ; & and = in their values"))
	}
	name := byDefault
	if a.Query.Has(param) {
		name = a.Query.Get(param)
	}
	if !tableRE().MatchString(name) {
		return a, a.Error(fmt.Errorf("%s must be TABLE or SCHEMA.TABLE, of letters, digits and _, the table in at most 47", param))
	}
	a.Table = strings.Split(name, ".")
	if param == TableParam && a.Query.Has(MediaParam) {
		if !tableRE().MatchString(a.Query.Get(MediaParam)) {
			return a, a.Error(fmt.Errorf("%s must be TABLE or SCHEMA.TABLE, of letters, digits and _, the table in at most 47; vod_media is the usual one", MediaParam))
		}
		if a.Query.Has(typesParam) {
			return a, a.Error(fmt.Errorf("%s must not stand beside %s: the state of a media needs all its events", typesParam, MediaParam))
		}
		a.Media = strings.Split(a.Query.Get(MediaParam), ".")
	}
	if a.Query.Has(ConnsParam) {
		if a.Conns, err = strconv.Atoi(a.Query.Get(ConnsParam)); err != nil || a.Conns < 1 || a.Conns > 1000 {
			return a, a.Error(fmt.Errorf("%s must be a number from 1 to 1000", ConnsParam))
		}
	}
	return a, nil
}

// Error is err with what may be shown of the URL before it.
func (a Address) Error(err error) error { return fmt.Errorf("%s: %w", a.Where, err) }

// Client is the URL without the parameters that are ours and without the others
// that are named.
func (a Address) Client(others ...string) *url.URL {
	u := *a.url
	u.RawQuery = Without(u.RawQuery, append([]string{TableParam, MediaParam, DedupTableParam, ConnsParam}, others...)...)
	return &u
}

// Without takes parameters off a query. The others stay as they are written: to
// pgx, as to libpq, a + is no blank.
func Without(query string, names ...string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(query, "&"), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		decoded, err := url.QueryUnescape(name)
		return err == nil && slices.Contains(names, decoded)
	}), "&")
}
