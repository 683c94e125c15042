package reconcile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/longtest"
	"vodevents/shared/media"
	"vodevents/shared/reconcile"
	"vodevents/shared/sink/stored"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

// A tenth of the callbacks is lost. Each is found: tasks and uploads are repaired as
// events of their kind, deletions as MediaRead. A second run finds none.
func TestATenthIsMissed(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.drop.Store(10)
		w.upload(40)
		w.process(vodfake.Process{Transcode: []uint64{10}, Cover: []uint64{10}}, w.files...)
		w.process(vodfake.Process{Transcode: []uint64{10}, Fails: []event.MediaProcessType{event.ProcessTranscode}}, w.files[20:]...)
		deleted := w.files[:10]
		w.remove(deleted...)
		w.drop.Store(0)

		// Nothing of it is an hour old.
		if found, counts := w.must(true); counts.Found != 0 {
			t.Errorf("at once: %v", found)
		}
		w.vod.FastForward(2 * time.Hour)

		looked, counts := w.must(false)
		if counts.Repaired != 0 || counts.Found != len(looked[reconcile.MissedTask])+len(looked[reconcile.MissedUpload])+len(looked[reconcile.Gone])+len(looked[reconcile.Changed]) {
			t.Errorf("without repair: %+v", counts)
		}
		found, counts := w.must(true)
		// Uploads of files that are gone by now cannot be found, nor can they be
		// missed: their deletion was told, or is found.
		want := map[reconcile.FindingKind][]string{
			reconcile.MissedTask: w.missed("ProcedureStateChanged"), reconcile.Gone: w.missed("FileDeleted"),
			reconcile.MissedUpload: slices.DeleteFunc(w.missed("NewFileUpload"), func(f string) bool { return slices.Contains(deleted, f) }),
		}
		for k, files := range want {
			if got := ids(found[k], func(f reconcile.Finding) string { return f.FileId }); !slices.Equal(got, files) {
				t.Errorf("%s: found %q, want %q", k, got, files)
			}
			if k != reconcile.Gone && len(looked[k]) != len(found[k]) { // a task that is repaired can show a file that is gone
				t.Errorf("%s: %d found without repair, %d with", k, len(looked[k]), len(found[k]))
			}
		}
		if w.dropped.Load() != 11 || counts.Repaired != counts.Found || counts.Failed != 0 {
			t.Errorf("%d dropped: %+v", w.dropped.Load(), counts)
		}
		for _, f := range append(append(found[reconcile.MissedTask], found[reconcile.MissedUpload]...), found[reconcile.Gone]...) {
			rows, err := w.table.Page(t.Context(), stored.Filter{IDs: []string{f.ID}}, 2)
			if err != nil || len(rows) != 1 || rows[0].Mode != "reconciled" || rows[0].EventType() != f.Type || f.Fate != "delivered" {
				t.Errorf("%+v: %+v, %v", f, rows, err)
			} else if f.Kind == reconcile.MissedTask && !rows[0].Received.Equal(f.At) {
				t.Errorf("%+v was received at %v", f, rows[0].Received)
			}
		}
		for i, file := range w.files {
			want := media.Ready
			if i < 10 {
				want = media.Deleted
			}
			if got := w.row(file).State; got != want {
				t.Errorf("file %d is %s, want %s", i, got, want)
			}
		}
		if found, counts := w.must(true); counts.Found != 0 {
			t.Errorf("the second run: %v", found)
		}
		w.vod.FastForward(2 * time.Hour)
		if found, counts := w.must(true); counts.Found != 0 {
			t.Errorf("a later run: %v", found)
		}
	})
}

// With a wrong account every file is missing, and none is called deleted.
func TestAWrongApplicationDeletesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.upload(30)
		other := vodfake.New(vodfake.Options{})
		defer other.Close()
		w.vod.FastForward(2 * time.Hour)
		other.FastForward(2 * time.Hour)
		mine := w.vod
		w.vod = other
		found, counts, err := w.reconcile(true, nil)
		w.vod = mine
		if err == nil || !strings.Contains(err.Error(), "VOD_SUB_APP_IDS") || counts.Found != 0 {
			t.Errorf("%v, %v, %+v", err, found, counts)
		}
		if state := w.row(w.files[0]).State; state != media.Ready {
			t.Errorf("it is %s", state)
		}
	})
}

