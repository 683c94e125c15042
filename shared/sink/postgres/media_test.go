package postgres

import (
	"context"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/media"
	"vodevents/shared/media/mediatest"
	"vodevents/shared/sink/stored"
)

func withMedia(t testing.TB) (*url.URL, *MediaTable) {
	t.Helper()
	u, table := newTable(t)
	u = with(u, "media", table+"_media")
	m, err := OpenMedia(u)
	must(t, err)
	t.Cleanup(m.Close)
	return u, m
}

func mediaRows(t testing.TB, m *MediaTable) []media.Row {
	t.Helper()
	all, err := m.Media(t.Context(), stored.MediaFilter{}, 1000)
	must(t, err)
	var rows []media.Row
	for _, one := range all {
		rows = append(rows, one.Row)
	}
	return rows
}

func openTables(t *testing.T) mediatest.Tables {
	u, m := withMedia(t)
	return mediatest.Tables{
		Open: func(t testing.TB) deliver.Sink { return openSink(t, u) },
		Rows: func(t testing.TB) []media.Row { return mediaRows(t, m) },
		Wreck: func(t testing.TB) {
			psqlScript(t, "UPDATE "+m.tables.media+" SET state = 'known', name = 'wrong', doc = '{}'; DELETE FROM "+m.tables.event+
				"; INSERT INTO "+m.tables.output+" (source, file_id, kind, definition, status) SELECT source, file_id, 'Transcode', 7, 'SUCCESS' FROM "+m.tables.media)
		},
		Earlier: func(t testing.TB) {
			psqlScript(t, "ALTER TABLE "+m.name+" DROP sunk_at; DROP TABLE "+m.tables.media+", "+m.tables.output+", "+m.tables.event)
		},
		Rebuild: func(t testing.TB) { mediatest.Rebuild(t, m) },
	}
}

func TestMediaTables(t *testing.T) { mediatest.TestTables(t, openTables) }

func TestEventsThatCount(t *testing.T) { mediatest.TestFates(t, openTables) }

func TestLateEvent(t *testing.T) { mediatest.TestLateEvent(t, openTables) }

// A parked event says nothing of a media until the table takes it as SINK, and
// then with the time at which it was received first.
func TestParkedEventCountsOnceDelivered(t *testing.T) {
	u, m := withMedia(t)
	life := mediatest.Lives(true)[0]
	e := life.Events()[0]
	parked := *e
	parked.Parking = &event.Parking{Reason: "attempts", Attempts: 5}
	s := openSink(t, u)
	taken(t, s.Send(t.Context(), []*event.Event{&parked}))
	if rows := mediaRows(t, m); len(rows) != 0 {
		t.Fatalf("a parked event made %+v", rows)
	}
	again := *e
	again.Received = e.Received.Add(3600e9)
	taken(t, s.Send(t.Context(), []*event.Event{&again}))
	rows := mediaRows(t, m)
	if len(rows) != 1 || rows[0].State != media.Ready {
		t.Fatalf("got %+v", rows)
	}
	if got := psql(t, `SELECT doc#>>'{last,at}' FROM `+m.tables.media)[0]; got != "2026-11-20T09:00:00Z" {
		t.Errorf("last told at %s, want the first receipt", got)
	}
}

// Whatever mode of pgx's a pooler needs, JSON reaches the tables of media as JSON.
func TestMediaBehindPooler(t *testing.T) {
	for _, mode := range poolerModes() {
		u, m := withMedia(t)
		taken(t, openSink(t, with(u, "default_query_exec_mode", mode)).Send(t.Context(), mediatest.Lives(true)[2].Events()))
		got := psql(t, "SELECT concat_ws(' ', count(*) FILTER (WHERE doc ? 'last'), (SELECT count(data->>'Definition') FROM "+m.tables.output+")) FROM "+m.tables.media)
		if len(got) != 1 || got[0] != "1 2" {
			t.Errorf("%s: media and outputs with JSON: %v, want 1 and 2", mode, got)
		}
	}
}

// Times that come as text, as behind a pooler, are read whatever style a session has.
func TestDateStyle(t *testing.T) {
	for _, mode := range []string{"exec", "simple_protocol", "cache_statement"} {
		for _, style := range []string{"German", "SQL", "Postgres"} {
			u, table := newTable(t)
			u = with(with(with(u, "media", table+"_media"), "default_query_exec_mode", mode), "DateStyle", style)
			m, err := OpenMedia(u)
			must(t, err)
			t.Cleanup(m.Close)
			e := transcodedTwelve(t, 1)
			taken(t, openSink(t, u).Send(t.Context(), []*event.Event{e}))
			mediatest.Rebuild(t, m)
			page, err := m.Page(t.Context(), stored.Filter{}, 10)
			must(t, err)
			if len(page) != 1 || !page[0].Received.Equal(e.Received.Truncate(time.Microsecond)) {
				t.Errorf("%s, %s: %+v, want one event received at %v", mode, style, page, e.Received)
			}
		}
	}
}

