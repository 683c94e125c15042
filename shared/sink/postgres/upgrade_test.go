package postgres

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
)

// earlier takes from the tables of a sink and a store what an earlier version
// may not have had, and leaves a row in each.
func earlier(t *testing.T) (u *url.URL, table string) {
	t.Helper()
	u, table = newTable(t)
	u = with(u, "dedup_table", table+"_dedup")
	taken(t, openSink(t, u).Send(t.Context(), delivertest.Events(t, 1)))
	must(t, openStore(t, u).Settle(t.Context(), "A", []deliver.Outcome{{ID: "old", State: deliver.StateDone}}))
	psqlScript(t, `ALTER TABLE `+table+` DROP raw, DROP parkreason, DROP parkattempts, DROP parkfirsterror, DROP parklasterror;
		ALTER TABLE `+table+`_dedup DROP claim, DROP attempts, DROP first_error, DROP last_error`)
	return u, table
}

// A table of an earlier version gets its new columns on first use, and keeps
// what it holds.
func TestUpgrade(t *testing.T) {
	u, table := earlier(t)
	taken(t, openSink(t, u).Send(t.Context(), delivertest.Events(t, 2)))
	if n := len(psql(t, `SELECT id FROM `+table+` WHERE parkreason IS NULL`)); n != 3 {
		t.Errorf("%d rows, want 3", n)
	}
	r, err := openStore(t, u).Claim(t.Context(), "A", []string{"old", "new"}, time.Minute, false)
	must(t, err)
	if r[0].State != deliver.StateDone || !r[1].Mine {
		t.Errorf("got %+v", r)
	}
}

// Who may not change the table is told what somebody else has to run.
func TestUpgradeWithoutTheRight(t *testing.T) {
	u, table := earlier(t)
	psqlScript(t, `CREATE ROLE `+table+` LOGIN; GRANT INSERT, SELECT, UPDATE, DELETE ON `+table+`, `+table+`_dedup TO `+table)
	u.User = url.User(table)
	for what, err := range map[string]error{
		"ALTER TABLE \"" + table + "\" ADD":       openSink(t, u).Send(t.Context(), delivertest.Events(t, 1))[0],
		"ALTER TABLE \"" + table + "_dedup\" ADD": openStore(t, u).Settle(t.Context(), "A", []deliver.Outcome{{ID: "x"}}),
	} {
		if err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), "42501") {
			t.Errorf("got error %v, want one with %s", err, what)
		}
	}
}
