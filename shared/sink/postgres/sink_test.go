package postgres

import (
	"context"
	"encoding/hex"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/event"
	"vodevents/shared/sink/internal/sqltable"
)

// parse makes an event of a payload.
func parse(t testing.TB, payload string) *event.Event {
	t.Helper()
	e, err := event.Parse([]byte(`{"EventType":"NewFileUpload","FileUploadEvent":`+payload+`}`), event.Origin{
		Mode: event.Normal, SubAppId: 1500000001, Received: time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC),
	})
	must(t, err)
	return e
}

func taken(t testing.TB, errs []error) {
	t.Helper()
	for i, err := range errs {
		if err != nil {
			t.Errorf("event %d: %v", i, err)
		}
	}
}

// rowsOf shows the columns of a table, each row as one line.
func rowsOf(t testing.TB, table string, columns ...string) string {
	t.Helper()
	for i, c := range columns {
		columns[i] = "coalesce((" + c + ")::text, 'NULL')"
	}
	return strings.Join(psql(t, `SELECT concat_ws(' | ', `+strings.Join(columns, ", ")+`) FROM `+table+` ORDER BY subject, id`), "\n")
}

func TestColumns(t *testing.T) {
	u, table := newTable(t)
	s := openSink(t, u)
	parked := parse(t, `{"FileId":"2"}`)
	parked.Parking = &event.Parking{Reason: "attempts", Attempts: 5, FirstError: "first\x00", LastError: "last\xff"}
	taken(t, s.Send(t.Context(), []*event.Event{
		parse(t, `{"FileId":"1","Size":9223372036854775807,"Rate":1.50,"Null":null}`), parked, parse(t, `{"Name":"飲茶"}`),
	}))
	want := `com.tencent.cloud.vod.NewFileUpload | 1 | /tencentcloud/vod/1500000001 | normal | 2026-03-01 12:00:00.123456 | {"EventType": "NewFileUpload", "FileUploadEvent": {"Null": null, "Rate": 1.50, "Size": 9223372036854775807, "FileId": "1"}} | NULL | NULL | NULL | NULL | NULL
com.tencent.cloud.vod.NewFileUpload | 2 | /tencentcloud/vod/1500000001 | normal | 2026-03-01 12:00:00.123456 | {"EventType": "NewFileUpload", "FileUploadEvent": {"FileId": "2"}} | NULL | attempts | 5 | first� | last�
com.tencent.cloud.vod.NewFileUpload | NULL | /tencentcloud/vod/1500000001 | normal | 2026-03-01 12:00:00.123456 | {"EventType": "NewFileUpload", "FileUploadEvent": {"Name": "飲茶"}} | NULL | NULL | NULL | NULL | NULL`
	got := rowsOf(t, table, "type", "subject", "source", "mode", "received_at AT TIME ZONE 'UTC'", "data", "raw",
		"parkreason", "parkattempts", "parkfirsterror", "parklasterror")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	indexes := psql(t, `SELECT regexp_replace(indexdef, '.* USING ', '') FROM pg_indexes WHERE tablename = $1 ORDER BY 1`, table)
	if diff := cmp.Diff([]string{"btree (id)", "btree (received_at)", "btree (subject) WHERE (subject IS NOT NULL)", "btree (type, received_at)"}, indexes); diff != "" {
		t.Error(diff)
	}
}

