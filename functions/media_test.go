package functions_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/media"
	"vodevents/shared/media/mediatest"
	"vodevents/shared/scf/local"
	"vodevents/shared/sink"
	"vodevents/shared/sink/stored"
	"vodevents/shared/vod"
)

// The ten lives of a media go through callback, each event twice and all in an
// order by chance. The rows are those that were written by hand, but for what
// depends on when an event is received.
func TestTenLivesOfAMedia(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, db *database) {
		address := withMedia(db.url)
		f := start(t, callbackBin, "SINK="+address, "DEDUP=off", "VOD_SUB_APP_IDS=1500066000")
		var bodies []string
		want := map[string]string{}
		for _, life := range mediatest.Lives(true) {
			want[life.Row.FileId] = mediatest.Text(t, settled(stored.Media{Row: life.Row}).Row)
			bodies = append(append(bodies, life.Bodies...), life.Bodies...)
		}
		rand.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
		for _, body := range bodies {
			if status, answer := f.post([]byte(body)); status != 200 {
				t.Fatalf("%d %s for %s", status, answer, body)
			}
		}
		m, err := sink.OpenMedia(address)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		rows, err := m.Media(t.Context(), stored.MediaFilter{}, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if row.UpdatedAt.IsZero() || row.LastEvent == "" || row.DeletedAt.IsZero() != (row.State != "deleted") {
				t.Errorf("%s has no updated_at, last_event or deleted_at: %+v", row.FileId, row)
			}
			if got := mediatest.Text(t, settled(row).Row); got != want[row.FileId] {
				t.Errorf("got %s\nwant %s", got, want[row.FileId])
			}
		}
		if len(rows) != len(want) {
			t.Errorf("%d rows, want %d", len(rows), len(want))
		}
		outputsKeepTheirData(t, rows)
	})
}

// Two callbacks, pull and a replay bring the same events at the same time, each in an
// order of its own. The rows are what the events' table folds to, and a rebuild gives the
// same.
func TestBothWaysAndAReplayAtTheSameTime(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, db *database) {
		const app = 1500066000
		address := withMedia(db.url)
		c := rand.New(rand.NewPCG(7, 8))
		bodies := mediatest.Bodies(c, [3]string{"5285890784366600001", "5285890784366600002", "5285890784366600003"}, 60)
		shuffled := func() [][]byte {
			var all [][]byte
			for _, i := range c.Perm(len(bodies)) {
				all = append(all, []byte(bodies[i]))
			}
			return all
		}
		s := runVOD(t)
		for _, body := range shuffled() {
			s.Queue(app, body)
		}
		env := []string{"SINK=" + address, "DEDUP=off", fmt.Sprint("VOD_SUB_APP_IDS=", app)}
		var all sync.WaitGroup
		for range 2 {
			f, posts := start(t, callbackBin, env...), shuffled()
			all.Go(func() {
				for _, body := range posts {
					raw, err := f.Invoke(t.Context(), local.PostEvent(body), time.Minute, nil)
					var a struct{ StatusCode int }
					if err != nil || json.Unmarshal(raw, &a) != nil || a.StatusCode != 200 {
						t.Errorf("%s, %v for %s", raw, err, body)
					}
				}
			})
		}
		pull := start(t, pullBin, append(vodEnv(s), env...)...)
		all.Go(func() {
			for {
				if raw, err := pull.Invoke(t.Context(), local.TimerEvent(time.Now()), 5*time.Minute, nil); err != nil {
					t.Errorf("%s, %v", raw, err)
					return
				}
				if s.Pending(app) == 0 {
					return
				}
				s.FastForward(vod.Lease) // on a slow machine some are left
			}
		})
		replayed := shuffled()
		all.Go(func() { replayAll(t, address, app, replayed) })
		all.Wait()
		m, err := sink.OpenMedia(address)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		want, got := foldedRows(t, m), mediaTexts(t, m)
		if len(want) != 3 || !maps.Equal(got, want) {
			t.Errorf("got %v\nwant %v", got, want)
		}
		mediatest.Rebuild(t, m)
		if got := mediaTexts(t, m); !maps.Equal(got, want) {
			t.Errorf("the rebuild gives %v\nwant %v", got, want)
		}
	})
}

// replayAll delivers bodies as vodctl replay does, with the times at which they were
// received long ago.
func replayAll(t *testing.T, address string, app uint64, bodies [][]byte) {
	to, err := sink.Open(address)
	if err != nil {
		t.Error(err)
		return
	}
	defer to.Close()
	p := &deliver.Pipeline{Way: deliver.Replayed, Store: new(deliver.Off), Sinks: []deliver.Sink{to}}
	for batch := range slices.Chunk(bodies, 16) {
		var events []*event.Event
		for i, body := range batch {
			e, err := event.Parse(body, event.Origin{Mode: event.Normal, SubAppId: app, Received: mediatest.Start.Add(time.Duration(i) * time.Minute)})
			if err != nil {
				t.Error(err)
				return
			}
			events = append(events, e)
		}
		for _, r := range p.Deliver(t.Context(), events) {
			if !r.Fate.Settled() {
				t.Errorf("%s: %v", r.Fate, r.Cause)
			}
		}
	}
}

// foldedRows is what the events' table folds to, by FileId.
func foldedRows(t *testing.T, m sink.MediaTable) map[string]string {
	t.Helper()
	all := map[string]media.Media{}
	for f := (stored.Filter{}); ; {
		page, err := m.Page(t.Context(), f, 100)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, row := range page {
			e, err := row.Event()
			if err != nil {
				t.Fatal(err)
			}
			for _, told := range media.Of(e) {
				all[told.FileId] = media.Merge(all[told.FileId], told)
			}
			f.After = row.Place()
		}
	}
	texts := map[string]string{}
	for id, one := range all {
		texts[id] = mediatest.Text(t, one.Row())
	}
	return texts
}

// mediaTexts are the rows of all media, by FileId.
func mediaTexts(t *testing.T, m sink.MediaTable) map[string]string {
	t.Helper()
	rows, err := m.Media(t.Context(), stored.MediaFilter{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, row := range rows {
		texts[row.FileId] = mediatest.Text(t, row.Row)
	}
	return texts
}

// withMedia is the URL of a database with media=.
func withMedia(url string) string {
	if strings.Contains(url, "?") {
		return url + "&media=vod_media"
	}
	return url + "?media=vod_media"
}

// settled is a row without what depends on when an event is received: which of two
// runs began last is among it.
func settled(m stored.Media) stored.Media {
	m.LastEvent, m.DeletedAt, m.ProcedureTaskId = "", time.Time{}, ""
	return m
}

// outputsKeepTheirData looks whether a result has the Output as VOD sent it.
func outputsKeepTheirData(t *testing.T, rows []stored.Media) {
	t.Helper()
	i := slices.IndexFunc(rows, func(m stored.Media) bool { return m.FileId == "5285000000000000008" })
	var data struct{ SubStreamSet []struct{ Height int } }
	if i < 0 || json.Unmarshal(rows[i].Outputs[0].Data, &data) != nil || len(data.SubStreamSet) != 2 || data.SubStreamSet[1].Height != 1080 {
		t.Errorf("the adaptive stream's data is not VOD's Output")
	}
}
