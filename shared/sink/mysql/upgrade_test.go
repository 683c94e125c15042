package mysql

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/sink/internal/sqltable"
)

// earlier takes from the tables of a sink and a store what an earlier version
// may not have had, and leaves a row in each.
func earlier(t *testing.T) (u *url.URL, table string) {
	t.Helper()
	u, table = newTable(t)
	u = with(u, sqltable.DedupTableParam, table+"_dedup")
	taken(t, openSink(t, u).Send(t.Context(), delivertest.Events(t, 1)))
	must(t, openStore(t, u).Settle(t.Context(), "A", []deliver.Outcome{{ID: "old", State: deliver.StateDone}}))
	sql(t, `ALTER TABLE `+table+` DROP raw, DROP parkreason, DROP parkattempts, DROP parkfirsterror, DROP parklasterror`,
		`ALTER TABLE `+table+`_dedup DROP claim, DROP attempts, DROP first_error, DROP last_error`)
	return u, table
}

// A table of an earlier version gets its new columns on first use, and keeps
// what it holds.
func TestUpgrade(t *testing.T) {
	u, table := earlier(t)
	taken(t, openSink(t, u).Send(t.Context(), delivertest.Events(t, 2)))
	if n := sql(t, `SELECT count(*) FROM `+table+` WHERE parkreason IS NULL`)[0]; n != "3" {
		t.Errorf("%s rows, want 3", n)
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
	sql(t, `CREATE USER `+table+`@'%'`,
		`GRANT INSERT, SELECT, UPDATE ON test.`+table+` TO `+table+`@'%'`,
		`GRANT INSERT, SELECT, UPDATE, DELETE ON test.`+table+`_dedup TO `+table+`@'%'`)
	u.User = url.User(table)
	for what, err := range map[string]error{
		"ALTER TABLE `" + table + "` ADD COLUMN raw":         openSink(t, u).Send(t.Context(), delivertest.Events(t, 1))[0],
		"ALTER TABLE `" + table + "_dedup` ADD COLUMN claim": openStore(t, u).Settle(t.Context(), "A", []deliver.Outcome{{ID: "x"}}),
	} {
		if err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), "1142") {
			t.Errorf("got error %v, want one with %s", err, what)
		}
	}
}
