package pgtest_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/sink/postgres/pgtest"
)

func query(t *testing.T, url, sql string) (got string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer c.Close(context.Background())
	if _, err := c.Exec(ctx, "CREATE TABLE IF NOT EXISTS kept (v text)"); err != nil {
		return "", err
	}
	err = c.QueryRow(ctx, sql).Scan(&got)
	return got, err
}

func TestServer(t *testing.T) {
	t.Parallel()
	s := pgtest.RunT(t)
	want := func(sql, want string) {
		t.Helper()
		if got, err := query(t, s.URL, sql); got != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", sql, got, err, want)
		}
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	want("SHOW fsync", "on")
	want("INSERT INTO kept VALUES ('as it was') RETURNING v", "as it was")

	for _, end := range []func() error{s.Stop, s.Kill} {
		check(end())
		check(end()) // already
		if got, err := query(t, s.URL, "SELECT 'x'"); err == nil {
			t.Errorf("a server that is gone answers %q", got)
		}
		check(s.Start())
		if s.Start() == nil {
			t.Error("a server starts twice")
		}
		want("SELECT v FROM kept", "as it was")
	}

	check(s.Hang())
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := pgx.Connect(ctx, s.URL); err == nil || ctx.Err() == nil {
		t.Errorf("a server that hangs answers, error %v", err)
	}
	check(s.Release())
	want("SELECT v FROM kept", "as it was")
}
