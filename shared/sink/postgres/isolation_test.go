package postgres

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/event"
)

// Where serializable is the default, instances that meet in a row wait for each
// other and do not fail.
func TestReadCommittedIsOurs(t *testing.T) {
	for _, level := range []string{"serializable", "repeatable read"} {
		t.Run(level, func(t *testing.T) {
			u, _ := newTable(t)
			q := u.Query()
			q.Set("default_transaction_isolation", level)
			u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
			instancesMeet(t, u)
		})
	}
}

// The same behind PgBouncer in transaction mode, which gives each transaction
// another session and takes no parameter at the start.
func TestReadCommittedBehindPgBouncer(t *testing.T) {
	u, table := newTable(t)
	psql(t, `CREATE ROLE `+table+` LOGIN`)
	psql(t, `GRANT ALL ON SCHEMA public TO `+table)
	psql(t, `ALTER ROLE `+table+` SET default_transaction_isolation = 'serializable'`)
	q := u.Query()
	q.Set("default_query_exec_mode", "exec")
	u.RawQuery = q.Encode()
	u.User = url.User(table)
	u.Host = pgbouncer(t, u.Host, table)
	instancesMeet(t, u)
}

// A pooler can lead to a session with another default than the first one had.
func TestReadCommittedIsFoundLate(t *testing.T) {
	u, _ := newTable(t)
	a, b := openSink(t, u), openSink(t, u)
	change := func(s *Sink) {
		must(t, s.pool.Use(t.Context(), nil, func(c *conn) error {
			_, err := c.Exec(t.Context(), `SET default_transaction_isolation = 'serializable'`)
			return err
		}))
	}
	events := delivertest.Events(t, 1)
	taken(t, a.Send(t.Context(), events))
	change(a)
	change(b)
	// Two transactions update one row: with the old default the second one fails
	// when the first one commits.
	psql(t, `UPDATE `+a.table.Name+` SET parkreason = 'test'`)
	hold := openSink(t, u)
	var all sync.WaitGroup
	must(t, hold.pool.Use(t.Context(), nil, func(c *conn) error {
		tx, err := c.Begin(t.Context())
		if err != nil {
			return err
		}
		defer tx.Rollback(t.Context())
		if _, err := tx.Exec(t.Context(), `UPDATE `+a.table.Name+` SET parkreason = 'again'`); err != nil {
			return err
		}
		for _, s := range []*Sink{a, b} {
			all.Go(func() { taken(t, s.Send(t.Context(), events)) })
		}
		waitFor(t, "both to wait for the row", func() bool {
			return psql(t, `SELECT count(*)::text FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%'||$1||'%'`, strings.Trim(a.table.Name, `"`))[0] == "2"
		})
		return tx.Commit(t.Context())
	}))
	all.Wait()
}

// instancesMeet has 8 instances send the same 10 events at once, parked and
// not, which makes each of them update the others' rows.
func instancesMeet(t *testing.T, u *url.URL) {
	t.Helper()
	events := delivertest.Events(t, 10)
	var all sync.WaitGroup
	for range 8 {
		s := openSink(t, u)
		all.Go(func() {
			for n := range 30 {
				batch := make([]*event.Event, len(events))
				for i, e := range events {
					copied := *e
					if n%2 == 0 {
						copied.Parking = &event.Parking{Reason: "test", Attempts: n}
					}
					batch[i] = &copied
				}
				if err := errors.Join(s.Send(t.Context(), batch)...); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// pgbouncer starts one in transaction mode before the server at the address,
// that takes one role, and returns its own.
func pgbouncer(t *testing.T, address, role string) string {
	t.Helper()
	bin, err := exec.LookPath("pgbouncer")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir, err := os.MkdirTemp("", "pgbouncer") // not t.TempDir, which is closed to other users
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	host, port, err := net.SplitHostPort(address)
	must(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	own := l.Addr().(*net.TCPAddr).Port
	l.Close()
	ini := filepath.Join(dir, "pgbouncer.ini")
	must(t, os.WriteFile(ini, fmt.Appendf(nil, `[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = trust
auth_file = %s/users
pool_mode = transaction
default_pool_size = 4
`, host, port, own, dir), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "users"), fmt.Appendf(nil, "%q \"\"\n", role), 0o644))
	args := []string{ini}
	if os.Geteuid() == 0 { // it refuses root
		name := "nobody"
		if _, err := user.Lookup("postgres"); err == nil {
			name = "postgres"
		}
		args = append([]string{"-u", name}, args...)
	}
	must(t, os.Chmod(dir, 0o755))
	c := exec.Command(bin, args...)
	log := new(strings.Builder)
	c.Stderr = log
	must(t, c.Start())
	exited := make(chan struct{})
	go func() { c.Wait(); close(exited) }()
	t.Cleanup(func() {
		c.Process.Kill()
		<-exited
		if t.Failed() {
			t.Log(log)
		}
	})
	at := net.JoinHostPort("127.0.0.1", strconv.Itoa(own))
	waitFor(t, "PgBouncer", func() bool {
		c, err := net.DialTimeout("tcp", at, time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return at
}