// Whatever an event holds, it is kept, and no other event suffers.
func TestWhatJSONBCannotHold(t *testing.T) {
	u, table := newTable(t)
	s := openSink(t, u)
	long := strings.Repeat("長", 2000)
	payloads := []string{
		`{"FileId":"01","Name":"usual"}`,
		`{"FileId":"02","Name":"a\u0000b"}`,
		`{"FileId":"03","Name":"a\ud800b"}`,
		`{"FileId":"04","Name":"a\udc00\ud83d\ude00\ud83db"}`,
		`{"FileId":"05","Size":1e200000}`,
		`{"FileId":"06","Deep":` + strings.Repeat("[", 990) + strings.Repeat("]", 990) + `}`,
		`{"FileId":"07\u0000"}`,
		`{"FileId":"08` + long + `"}`,
		`{"FileId":"09","Name":"\\u0000 \ud83d\ude00 \u00e9"}`,
		`{"FileId":"10","Sizes":[` + strings.Repeat("1e131071,", 20_000) + `1]}`,
		"{\"FileId\":\"11\",\"Name\":\"caf\xe9\"}",
		`{"FileId":"12'); DROP TABLE ` + table + `; --","Name":"\\' $1 {1,\"}\\x"}`,
	}
	var events []*event.Event
	for _, p := range payloads {
		events = append(events, parse(t, p))
	}
	taken(t, s.Send(t.Context(), events))

	whole := func(i int) string {
		exact := events[i].RawData()
		if exact == nil {
			exact = events[i].AppendData(nil)
		}
		return hex.EncodeToString(exact)
	}
	want := []string{
		`01 | usual | NULL`,
		`02 | a�b | ` + whole(1),
		`03 | a�b | ` + whole(2),
		`04 | a�😀�b | ` + whole(3),
		`05 | NULL | ` + whole(4),
		`06 | NULL | NULL`,
		`07� | NULL | ` + whole(6),
		`08` + strings.Repeat("長", 340) + ` | NULL | NULL`,
		`09 | \u0000 😀 é | NULL`,
		`10 | NULL | ` + whole(9),
		`11 | caf� | ` + whole(10),
		`12'); DROP TABLE ` + table + `; -- | \' $1 {1,"}\x | NULL`,
	}
	got := rowsOf(t, table, "subject", "data->'FileUploadEvent'->>'Name'", "encode(raw, 'hex')")
	if diff := cmp.Diff(want, strings.Split(got, "\n")); diff != "" {
		t.Error(diff)
	}
	nulls := psql(t, `SELECT subject FROM `+table+` WHERE data IS NULL ORDER BY 1`)
	if diff := cmp.Diff([]string{"05", "10"}, nulls); diff != "" {
		t.Errorf("events without data: %s", diff)
	}
	taken(t, s.Send(t.Context(), events)) // again, as after a lost answer
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
		if got := rowsOf(t, table, "subject", "parkreason", "parkattempts", "parklasterror"); got != want {
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
}

// Where one table is SINK and DEAD_LETTER, it has an event that another sink
// refuses already when it is parked.
func TestDeadLetterSetsItsMark(t *testing.T) {
	u, table := newTable(t)
	s := openSink(t, u)
	refuses := refusing{errors.New("no")}
	p := &deliver.Pipeline{Sinks: []deliver.Sink{s, refuses}, DeadLetter: s, Store: deliver.NewMemory(), MaxAttempts: 2}
	e := parse(t, `{"FileId":"1"}`)
	for attempt, want := range []deliver.Fate{deliver.Left, deliver.Parked} {
		if got := p.Deliver(t.Context(), []*event.Event{e})[0]; got.Fate != want {
			t.Errorf("attempt %d: got %+v", attempt+1, got)
		}
	}
	if got := rowsOf(t, table, "subject", "parkreason", "parkattempts", "parklasterror"); got != "1 | attempts | 2 | no" {
		t.Errorf("got %s", got)
	}
}

// refusing is a sink that takes nothing.
type refusing struct{ err error }

func (r refusing) Send(_ context.Context, events []*event.Event) []error {
	return deliver.FailAll(len(events), r.err)
}

func (refusing) CloseIdle()   {}
func (refusing) Close() error { return nil }

func TestFaults(t *testing.T) {
	setup := func(t *testing.T, sql string) (*Sink, *event.Event) {
		u, table := newTable(t)
		makeTable(t, u)
		psqlScript(t, strings.ReplaceAll(sql, "TABLE_", table))
		return openSink(t, u), parse(t, `{"FileId":"bad"}`)
	}
	for _, test := range []struct {
		name, sql string
		want      sqltable.Fault
		text      string
	}{
		{"check", `ALTER TABLE TABLE_ ADD CHECK (subject <> 'bad')`, sqltable.OfData, "check constraint"},
		{"trigger", `CREATE FUNCTION TABLE__f() RETURNS trigger LANGUAGE plpgsql AS
			$$ BEGIN IF new.subject = 'bad' THEN RAISE 'not this one'; END IF; RETURN new; END $$;
			CREATE TRIGGER t BEFORE INSERT ON TABLE_ FOR EACH ROW EXECUTE FUNCTION TABLE__f()`, sqltable.OfEvent, "not this one"},
		{"another key", `CREATE UNIQUE INDEX ON TABLE_ (subject);
			INSERT INTO TABLE_ (id, type, subject, source, mode, received_at) VALUES ('x', 't', 'bad', 's', 'm', now())`, sqltable.OfEvent, "unique"},
		{"a column without default", `ALTER TABLE TABLE_ ADD extra text NOT NULL`, sqltable.OfServer, "extra"},
		{"a column is missing", `ALTER TABLE TABLE_ DROP source`, sqltable.OfServer, `column "source"`},
		{"a type is another", `ALTER TABLE TABLE_ DROP received_at, ADD received_at integer`, sqltable.OfServer, "received_at"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, bad := setup(t, test.sql)
			good := parse(t, `{"FileId":"good"}`)
			errs := s.Send(t.Context(), []*event.Event{good, bad})
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

// psqlScript runs several statements.
func psqlScript(t testing.TB, sql string) {
	t.Helper()
	c, err := pgx.Connect(context.Background(), server(t).URL)
	must(t, err)
	defer c.Close(context.Background())
	_, err = c.Exec(context.Background(), sql)
	must(t, err)
}

func TestSchemaAndRights(t *testing.T) {
	u, table := newTable(t)
	psqlScript(t, `CREATE ROLE writer LOGIN; CREATE SCHEMA "Media"; GRANT USAGE ON SCHEMA "Media" TO writer`)
	with := func(user, table string) *Sink {
		v := *u
		v.User = url.User(user)
		v.RawQuery = url.Values{"table": {table}, "sslmode": {"disable"}}.Encode()
		return openSink(t, &v)
	}
	e := []*event.Event{parse(t, `{"FileId":"1"}`)}
	want := func(s *Sink, text string) {
		t.Helper()
		err := s.Send(t.Context(), e)[0]
		if text == "" && err == nil {
			return
		}
		if !errors.Is(err, deliver.ErrUnavailable) || !strings.Contains(err.Error(), text) {
			t.Errorf("got %v, want an unavailable sink: %s", err, text)
		}
	}
	want(with("postgres", "nowhere."+table), `cannot make the table: ERROR: schema "nowhere" does not exist (SQLSTATE 3F000)`)
	want(with("writer", "Media.Events"), `cannot make the table: ERROR: permission denied for schema Media (SQLSTATE 42501)`)
	want(with("postgres", "Media.Events"), "")
	want(with("writer", "Media.Events"), `permission denied for table Events (SQLSTATE 42501)`)
	psqlScript(t, `GRANT INSERT, SELECT, UPDATE ON "Media"."Events" TO writer`)
	want(with("writer", "Media.Events"), "")
	if n := len(psql(t, `SELECT id FROM "Media"."Events"`)); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
	want(with("nobody-there", table), `role "nobody-there" does not exist`)
}

// Instances that start together make one table; batches that share events in
// another order do not lock each other out.
func TestTogether(t *testing.T) {
	u, table := newTable(t)
	events := delivertest.Events(t, 32)
	var all sync.WaitGroup
	for range 6 {
		s := openSink(t, u)
		for range 2 {
			all.Go(func() {
				for range 5 {
					mine := slices.Clone(events)
					mine = append(mine, mine[0], mine[7]) // twice in one batch
					shuffle(mine)
					taken(t, s.Send(t.Context(), mine))
				}
			})
		}
	}
	all.Wait()
	if n := len(psql(t, `SELECT id FROM `+table)); n != len(events) {
		t.Errorf("%d rows, want %d", n, len(events))
	}
}

// The table is dropped while a connection has the statement prepared.
func TestTableIsDropped(t *testing.T) {
	u, table := newTable(t)
	s := openSink(t, u)
	for range 3 {
		taken(t, s.Send(t.Context(), delivertest.Events(t, 2)))
		if n := len(psql(t, `SELECT id FROM `+table)); n != 2 {
			t.Errorf("%d rows, want 2", n)
		}
		psqlScript(t, `DROP TABLE `+table)
	}
}

func TestPoolerWithoutPreparedStatements(t *testing.T) {
	for _, mode := range poolerModes() {
		u, table := newTable(t)
		q := u.Query()
		q.Set("default_query_exec_mode", mode)
		u.RawQuery = q.Encode()
		s := openSink(t, u)
		e := delivertest.Events(t, 3)
		e[1].Parking = &event.Parking{Reason: "permanent"}
		taken(t, s.Send(t.Context(), append(e, parse(t, `{"FileId":"1","Name":"\u0000"}`))))
		rows := psql(t, `SELECT concat_ws(' ', data->>'EventType', length(raw)::text) FROM `+table+` ORDER BY raw`)
		if diff := cmp.Diff([]string{"NewFileUpload 78", "NewFileUpload", "NewFileUpload", "NewFileUpload"}, rows); diff != "" {
			t.Errorf("%s: type and length of raw: %s", mode, diff)
		}
		taken(t, s.Send(t.Context(), delivertest.Events(t, 1))) // in a statement of its own
		if n := psql(t, `SELECT count(data->>'EventType')::text FROM `+table)[0]; n != "5" {
			t.Errorf("%s: %s rows, want 5", mode, n)
		}

		q.Set(sqltable.DedupTableParam, table+"_dedup")
		u.RawQuery = q.Encode()
		store, err := OpenStore(u)
		must(t, err)
		defer store.Close()
		r, err := store.Claim(t.Context(), "A", []string{"b", "a"}, time.Minute, true)
		if err != nil || !r[0].Mine || !r[1].Mine {
			t.Fatalf("%s: got %+v, %v", mode, r, err)
		}
		must(t, store.Settle(t.Context(), "A", []deliver.Outcome{{ID: "a", State: deliver.StateDone}, {ID: "b", Attempts: 1, LastError: `{"x"}`}}))
		r, err = store.Claim(t.Context(), "A", []string{"b", "a"}, time.Minute, true)
		if err != nil || r[0].LastError != `{"x"}` || r[1].State != deliver.StateDone {
			t.Fatalf("%s: got %+v, %v", mode, r, err)
		}
	}
}

func shuffle(events []*event.Event) {
	for i := range events {
		j := (i*7 + len(events)/3 + time.Now().Nanosecond()) % len(events)
		events[i], events[j] = events[j], events[i]
	}
}