// An alias of a task, odd spellings of its type and a kind that has no event do no
// harm; a task that VOD forgot meanwhile is counted.
func TestOddTasks(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.vod.SetAsking(vodfake.Asking{AliasTaskIds: true, OddTaskTypes: true})
		w.upload(2)
		w.process(vodfake.Process{Transcode: []uint64{10}}, w.files[0])
		w.drop.Store(1)
		w.process(vodfake.Process{Transcode: []uint64{10}}, w.files[1])
		w.vod.FastForward(2 * time.Hour)
		found, counts := w.must(true)
		if len(found[reconcile.MissedTask]) != 1 || counts.Repaired != 1 {
			t.Errorf("%v, %+v", found, counts)
		}
		if found, counts := w.must(true); counts.Found != 0 {
			t.Errorf("the second run: %v", found)
		}
		w.drop.Store(0)
		w.vod.Control("DescribeTaskDetail", func(*vodfake.Call) *vodfake.Fault {
			return &vodfake.Fault{Kind: vodfake.Fail, Code: "ResourceNotFound"}
		})
		w.drop.Store(1)
		w.process(vodfake.Process{Cover: []uint64{10}}, w.files[0])
		w.vod.FastForward(2 * time.Hour)
		if _, counts := w.must(true); counts.Aged != 2 { // and the one that has another id in its event
			t.Errorf("forgotten: %+v", counts)
		}
	})
}

// An ABORTED task has ended. If its event was missed, that is found and repaired, once.
// A media that can still be played stays so.
func TestAbortedTask(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.upload(1)
		w.process(vodfake.Process{Transcode: []uint64{10}}, w.files[0])
		before := w.row(w.files[0])
		w.drop.Store(1)
		sent := w.sent.Load()
		w.vod.Notify(app, fmt.Appendf(nil, `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{
			"TaskId":"1490012345-Procedure-aborted","Status":"ABORTED","FileId":%q,"MediaProcessResultSet":null}}`, w.files[0]))
		w.wait(sent + 1)
		w.vod.FastForward(2 * time.Hour)
		found, counts := w.must(true)
		missed := found[reconcile.MissedTask]
		if len(missed) != 1 || missed[0].TaskId != "1490012345-Procedure-aborted" || counts.Repaired != 1 {
			t.Errorf("%v, %+v", found, counts)
		}
		rows, err := w.table.Page(t.Context(), stored.Filter{Subject: w.files[0], Type: "ProcedureStateChanged"}, 10)
		if err != nil || len(rows) != 2 || !strings.Contains(string(rows[1].Data), `"ABORTED"`) {
			t.Errorf("the rows of its events: %v, %v", rows, err)
		}
		if now := w.row(w.files[0]); now.State != before.State || now.State != media.Ready {
			t.Errorf("the media is %s, and was %s", now.State, before.State)
		}
		if found, counts := w.must(true); counts.Found != 0 {
			t.Errorf("the second run: %v", found)
		}
	})
}

// A run goes on where it was interrupted, and the next one looks an hour back.
func TestRunIsResumed(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.upload(45)
		w.vod.FastForward(2 * time.Hour)
		var at reconcile.Place
		keep := func(r *reconcile.Run) {
			r.At, r.Kept = at, func(p reconcile.Place) error { at = p; return nil }
		}
		w.vod.Control("DescribeMediaInfos", func(c *vodfake.Call) *vodfake.Fault {
			if c.N == 2 {
				return &vodfake.Fault{Kind: vodfake.Fail}
			}
			return nil
		})
		if _, counts, err := w.reconcile(true, keep); err == nil || counts.Media != 20 || at.Until.IsZero() || at.Media.FileId == "" {
			t.Fatalf("%v, %+v, %+v", err, counts, at)
		}
		text, err := json.Marshal(at)
		if err != nil {
			t.Fatal(err)
		}
		at = reconcile.Place{}
		if err := json.Unmarshal(text, &at); err != nil {
			t.Fatal(err)
		}
		calls := len(w.vod.Calls("DescribeTasks"))
		if _, counts, err := w.reconcile(true, keep); err != nil || counts.Media != 25 || len(w.vod.Calls("DescribeTasks")) != calls || at.Until.IsZero() || at.Media.FileId != "" {
			t.Errorf("%v, %+v, %+v", err, counts, at)
		}
		if _, counts, err := w.reconcile(true, keep); err != nil || counts.Media != 45 {
			t.Errorf("%v, %+v", err, counts)
		}
		last := w.vod.Calls("SearchMedia")
		if want := at.Until.Add(-time.Hour).UTC().Format(time.RFC3339); !strings.Contains(string(w.search(t, at)), want) {
			t.Errorf("%d searches, the last one not from %s on", len(last), want)
		}
	})
}

