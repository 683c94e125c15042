package mysql

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/event"
	"vodevents/shared/sink/internal/sqltable"
)

func TestColumns(t *testing.T) {
	u, table := newTable(t)
	parked := parse(t, `{"FileId":"2"}`)
	parked.Parking = &event.Parking{Reason: "attempts", Attempts: 5, FirstError: "first\x00", LastError: "last\xff"}
	taken(t, openSink(t, u).Send(t.Context(), []*event.Event{
		parse(t, `{"FileId":"1","Size":9223372036854775807,"Rate":1.50,"Null":null}`), parked, parse(t, `{"Name":"飲茶 😀 'quoted' \\ "}`),
	}))
	want := []string{
		`com.tencent.cloud.vod.NewFileUpload | NULL | /tencentcloud/vod/1500000001 | normal | 2026-03-01 12:00:00.123456 | {"EventType":"NewFileUpload","FileUploadEvent":{"Name":"飲茶 😀 'quoted' \\ "}} | 1 | NULL | NULL | NULL | NULL`,
		`com.tencent.cloud.vod.NewFileUpload | 1 | /tencentcloud/vod/1500000001 | normal | 2026-03-01 12:00:00.123456 | {"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1","Size":9223372036854775807,"Rate":1.50,"Null":null}} | 1 | NULL | NULL | NULL | NULL`,
		`com.tencent.cloud.vod.NewFileUpload | 2 | /tencentcloud/vod/1500000001 | normal | 2026-03-01 12:00:00.123456 | {"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"2"}} | 1 | attempts | 5 | first� | last�`,
	}
	got := sql(t, `SELECT type, subject, source, mode, received_at, data, raw = data, parkreason, parkattempts, parkfirsterror, parklasterror FROM `+table+` ORDER BY subject`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Whatever an event holds, its exact bytes are kept, and no other event suffers.
func TestWhatJSONCannotHold(t *testing.T) {
	u, table := newTable(t)
	s := openSink(t, u)
	var events []*event.Event
	for _, p := range []string{
		`{"FileId":"01","Name":"usual"}`,
		`{"FileId":"02","Name":"a\u0000b\ud800"}`,
		`{"FileId":"03","Deep":` + strings.Repeat("[", 28) + strings.Repeat("]", 28) + `}`,
		`{"FileId":"04","Deep":` + strings.Repeat("[", 90) + strings.Repeat("]", 90) + `}`,
		`{"FileId":"05","Deep":` + strings.Repeat("[", 900) + strings.Repeat("]", 900) + `}`,
		`{"FileId":"06` + strings.Repeat("長", 2000) + `"}`,
		"{\"FileId\":\"07\",\"Name\":\"caf\xe9\"}",
		`{"FileId":"08","Size":1e200000,"Big":123456789012345678901234567890}`,
		`{"FileId":"09'); DROP TABLE ` + table + `; -- \\' \\\" ?"}`,
	} {
		events = append(events, parse(t, p))
	}
	for range 2 { // again, as after a lost answer
		taken(t, s.Send(t.Context(), events))
	}
	rows := sql(t, `SELECT left(subject, 2), length(subject), data IS NULL, hex(raw) FROM `+table+` ORDER BY subject`)
	if len(rows) != len(events) {
		t.Fatalf("%d rows", len(rows))
	}
	for i, row := range rows {
		exact := events[i].RawData()
		if exact == nil {
			exact = events[i].AppendData(nil)
		}
		length, null := 2, 0
		switch i + 1 {
		case 2, 4, 5: // half a surrogate pair; MariaDB 10.11 takes a depth of 32
			null = 1
		case 6:
			length = 512
		case 9:
			length = len(events[i].Subject)
		}
		want := fmt.Sprintf("%02d | %d | %d | %s", i+1, length, null, strings.ToUpper(hex.EncodeToString(exact)))
		if row != want {
			t.Errorf("got %.60s…, want %.60s…", row, want)
		}
	}
}

// Events that are larger together than the server takes in one statement go in
// several, and one that is too large for it is refused alone.
func TestLargeEvents(t *testing.T) {
	u, table := newTable(t)
	s := openSink(t, u)
	large := []*event.Event{delivertest.Event(t, "1", 6<<20), delivertest.Event(t, "2", 6<<20), delivertest.Event(t, "3", 6<<20)}
	taken(t, s.Send(t.Context(), large))
	errs := s.Send(t.Context(), []*event.Event{delivertest.Event(t, "4", 20<<20), delivertest.Event(t, "5", 10)})
	if !deliver.IsPermanent(errs[0]) || errs[1] != nil {
		t.Errorf("got %v", errs)
	}
	if n := sql(t, `SELECT count(*) FROM `+table)[0]; n != "4" {
		t.Errorf("%s rows, want 4", n)
	}
}

func TestParkedThenDelivered(t *testing.T) {
	u, table := newTable(t)
	s := openSink(t, u)
	send := func(e *event.Event, p *event.Parking) {
		t.Helper()
		e.Parking = p
		taken(t, s.Send(t.Context(), []*event.Event{e}))
	}
	want := func(want string) {
		t.Helper()
		if got := sql(t, `SELECT subject, parkreason, parkattempts, parklasterror FROM `+table)[0]; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	e := parse(t, `{"FileId":"1"}`)
	send(e, &event.Parking{Reason: "deadline", Attempts: 1, LastError: "one"})
	send(e, &event.Parking{Reason: "attempts", Attempts: 5, LastError: "five"})
	want("1 | attempts | 5 | five")
	send(e, nil)
	want("1 | NULL | NULL | NULL")
	send(e, nil) // it is there already
	want("1 | NULL | NULL | NULL")
	send(e, &event.Parking{Reason: "permanent", Attempts: 1}) // a dead letter, where the table is SINK too
	want("1 | permanent | 1 | ")
}

func TestFaults(t *testing.T) {
	for _, test := range []struct {
		name, sql string
		want      sqltable.Fault
		text      string
	}{
		{"check", `ALTER TABLE TABLE_ ADD CHECK (subject <> 'bad')`, sqltable.OfData, "4025"},
		{"trigger", `CREATE TRIGGER TABLE__t BEFORE INSERT ON TABLE_ FOR EACH ROW
			IF new.subject = 'bad' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'; END IF`, sqltable.OfEvent, "not this one"},
		{"another key", `INSERT INTO TABLE_ (id, type, subject, source, mode, received_at) VALUES ('x', 't', 'bad', 's', 'm', now());
			ALTER TABLE TABLE_ ADD UNIQUE (subject)`, sqltable.OfEvent, "another unique key of the table"},
		{"a column without default", `ALTER TABLE TABLE_ ADD extra INT NOT NULL`, sqltable.OfServer, "extra"},
		{"a column is missing", `ALTER TABLE TABLE_ DROP source`, sqltable.OfServer, "'source'"},
		{"a type is another", `ALTER TABLE TABLE_ MODIFY received_at INT NOT NULL`, sqltable.OfServer, "received_at"},
	} {
		t.Run(test.name, func(t *testing.T) {
			u, table := newTable(t)
			makeTable(t, u)
			statements := []string{strings.ReplaceAll(test.sql, "TABLE_", table)}
			if test.name == "another key" {
				statements = strings.Split(statements[0], ";")
			}
			sql(t, statements...)
			s := openSink(t, u)
			errs := s.Send(t.Context(), []*event.Event{parse(t, `{"FileId":"good"}`), parse(t, `{"FileId":"bad"}`)})
			err := errs[1]
			if err == nil || !strings.Contains(err.Error(), test.text) {
				t.Fatalf("got error %v, want one about %q", err, test.text)
			}
			if deliver.IsPermanent(err) != (test.want == sqltable.OfData) || errors.Is(err, deliver.ErrUnavailable) != (test.want == sqltable.OfServer) {
				t.Errorf("%v: permanent %v, unavailable %v", err, deliver.IsPermanent(err), errors.Is(err, deliver.ErrUnavailable))
			}
			if (errs[0] != nil) != (test.want == sqltable.OfServer) {
				t.Errorf("the good event: %v", errs[0])
			}
		})
	}
}

// What somebody has to do something about comes with what to do.
func TestAdvice(t *testing.T) {
	u, table := newTable(t)
	makeTable(t, u)
	sql(t, `CREATE USER `+table+`@'%'`)
	missing, stranger, nobody := *u, *u, *u
	missing.Path = "/no_such_database"
	stranger.User = url.User(table)
	nobody.User = url.UserPassword("nobody_at_all", "s3cret")
	for name, c := range map[string]struct {
		url  *url.URL
		want string
	}{
		"no database": {&missing, "make the database, or correct its name"},
		"no rights":   {&stranger, "grant the user the rights"},
		"no user":     {&nobody, "check user and password"},
	} {
		err := openSink(t, c.url).Send(t.Context(), delivertest.Events(t, 1))[0]
		if !errors.Is(err, deliver.ErrUnavailable) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: got error %v, want %q", name, err, c.want)
		}
	}
}

// Instances that start together make one table; batches that share events in
// another order do not lock each other out.
func TestTogether(t *testing.T) {
	u, table := newTable(t)
	events := delivertest.Events(t, 32)
	var all sync.WaitGroup
	for i := range 6 {
		s := openSink(t, u)
		for range 2 {
			all.Go(func() {
				for n := range 5 {
					mine := slices.Clone(events)
					mine = append(mine, mine[0], mine[7]) // twice in one batch
					slices.Reverse(mine[(i*7+n)%len(mine):])
					taken(t, s.Send(t.Context(), mine))
				}
			})
		}
	}
	all.Wait()
	if n := sql(t, `SELECT count(*) FROM `+table)[0]; n != "32" {
		t.Errorf("%s rows, want 32", n)
	}
}