// An output whose numbers jsonb would print too long has a row without data, beside
// outputs of the same batch that have theirs.
func TestOutputThatSwells(t *testing.T) {
	u, m := withMedia(t)
	body := `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"t1","Status":"FINISH","FileId":"77","MediaProcessResultSet":[` +
		`{"TranscodeTask":{"Status":"SUCCESS","Input":{"Definition":20},"Output":{"Url":"https://media.example.com/a.mp4","Definition":20,"Odd":1e131071}}},` +
		`{"TranscodeTask":{"Status":"SUCCESS","Input":{"Definition":30},"Output":{"Url":"https://media.example.com/b.mp4","Definition":30,"Odd":1e3}}}]}}`
	e, err := event.Parse([]byte(body), event.Origin{Mode: event.Reliable, Received: time.Now()})
	must(t, err)
	s := openSink(t, u)
	taken(t, s.Send(t.Context(), []*event.Event{transcodedTwelve(t, 1), e, transcodedTwelve(t, 2)}))
	got := psql(t, "SELECT string_agg(concat_ws(' ', definition, data IS NOT NULL), ', ' ORDER BY definition) FROM "+m.tables.output+" WHERE file_id = '77'")
	if want := "20 f, 30 t"; len(got) != 1 || got[0] != want {
		t.Errorf("outputs %q, want %q", got, want)
	}
	if got := psql(t, "SELECT count(data) FROM "+m.tables.output); got[0] != "25" {
		t.Errorf("%s outputs with data, want 25", got[0])
	}
}

// What one event's media cannot be written takes back that event and no other, and the
// connection goes on.
func TestRefusedMediaTakesItsEventBack(t *testing.T) {
	u, m := withMedia(t)
	dials := 0
	s := dialled(t, u, func(d *dialer) {
		dial := d.config.DialFunc
		d.config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			dials++
			return dial(ctx, network, addr)
		}
	})
	taken(t, s.Send(t.Context(), []*event.Event{transcodedTwelve(t, 1)}))
	connected := dials // a pooler refuses the first try, with parameters
	psqlScript(t, "ALTER TABLE "+m.tables.output+" ADD CHECK (file_id NOT LIKE '%03')")
	errs := s.Send(t.Context(), []*event.Event{transcodedTwelve(t, 2), transcodedTwelve(t, 3), transcodedTwelve(t, 4)})
	if errs[0] != nil || errs[1] == nil || errs[2] != nil {
		t.Errorf("got %v", errs)
	}
	for table, want := range map[string]string{m.name: "3", m.tables.media: "3", m.tables.event: "3", m.tables.output: "36"} {
		if got := psql(t, "SELECT count(*) FROM "+table)[0]; got != want {
			t.Errorf("%s rows in %s, want %s", got, table, want)
		}
	}
	if dials != connected {
		t.Errorf("%d more connections, want none", dials-connected)
	}
}

// A table of an earlier version has no sunk_at.
func TestUpgradeAddsSunkAt(t *testing.T) {
	u, m := withMedia(t)
	events := mediatest.Lives(true)[2].Events()
	taken(t, openSink(t, without(u, "media")).Send(t.Context(), events[:1]))
	psqlScript(t, "ALTER TABLE "+m.name+" DROP sunk_at")
	taken(t, openSink(t, u).Send(t.Context(), events))
	if rows := mediaRows(t, m); len(rows) != 1 || rows[0].State != media.Ready {
		t.Errorf("got %+v", rows)
	}
}

// without is u without a parameter.
func without(u *url.URL, name string) *url.URL {
	v := *u
	q := v.Query()
	q.Del(name)
	v.RawQuery = q.Encode()
	return &v
}

// The five questions of the README of media.
func TestFiveQuestions(t *testing.T) {
	u, m := withMedia(t)
	taken(t, openSink(t, u).Send(t.Context(), mediatest.Asked(t, time.Now())))
	psqlScript(t, "UPDATE "+m.tables.media+" SET updated_at = now() - interval '2 hours' WHERE file_id = '6'")
	c, err := pgx.Connect(t.Context(), server(t).URL)
	must(t, err)
	defer c.Close(t.Context())
	for i, q := range mediatest.Questions(t, "../../media/README.md", u.Query().Get("media"), false) {
		results, err := c.PgConn().Exec(t.Context(), q).ReadAll()
		must(t, err)
		var rows [][]string
		for _, row := range results[0].Rows {
			var columns []string
			for _, column := range row {
				columns = append(columns, string(column))
			}
			rows = append(rows, columns)
		}
		mediatest.CheckAnswers(t, i, rows)
	}
}

// counted counts what a connection sends.
type counted struct{ statements, trips int }

func (c *counted) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.statements++
	c.trips++
	return ctx
}

func (*counted) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (c *counted) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.trips++
	return ctx
}

func (c *counted) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {
	c.statements++
}

func (*counted) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func TestMediaNeedThreeMoreStatements(t *testing.T) {
	u, _ := withMedia(t)
	var events []*event.Event
	for _, life := range mediatest.Lives(true) {
		events = append(events, life.Events()...)
	}
	for name, most := range map[string]counted{"with": {4, 2}, "without": {1, 1}} {
		t.Run(name, func(t *testing.T) {
			u := u
			if name == "without" {
				u = without(u, "media")
			}
			c := new(counted)
			s := dialled(t, u, func(d *dialer) { d.config.Tracer = c })
			taken(t, s.Send(t.Context(), mediatest.Random(1, 1))) // connects, and makes the tables
			*c = counted{}
			taken(t, s.Send(t.Context(), events[:16]))
			if c.trips == 0 || c.statements > most.statements || c.trips > most.trips {
				t.Errorf("%+v, want %+v at most", *c, most)
			}
		})
	}
}
