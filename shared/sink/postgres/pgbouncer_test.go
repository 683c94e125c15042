package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/longtest"
	"vodevents/shared/sink/postgres/pgtest"
	"vodevents/shared/sink/servertest"
)

// behindPgBouncer is a variable that has all tests of the package reach the
// server through PgBouncer in transaction mode.
const behindPgBouncer = "BEHIND_PGBOUNCER"

var bouncer = servertest.NewShared(func() (*servertest.Server, error) {
	s, err := shared.Start()
	if err != nil {
		return nil, err
	}
	return pgtest.RunPgBouncer(s)
})

// address is the URL that tests connect to.
func address(t testing.TB) string {
	t.Helper()
	if os.Getenv(behindPgBouncer) == "true" {
		return bouncer.Server(t).URL
	}
	return server(t).URL
}

// await returns when what has gone wrong is over for PgBouncer, too: it refuses
// the next client after a login of its own that failed.
func await(t testing.TB) {
	t.Helper()
	if os.Getenv(behindPgBouncer) != "true" {
		return
	}
	waitFor(t, "PgBouncer", func() bool {
		c, err := pgx.Connect(context.Background(), address(t))
		if err == nil {
			err = c.Ping(context.Background())
			_ = c.Close(context.Background())
		}
		return err == nil
	})
}

// sessions are the tests of what a client no longer has behind PgBouncer.
var sessions = []string{
	// A session, its parameters and what it counts.
	"TestServerEndsIdleSessions", "TestReadOnly", "TestReadyOnlyWhereItCanWrite", "TestReadCommittedIsOurs", "TestMediaWhereSerializableIsTheDefault",
	"TestReadCommittedIsFoundLate", "TestStoreWhereSerializableIsTheDefault", "TestCommitOfTheStoreAlone",
	"TestTablePagesCostWhatTheyRead", "TestDateStyle",
	// Connections to the server, one by one.
	"TestIdleConnections", "TestPoolSize", "TestOneDatabaseOnePool", "TestMaxConns", "TestMakeRoom", "TestSilentConnections",
	// The server's own words to who may not log in.
	"TestAdvice", "TestSchemaAndRights",
}

// poolerModes are the modes of pgx without named prepared statements. describe_exec
// takes two round trips to one session, which PgBouncer does not promise.
func poolerModes() []string {
	modes := []string{"exec", "simple_protocol", "cache_describe"}
	if os.Getenv(behindPgBouncer) == "true" {
		return modes
	}
	return append(modes, "describe_exec")
}

// quick are tests of each statement that this package makes.
var quick = []string{
	"TestTogether", "TestParkedEventCountsOnceDelivered", "TestFaults", "TestUpgrade", "TestStoreTidies",
	"TestTableGivesBackWhatWasSent", "TestTableFilters", "TestPrune", "TestMediaTables",
}

// The tests of this package pass behind PgBouncer in transaction mode, which
// gives each transaction another session. The ordinary run has some of them.
func TestBehindPgBouncer(t *testing.T) {
	t.Parallel()
	if os.Getenv(behindPgBouncer) == "true" {
		t.Skip("it is behind PgBouncer")
	}
	bouncer.Server(t) // or it is skipped
	self, err := os.Executable()
	must(t, err)
	args := []string{"-test.v", "-test.timeout=15m", "-test.run=^(" + strings.Join(quick, "|") + ")$"}
	if longtest.On() {
		args[2] = "-test.skip=^(" + strings.Join(sessions, "|") + ")$"
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), behindPgBouncer+"=true")
	out, err := cmd.CombinedOutput()
	for _, name := range quick {
		if !strings.Contains(string(out), "--- PASS: "+name+" ") {
			err = errors.Join(err, fmt.Errorf("%s did not pass", name))
		}
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
