package postgres

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/event"
	"vodevents/shared/sink/internal/sqltable"
)

func TestURLs(t *testing.T) {
	t.Parallel()
	const docs = "; see postgresql.org/docs/current/libpq-connect.html for what a URL may hold"
	for _, test := range []struct{ query, want string }{
		{"", ""},
		{"table=a.b&dedup_table=c&pool_max_conns=3&sslmode=disable&application_name=x", ""},
		{"table=", "table must be TABLE or SCHEMA.TABLE, of letters, digits and _, the table in at most 47"},
		{"table=a.b.c", "table must be TABLE or SCHEMA.TABLE, of letters, digits and _, the table in at most 47"},
		{"table=a%22b", "table must be TABLE or SCHEMA.TABLE, of letters, digits and _, the table in at most 47"},
		{"table=1a", "table must be TABLE or SCHEMA.TABLE, of letters, digits and _, the table in at most 47"},
		{"table=" + strings.Repeat("a", 48), "table must be TABLE or SCHEMA.TABLE, of letters, digits and _, the table in at most 47"},
		{"pool_max_conns=0", "pool_max_conns must be a number from 1 to 1000"},
		{"pool_max_conns=s3cret", "pool_max_conns must be a number from 1 to 1000"},
		{"x=%zz", "the parameters after the ? are malformed; percent-encode % ; & and = in their values"},
		{"x=a;table=b", "the parameters after the ? are malformed; percent-encode % ; & and = in their values"},
		{"sslmode=s3cret", "failed to configure TLS (sslmode is invalid)" + docs},
		{"connect_timeout=s3cret", "invalid connect_timeout" + docs},
		{"target_session_attrs=any&channel_binding=require&sslmode=verify-full&sslrootcert=/no/such/file", "failed to configure TLS (unable to read CA file: open /no/such/file: no such file or directory)" + docs},
	} {
		u, err := url.Parse("postgres://user:s3cret@db.example.com:1/name?" + test.query)
		must(t, err)
		s, err := Open(u)
		got := ""
		if err != nil {
			got = err.Error()
		}
		want := test.want
		if want != "" {
			want = "postgres://db.example.com:1: " + want
		}
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", test.query, got, want)
		}
		if strings.Contains(got, "s3cret") {
			t.Errorf("the error holds the password: %s", got)
		}
		if err == nil {
			must(t, s.Close())
		}
	}
}

// What is not ours reaches pgx as it is written.
func TestForeignParameters(t *testing.T) {
	t.Parallel()
	u, err := url.Parse("postgres://user@db.example.com/name?table=t&options=-c%20statement_timeout%3D5s&dedup_table=d&password=a+b%26c&pool_max_conns=2&sslmode=disable")
	must(t, err)
	d, _, _, err := parseURL(u, sqltable.TableParam, DefaultTable)
	must(t, err)
	config := d.config
	got := []string{config.Password, config.RuntimeParams["options"]}
	if diff := cmp.Diff([]string{"a+b&c", "-c statement_timeout=5s"}, got); diff != "" {
		t.Error(diff)
	}
	for _, ours := range []string{sqltable.TableParam, sqltable.DedupTableParam, sqltable.ConnsParam} {
		if v, ok := config.RuntimeParams[ours]; ok {
			t.Errorf("the server gets %s=%s", ours, v)
		}
	}
}

func TestConnectErrorShowsNoSecret(t *testing.T) {
	t.Parallel()
	u, err := url.Parse("postgres://user:s3cret@127.0.0.1:1/database")
	must(t, err)
	s := openSink(t, u)
	err = s.Send(t.Context(), []*event.Event{parse(t, `{}`)})[0]
	if !errors.Is(err, deliver.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
	for _, bad := range []string{"s3cret", "user", "database", "\n"} {
		if strings.Contains(err.Error(), bad) {
			t.Errorf("the error holds %q: %v", bad, err)
		}
	}
	if !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("the error does not say why: %v", err)
	}
}

// What somebody has to do something about comes with what to do.
func TestAdvice(t *testing.T) {
	u, table := newTable(t)
	psqlScript(t, `CREATE ROLE `+table+` LOGIN`)
	missing, stranger := *u, *u
	missing.Path = "/no_such_database"
	stranger.User = url.User(table)
	for name, c := range map[string]struct {
		url  *url.URL
		want string
	}{
		"no database": {&missing, "3D000) (make the database, or correct its name in the URL)"},
		"no rights":   {&stranger, "42501) (grant the user the rights"},
		"no user":     {&url.URL{Scheme: "postgres", User: url.User("nobody_at_all"), Host: u.Host, Path: u.Path, RawQuery: u.RawQuery}, "28000) (check the user"},
	} {
		err := openSink(t, c.url).Send(t.Context(), delivertest.Events(t, 1))[0]
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want %q", name, err, c.want)
		}
	}
}
