package postgres

import (
	"context"
	"encoding/hex"
	"encoding/json"
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
	"vodevents/shared/internal/keepalive"
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
		want      fault
		text      string
	}{
		{"check", `ALTER TABLE TABLE_ ADD CHECK (subject <> 'bad')`, ofData, "check constraint"},
		{"trigger", `CREATE FUNCTION TABLE__f() RETURNS trigger LANGUAGE plpgsql AS
			$$ BEGIN IF new.subject = 'bad' THEN RAISE 'not this one'; END IF; RETURN new; END $$;
			CREATE TRIGGER t BEFORE INSERT ON TABLE_ FOR EACH ROW EXECUTE FUNCTION TABLE__f()`, ofEvent, "not this one"},
		{"another key", `CREATE UNIQUE INDEX ON TABLE_ (subject);
			INSERT INTO TABLE_ (id, type, subject, source, mode, received_at) VALUES ('x', 't', 'bad', 's', 'm', now())`, ofEvent, "unique"},
		{"a column without default", `ALTER TABLE TABLE_ ADD extra text NOT NULL`, ofServer, "extra"},
		{"a column is missing", `ALTER TABLE TABLE_ DROP raw`, ofServer, `column "raw"`},
		{"a type is another", `ALTER TABLE TABLE_ DROP received_at, ADD received_at integer`, ofServer, "received_at"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, bad := setup(t, test.sql)
			good := parse(t, `{"FileId":"good"}`)
			errs := s.Send(t.Context(), []*event.Event{good, bad})
			err := errs[1]
			if err == nil || !strings.Contains(err.Error(), test.text) {
				t.Fatalf("got error %v, want one about %q", err, test.text)
			}
			if deliver.IsPermanent(err) != (test.want == ofData) || errors.Is(err, deliver.ErrUnavailable) != (test.want == ofServer) {
				t.Errorf("%v: permanent %v, unavailable %v", err, deliver.IsPermanent(err), errors.Is(err, deliver.ErrUnavailable))
			}
			if (errs[0] != nil) != (test.want == ofServer) {
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
	for _, mode := range []string{"exec", "simple_protocol", "cache_describe", "describe_exec"} {
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

		q.Set(dedupTableParam, table+"_dedup")
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
	config := openSink(t, u).pool.config
	got := []string{config.Password, config.RuntimeParams["options"]}
	if diff := cmp.Diff([]string{"a+b&c", "-c statement_timeout=5s"}, got); diff != "" {
		t.Error(diff)
	}
	for _, ours := range []string{tableParam, dedupTableParam, connsParam} {
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

func TestHoldable(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ in, want string }{
		{`{"a":"b"}`, ``},
		{`"飲茶"`, ``},
		{`"\u00e9 \ud83d\ude00 \\u0000 \\\\ud800 \" \/"`, ``},
		{"\"\uFFFD \\ufffd\"", ``},
		{`"\u0000"`, `"\ufffd"`},
		{`"\\\u0000"`, `"\\\ufffd"`},
		{`"\uD83D"`, `"\ufffd"`},
		{`"\uD83Dx"`, `"\ufffdx"`},
		{`"\ud83d\ud83d\ude00"`, `"\ufffd\ud83d\ude00"`},
		{`"\ude00\ud83d"`, `"\ufffd\ufffd"`},
		{`[1e300,-2.5E-300,"1e131071"]`, ``},
		{`{"1e131071":"` + strings.Repeat("1e131071,", 100) + `"}`, ``},
	} {
		want := test.want
		if want == "" {
			want = test.in
		}
		got := holdable([]byte(test.in))
		if string(got) != want {
			t.Errorf("%s: got %s, want %s", test.in, got, want)
		}
	}
}

// What jsonb would print much longer than it came is not for jsonb.
func TestSwells(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		`1e131071`, `-1E-20000`, `{"a":[1,1e+99999]}`, `1e99999999999999999999`,
		`[` + strings.Repeat("1e131071,", 20_000) + `1]`, `[` + strings.Repeat("1e307,", 30_000) + `1]`,
	} {
		if got := holdable([]byte(in)); got != nil {
			t.Errorf("%.40s: %.40s", in, got)
		}
	}
}

// holdable keeps what is well, ends, and leaves nothing to mend.
func FuzzHoldable(f *testing.F) {
	for _, s := range []string{`{"a":"b"}`, `"\ud83d\ude00\ud83d\u0000\\u0000"`, "\"\xff\"", `"\\"`, `[1e9,1e99999]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if !json.Valid(in) {
			return
		}
		given := slices.Clone(in)
		once := holdable(in)
		if !slices.Equal(in, given) {
			t.Fatal("the input was changed")
		}
		if once == nil {
			return
		}
		if twice := holdable(once); !slices.Equal(once, twice) {
			t.Errorf("%q: %q, then %q", in, once, twice)
		}
		if len(in) > 0 && slices.Equal(once, in) && &once[0] != &in[0] {
			t.Errorf("%q was copied for nothing", in)
		}
	})
}

// What the fuzz target finds well, the server takes.
func TestHoldableOnTheServer(t *testing.T) {
	for _, in := range []string{`"\u0000"`, `"\ud800\udbff\ud83d\ude00\udc00"`, `"\\u0000"`} {
		if got := psql(t, `SELECT $1::text::jsonb::text`, holdable([]byte(in))); len(got) != 1 {
			t.Errorf("%q: %v", in, got)
		}
	}
}

func shuffle(events []*event.Event) {
	for i := range events {
		j := (i*7 + len(events)/3 + time.Now().Nanosecond()) % len(events)
		events[i], events[j] = events[j], events[i]
	}
}

// connections are how many the server has of the named application.
func connections(t testing.TB, name string) string {
	return psql(t, `SELECT count(*)::text FROM pg_stat_activity WHERE application_name = $1`, name)[0]
}

func named(u *url.URL, name string) *url.URL {
	v := *u
	q := v.Query()
	q.Set("application_name", name)
	v.RawQuery = q.Encode()
	return &v
}

func TestIdleConnections(t *testing.T) {
	u, _ := newTable(t)
	const name = "idle"
	s := openSink(t, named(u, name))
	if n := connections(t, name); n != "0" {
		t.Errorf("%s connections before the first use", n)
	}
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() { taken(t, s.Send(t.Context(), delivertest.Events(t, 4))) })
	}
	all.Wait()
	if n := len(s.pool.idle); n < 1 || n > defaultConns {
		t.Errorf("%d connections, want 1 to %d", n, defaultConns)
	}
	old := s.pool.idle[0]
	s.CloseIdle()
	if len(s.pool.idle) == 0 || s.pool.idle[0] != old {
		t.Error("a connection in use was closed")
	}
	kept := len(s.pool.idle) - 1
	old.used = old.used.Add(-keepalive.Limit)
	s.CloseIdle()
	if len(s.pool.idle) != kept || !old.IsClosed() {
		t.Errorf("%d connections, want %d", len(s.pool.idle), kept)
	}
	taken(t, s.Send(t.Context(), delivertest.Events(t, 1)))
	must(t, s.Close())
	waitFor(t, "the server to see the goodbyes", func() bool { return connections(t, name) == "0" })
}

func waitFor(t testing.TB, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		if done() {
			return
		}
		<-tick.C
	}
	t.Errorf("waited in vain for %s", what)
}

// A connection to a server that has become a standby is not kept: a new one may
// find the server that took over.
func TestReadOnly(t *testing.T) {
	u, _ := newTable(t)
	s := openSink(t, u)
	standby := func() {
		must(t, s.pool.use(t.Context(), "", func(c *pgx.Conn) error {
			_, err := c.Exec(t.Context(), `SET default_transaction_read_only = on`)
			return err
		}))
	}
	taken(t, s.Send(t.Context(), delivertest.Events(t, 1)))
	standby()
	taken(t, s.Send(t.Context(), delivertest.Events(t, 1)))

	u.RawQuery += "&options=-c%20default_transaction_read_only%3Don"
	s = openSink(t, u)
	if err := s.Send(t.Context(), delivertest.Events(t, 1))[0]; !errors.Is(err, deliver.ErrUnavailable) || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("everywhere read-only: got error %v", err)
	}
}

func TestPoolSize(t *testing.T) {
	u, _ := newTable(t)
	u = named(u, "small")
	q := u.Query()
	q.Set(connsParam, "2")
	u.RawQuery = q.Encode()
	s := openSink(t, u)
	taken(t, s.Send(t.Context(), delivertest.Events(t, 1)))
	hold := make(chan struct{})
	var all sync.WaitGroup
	var inside sync.WaitGroup
	inside.Add(2)
	for range 2 {
		all.Go(func() {
			must(t, s.pool.use(t.Context(), "", func(*pgx.Conn) error { inside.Done(); <-hold; return nil }))
		})
	}
	inside.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Send(ctx, delivertest.Events(t, 1))[0]; !errors.Is(err, deliver.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third user: got %v, want a deadline", err)
	}
	close(hold)
	all.Wait()
	taken(t, s.Send(t.Context(), delivertest.Events(t, 1)))
	if n := connections(t, "small"); n != "2" {
		t.Errorf("%s connections, want 2", n)
	}
}
