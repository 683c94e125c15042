package reconcile_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vodevents/shared/credentials"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/media"
	"vodevents/shared/reconcile"
	"vodevents/shared/sink"
	"vodevents/shared/sink/mysql/mytest"
	"vodevents/shared/sink/postgres/pgtest"
	"vodevents/shared/sink/servertest"
	"vodevents/shared/sink/stored"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

// receiver takes the stand-in's callbacks into a table, as the function does.
type receiver struct {
	pipeline *deliver.Pipeline
	got      atomic.Int64
}

func (r *receiver) RoundTrip(q *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, err
	}
	e, err := event.Parse(body, event.Origin{Mode: event.Normal, SubAppId: app, Received: time.Now()})
	if err != nil {
		return nil, err
	}
	// It takes as long as the database does: the stand-in's time stands still, so
	// it would not send again what took over 5 s.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(q.Context()), 5*time.Minute)
	defer cancel()
	if result := r.pipeline.Deliver(ctx, []*event.Event{e})[0]; result.Fate != deliver.Delivered {
		return nil, fmt.Errorf("%s: %w", result.Fate, result.Cause)
	}
	r.got.Add(1)
	return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
}

// world is a stand-in that sends its callbacks into a database.
type world struct {
	t     *testing.T
	vod   *vodfake.Server
	table sink.MediaTable
	to    *receiver
	files []string

	sent, dropped atomic.Int64
	drop          atomic.Int64 // every n-th callback is lost; 0: none
	lost          sync.Map     // what was dropped, by id
}

