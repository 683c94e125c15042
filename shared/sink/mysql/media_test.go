package mysql

import (
	"context"
	"database/sql/driver"
	"fmt"
	"net/url"
	"testing"
	"time"

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
			sql(t, "UPDATE "+m.tables.media+" SET state = 'known', name = 'wrong', doc = '{}'", "DELETE FROM "+m.tables.event,
				"INSERT INTO "+m.tables.output+" (source, file_id, kind, definition, status) SELECT source, file_id, 'Transcode', 7, 'SUCCESS' FROM "+m.tables.media)
		},
		Earlier: func(t testing.TB) {
			sql(t, "ALTER TABLE "+m.name+" DROP sunk_at", "DROP TABLE "+m.tables.media+", "+m.tables.output+", "+m.tables.event)
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
	taken(t, openSink(t, u).Send(t.Context(), mediatest.Lives(true)[9].Events())) // makes the tables
	e := mediatest.Lives(true)[0].Events()[0]
	parked := *e
	parked.Parking = &event.Parking{Reason: "attempts", Attempts: 5}
	s := openSink(t, u)
	taken(t, s.Send(t.Context(), []*event.Event{&parked}))
	if rows := mediaRows(t, m); len(rows) != 1 {
		t.Fatalf("a parked event made %+v", rows)
	}
	again := *e
	again.Received = e.Received.Add(3600e9)
	taken(t, s.Send(t.Context(), []*event.Event{&again}))
	if rows := mediaRows(t, m); len(rows) != 2 || rows[0].State != media.Ready {
		t.Fatalf("got %+v", rows)
	}
	if got := sql(t, "SELECT JSON_UNQUOTE(JSON_EXTRACT(doc, '$.last.at')) FROM "+m.tables.media+" WHERE file_id = '5285000000000000001'")[0]; got != "2026-11-20T09:00:00Z" {
		t.Errorf("last told at %s, want the first receipt", got)
	}
}

// An event that was there before media= was says nothing until a rebuild.
func TestEventThatWasThereMakesNoRow(t *testing.T) {
	u, m := withMedia(t)
	lives := mediatest.Lives(true)
	plain := *u
	taken(t, openSink(t, without(&plain, "media")).Send(t.Context(), lives[0].Events()))
	taken(t, openSink(t, u).Send(t.Context(), append(lives[0].Events(), lives[1].Events()...)))
	if rows := mediaRows(t, m); len(rows) != 1 || rows[0].FileId != lives[1].Row.FileId {
		t.Errorf("got %+v", rows)
	}
}

// counted counts the round trips of a connection.
type counted struct {
	rawConn
	trips *int
}

func (c counted) ExecContext(ctx context.Context, sql string, args []driver.NamedValue) (driver.Result, error) {
	*c.trips++
	return c.rawConn.ExecContext(ctx, sql, args)
}

func (c counted) QueryContext(ctx context.Context, sql string, args []driver.NamedValue) (driver.Rows, error) {
	*c.trips++
	return c.rawConn.QueryContext(ctx, sql, args)
}

// trips is how many round trips a batch needs on the connection that the sink has.
func trips(t *testing.T, s *Sink, events []*event.Event) (n int) {
	t.Helper()
	must(t, s.pool.Use(t.Context(), nil, func(c *conn) error {
		c.raw = counted{c.raw, &n}
		return nil
	}))
	taken(t, s.Send(t.Context(), events))
	return n
}

func TestMediaNeedSixMoreRoundTrips(t *testing.T) {
	u, _ := withMedia(t)
	var events []*event.Event
	for _, life := range mediatest.Lives(true) {
		events = append(events, life.Events()...)
	}
	events = events[:16]
	for name, u := range map[string]*url.URL{"with": u, "without": without(u, "media")} {
		t.Run(name, func(t *testing.T) {
			s := openSink(t, u)
			other := mediatest.Random(1, 1)
			taken(t, s.Send(t.Context(), other)) // connects, and makes the tables
			most := 1
			if name == "with" {
				most = 7
			}
			if n := trips(t, s, events); n > most {
				t.Errorf("%d round trips, want %d at most", n, most)
			} else if n == 0 {
				t.Error("nothing was counted")
			}
		})
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
	sql(t, "UPDATE "+m.tables.media+" SET updated_at = UTC_TIMESTAMP(6) - INTERVAL 2 HOUR WHERE file_id = '6'")
	for i, q := range mediatest.Questions(t, "../../media/README.md", u.Query().Get("media"), true) {
		rows, err := query(t.Context(), m.Table, func(row []driver.Value) (columns []string) {
			for _, v := range row {
				if n, ok := v.(int64); ok {
					v = fmt.Sprint(n)
				}
				columns = append(columns, text(v))
			}
			return columns
		}, q)
		must(t, err)
		mediatest.CheckAnswers(t, i, rows)
	}
}
