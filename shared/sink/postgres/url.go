package postgres

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"vodevents/shared/sink/internal/sqltable"
)

// commitParam is a parameter of a store's URL; a sink's is the session's.
const commitParam = "synchronous_commit"

// commits are what synchronous_commit can be.
var commits = []string{"on", "off", "local", "remote_write", "remote_apply"}

// parseURL reads a URL; see [sqltable.ParseURL]. The URL of a store may have a
// synchronous_commit, which is taken off too.
func parseURL(u *url.URL, param, byDefault string) (d *dialer, a sqltable.Address, commit string, err error) {
	a, err = sqltable.ParseURL(u, param, byDefault)
	if err != nil {
		return nil, a, "", err
	}
	client := a.Client()
	if param == sqltable.DedupTableParam {
		client = a.Client(commitParam)
		commit = a.Query.Get(commitParam)
		if a.Query.Has(commitParam) && !slices.Contains(commits, commit) {
			return nil, a, "", a.Error(fmt.Errorf("%s must be one of %s", commitParam, strings.Join(commits, ", ")))
		}
	}
	config, err := pgx.ParseConfig(client.String())
	if err != nil {
		return nil, a, "", a.Error(errors.New(parseError(err)))
	}
	for name, value := range map[string]string{"application_name": "vodevents", "client_encoding": "UTF8"} {
		if config.RuntimeParams[name] == "" {
			config.RuntimeParams[name] = value
		}
	}
	// pgx reads times that come as text, as in mode exec, in this style only. Roles and
	// databases may have another one.
	maps.DeleteFunc(config.RuntimeParams, func(name, _ string) bool { return strings.EqualFold(name, "datestyle") })
	config.RuntimeParams["datestyle"] = "ISO"
	return newDialer(config, client.RawQuery), a, commit, nil
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