func newWorld(t *testing.T, url string) *world {
	t.Helper()
	s, err := sink.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	table, err := sink.OpenMedia(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(table.Close)
	w := &world{t: t, table: table, to: &receiver{pipeline: &deliver.Pipeline{Way: deliver.Pushed, Store: new(deliver.Off), Sinks: []deliver.Sink{s}}}}
	// How many calls come in a second depends on the machine, also of a client that has a pace.
	w.vod = vodfake.New(vodfake.Options{Rate: -1, TaskTime: time.Minute, CallbackTransport: w.to, EventConfig: vodfake.EventConfig{
		Mode: vodfake.Push, NotificationUrl: "http://receiver.example.com/",
		UploadMediaCompleteEventSwitch: "ON", DeleteMediaCompleteEventSwitch: "ON",
	}})
	t.Cleanup(w.vod.Close)
	w.vod.Control("Callback", func(c *vodfake.Call) *vodfake.Fault {
		if n := w.drop.Load(); w.sent.Add(1)%max(n, 1) == 0 && n > 0 {
			if e, err := event.Parse(c.Body, event.Origin{}); err == nil {
				w.lost.Store(e.ID, e)
			}
			w.dropped.Add(1)
			return &vodfake.Fault{Kind: vodfake.Drop}
		}
		return nil
	})
	return w
}

// wait moves the clock past the tasks and waits until their callbacks are over.
func (w *world) wait(sent int64) {
	w.t.Helper()
	w.vod.FastForward(time.Minute)
	for end := time.Now().Add(5 * time.Minute); w.sent.Load() < sent || w.to.got.Load()+w.dropped.Load() < sent; {
		if time.Now().After(end) {
			w.t.Fatalf("%d callbacks were sent, %d dropped and %d taken; want %d", w.sent.Load(), w.dropped.Load(), w.to.got.Load(), sent)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (w *world) upload(n int) {
	w.t.Helper()
	sent := w.sent.Load()
	for i := range n {
		w.files = append(w.files, w.vod.Upload(app, vodfake.Upload{Name: fmt.Sprintf("%d.mp4", i)}))
	}
	w.wait(sent + int64(n))
}

func (w *world) process(p vodfake.Process, files ...string) {
	w.t.Helper()
	sent := w.sent.Load()
	for _, f := range files {
		if _, err := w.vod.Process(app, f, p); err != nil {
			w.t.Fatal(err)
		}
	}
	w.wait(sent + int64(len(files)))
}

func (w *world) remove(files ...string) {
	w.t.Helper()
	sent := w.sent.Load()
	for _, f := range files {
		if err := w.vod.Delete(app, f); err != nil {
			w.t.Fatal(err)
		}
	}
	w.wait(sent + int64(len(files)))
}

func (w *world) client(transport http.RoundTripper) *vod.Client {
	w.t.Helper()
	c, err := vod.New(vod.Options{Endpoint: "vod.example.com", Transport: transport,
		Credentials: credentials.Credentials{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey}, Pace: vod.NewPace(100)})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// reconcile runs once and returns what was found, by kind.
func (w *world) reconcile(repair bool, change func(*reconcile.Run)) (map[reconcile.FindingKind][]reconcile.Finding, reconcile.Counts, error) {
	w.t.Helper()
	found := map[reconcile.FindingKind][]reconcile.Finding{}
	r := &reconcile.Run{
		Client: w.client(w.vod.Transport()), SubAppId: app, Tables: w.table, Now: w.vod.Now(),
		Found: func(f reconcile.Finding) error { found[f.Kind] = append(found[f.Kind], f); return nil },
	}
	if repair {
		r.Deliver = (&deliver.Pipeline{Way: deliver.Replayed, Store: new(deliver.Off), Sinks: w.to.pipeline.Sinks}).Deliver
	}
	if change != nil {
		change(r)
	}
	counts, err := r.Run(w.t.Context())
	return found, counts, err
}

func (w *world) must(repair bool) (map[reconcile.FindingKind][]reconcile.Finding, reconcile.Counts) {
	w.t.Helper()
	found, counts, err := w.reconcile(repair, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return found, counts
}

func (w *world) row(file string) media.Row {
	w.t.Helper()
	rows, err := w.table.Media(w.t.Context(), stored.MediaFilter{FileIds: []string{file}}, 1)
	if err != nil || len(rows) != 1 {
		w.t.Fatalf("%s: %v, %v", file, rows, err)
	}
	return rows[0].Row
}

// One server of each kind serves all tests, each with tables of its own.
var (
	postgres = servertest.NewShared(func() (*servertest.Server, error) { return pgtest.Run() })
	mariaDB  = servertest.NewShared(func() (*servertest.Server, error) { return mytest.Run() })
	tables   atomic.Int64
)

func TestMain(m *testing.M) { os.Exit(servertest.RunAll(m, postgres, mariaDB)) }

// newTables returns the URL of tables that are not there yet.
func newTables(t *testing.T, s *servertest.Shared) string {
	t.Helper()
	u, err := url.Parse(s.Server(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	n, q := tables.Add(1), u.Query()
	q.Set("table", fmt.Sprint("events_", n))
	q.Set("media", fmt.Sprint("media_", n))
	u.RawQuery = q.Encode()
	return u.String()
}

// onEach runs a test on PostgreSQL and on MariaDB.
func onEach(t *testing.T, f func(t *testing.T, w *world)) {
	for name, s := range map[string]*servertest.Shared{"postgres": postgres, "mysql": mariaDB} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, newWorld(t, newTables(t, s)))
		})
	}
}

func ids(found []reconcile.Finding, of func(reconcile.Finding) string) []string {
	var list []string
	for _, f := range found {
		list = append(list, of(f))
	}
	slices.Sort(list)
	return list
}

// missed returns the files whose callback of a type was lost, sorted.
func (w *world) missed(eventType string) (files []string) {
	w.lost.Range(func(_, lost any) bool {
		if e := lost.(*event.Event); e.Type == eventType {
			files = append(files, e.Subject)
		}
		return true
	})
	slices.Sort(files)
	return files
}

// told delivers an event as a callback would have, n hours ago.
func (w *world) told(body string, received time.Time) {
	w.t.Helper()
	e, err := event.Parse([]byte(body), event.Origin{Mode: event.Normal, SubAppId: app, Received: received})
	if err != nil {
		w.t.Fatal(err)
	}
	if result := w.to.pipeline.Deliver(w.t.Context(), []*event.Event{e})[0]; result.Fate != deliver.Delivered {
		w.t.Fatalf("%s: %v", result.Fate, result.Cause)
	}
}