// A run that has no time for all media ends in good order, even if files are missing,
// and the next one goes on there. Tasks are not looked for again at once, but later.
func TestARunEndsInTime(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.upload(43)
		slices.Sort(w.files)
		w.drop.Store(1)
		w.remove(w.files[0], w.files[40], w.files[41], w.files[42]) // all of the last page
		w.vod.FastForward(2 * time.Hour)
		var at reconcile.Place
		run := func() ([]string, reconcile.Counts) {
			t.Helper()
			found, counts, err := w.reconcile(true, func(r *reconcile.Run) {
				r.At, r.Kept = at, func(p reconcile.Place) error { at = p; return nil }
				r.Until = time.Now() // one page of media
			})
			if err != nil {
				t.Fatal(err)
			}
			return ids(found[reconcile.Gone], func(f reconcile.Finding) string { return f.FileId }), counts
		}
		for i, want := range [][]string{w.files[:1], nil, w.files[40:], nil} {
			listings := len(w.vod.Calls("DescribeTasks"))
			gone, counts := run()
			if !slices.Equal(gone, want) || counts.Unfinished != (i < 3) {
				t.Errorf("run %d: %q, want %q; %+v", i, gone, want, counts)
			}
			if again := len(w.vod.Calls("DescribeTasks")) > listings; again != (i == 0) {
				t.Errorf("run %d looks for tasks: %v", i, again)
			}
		}
		if at.Media.FileId != "" || w.row(w.files[42]).State != media.Deleted {
			t.Errorf("in the end %+v, %+v", at, w.row(w.files[42]))
		}
		if _, counts := run(); !counts.Unfinished {
			t.Errorf("the next round: %+v", counts)
		}
		w.vod.FastForward(time.Hour)
		listings := len(w.vod.Calls("DescribeTasks"))
		if run(); len(w.vod.Calls("DescribeTasks")) == listings {
			t.Error("an hour later, with media left, no task was looked for")
		}
	})
}

// A run that fails among the tasks goes on after the chunks that were done.
func TestTasksAreLookedForInChunks(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.upload(2)
		w.drop.Store(1)
		w.process(vodfake.Process{Cover: []uint64{10}}, w.files[0])
		w.vod.FastForward(30 * time.Hour)
		w.process(vodfake.Process{Cover: []uint64{10}}, w.files[1])
		w.vod.FastForward(2 * time.Hour)
		var at reconcile.Place
		keep := func(r *reconcile.Run) {
			r.At, r.Kept = at, func(p reconcile.Place) error { at = p; return nil }
		}
		stop := w.vod.Control("DescribeTaskDetail", func(c *vodfake.Call) *vodfake.Fault {
			if c.N > 1 {
				return &vodfake.Fault{Kind: vodfake.Fail}
			}
			return nil
		})
		if _, counts, err := w.reconcile(true, keep); err == nil || counts.Repaired != 1 || at.Until.IsZero() {
			t.Fatalf("%v, %+v, %+v", err, counts, at)
		}
		stop()
		if _, counts, err := w.reconcile(true, keep); err != nil || counts.Tasks != 1 || counts.Repaired != 1 {
			t.Errorf("%v, %+v", err, counts)
		}
	})
}

// search runs once more, from a place, and returns what SearchMedia was sent.
func (w *world) search(t *testing.T, at reconcile.Place) (body []byte) {
	t.Helper()
	stop := w.vod.Control("SearchMedia", func(c *vodfake.Call) *vodfake.Fault { body = slices.Clone(c.Body); return nil })
	defer stop()
	if _, _, err := w.reconcile(false, func(r *reconcile.Run) { r.At = at }); err != nil {
		t.Fatal(err)
	}
	return body
}

// A window with more than SearchMedia reaches is halved until it does.
func TestManyUploads(t *testing.T) {
	longtest.Only(t)
	testManyUploads(t, 6000, nil)
}

// The same holds if SearchMedia reaches only a hundred files.
func TestMoreUploadsThanSearchMediaReaches(t *testing.T) {
	testManyUploads(t, 180, func(w *world, r *reconcile.Run) {
		r.Client = w.client(roundTrip(func(q *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(q.Body)
			if err != nil {
				return nil, err
			}
			var page struct{ Offset int }
			if err := json.Unmarshal(body, &page); err != nil || page.Offset >= 100 {
				t.Errorf("asked for %s, %v", body, err)
			}
			q.Body = io.NopCloser(bytes.NewReader(body))
			answer, err := w.vod.Transport().RoundTrip(q)
			if err != nil {
				return nil, err
			}
			defer answer.Body.Close()
			if body, err = io.ReadAll(answer.Body); err != nil {
				return nil, err
			}
			total := regexp.MustCompile(`"TotalCount":[0-9]{3}`)
			body = total.ReplaceAll(body, fmt.Appendf(nil, `"TotalCount":%d`, vod.MaxSearch))
			answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			return answer, nil
		}))
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(q *http.Request) (*http.Response, error) { return f(q) }

func testManyUploads(t *testing.T, n int, change func(*world, *reconcile.Run)) {
	w := newWorld(t, newTables(t, postgres))
	w.upload(1)
	if err := w.vod.SetEventConfig(app, vodfake.EventConfig{Mode: vodfake.Push}); err != nil { // nowhere
		t.Fatal(err)
	}
	for i := range n {
		w.vod.Upload(app, vodfake.Upload{})
		if i%30 == 0 {
			w.vod.FastForward(time.Second)
		}
	}
	w.vod.FastForward(2 * time.Hour)
	_, counts, err := w.reconcile(false, func(r *reconcile.Run) {
		if change != nil {
			change(w, r)
		}
	})
	if err != nil || counts.Uploads != n+1 || counts.Found != n {
		t.Errorf("%+v, %v", counts, err)
	}
}
