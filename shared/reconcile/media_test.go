package reconcile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/media"
	"vodevents/shared/reconcile"
	"vodevents/shared/vodfake"
)

// ProcessMediaByUrl takes an id of the caller's own, which is not a FileId. VOD is not
// asked about it, so its row does not become deleted.
func TestNobodyAsksForTheCallersOwnId(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.upload(2)
		for _, id := range []string{"my-own-77", "7700000000000000077"} {
			w.told(fmt.Sprintf(`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"by-url-1","Status":"FINISH","FileId":%q,"FileUrl":"https://origin.example.com/77.mp4","MediaProcessResultSet":[{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","Input":{"Definition":10},"Output":{"Definition":10,"Url":"https://v.example.com/77.10.mp4"}}}]}}`, id), w.vod.Now())
		}
		w.vod.FastForward(2 * time.Hour)
		var asked []string
		w.vod.Control("DescribeMediaInfos", func(c *vodfake.Call) *vodfake.Fault { asked = append(asked, string(c.Body)); return nil })
		found, counts := w.must(true)
		if len(asked) == 0 || strings.Contains(strings.Join(asked, ""), `77"`) || counts.Media != 2 {
			t.Errorf("%q, %+v", asked, counts)
		}
		if len(found[reconcile.Gone]) != 0 || w.row("my-own-77").State != media.Ready {
			t.Errorf("%v, %+v", found, w.row("my-own-77"))
		}
	})
}

// An upload told the URL of a media, so it is VOD's, whatever the URL looks like: that of
// an application in the mode FileID + Path has a path of the user's own (266/126825).
func TestAMediaWhoseURLHasAPathOfItsOwnIsAskedFor(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.upload(1)
		w.told(fmt.Sprintf(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":%q,"MediaBasicInfo":{"MediaUrl":"https://media.example.com/films/quay.mp4"}}}`, w.files[0]), w.vod.Now())
		if err := w.vod.ChangeMedia(app, w.files[0], vodfake.MediaChange{Name: "renamed"}); err != nil {
			t.Fatal(err)
		}
		w.vod.FastForward(2 * time.Hour)
		if _, counts := w.must(true); counts.Media != 1 || w.row(w.files[0]).Name != "renamed" {
			t.Errorf("%+v, %+v", counts, w.row(w.files[0]))
		}
	})
}

// Without the SubAppId that the functions have, every event has another source: each media
// would be new, and get a second row.
func TestAnotherSourceIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.upload(2)
		w.vod.FastForward(2 * time.Hour)
		if _, counts, err := w.reconcile(true, func(r *reconcile.Run) { r.SubAppId = 0 }); err == nil || !strings.Contains(err.Error(), "VOD_SUB_APP_IDS") || counts.Repaired != 0 {
			t.Errorf("without a SubAppId: %+v, %v", counts, err)
		}
		if _, counts, err := w.reconcile(true, func(r *reconcile.Run) { r.SubAppId = 7 }); err != nil {
			t.Errorf("an application without media: %+v, %v", counts, err)
		}
	})
	onEach(t, func(t *testing.T, w *world) {
		e, err := event.Parse([]byte(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1"}}`), event.Origin{Mode: event.Normal, Received: w.vod.Now()})
		if err != nil {
			t.Fatal(err)
		}
		w.to.pipeline.Deliver(t.Context(), []*event.Event{e})
		if _, counts, err := w.reconcile(true, nil); err == nil || !strings.Contains(err.Error(), "VOD_SUB_APP_IDS") {
			t.Errorf("rows without a SubAppId: %+v, %v", counts, err)
		}
		w.upload(1)
		if _, counts, err := w.reconcile(true, func(r *reconcile.Run) { r.SubAppId = 7 }); err != nil {
			t.Errorf("an application without media, beside rows of both forms: %+v, %v", counts, err)
		}
	})
}

// A file that is missing after its time was not deleted by anybody: the finding says so.
func TestAFileExpired(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.upload(2)
		if err := w.vod.ChangeMedia(app, w.files[0], vodfake.MediaChange{ExpireTime: w.vod.Now().Add(3 * time.Hour).UTC().Format(time.RFC3339)}); err != nil {
			t.Fatal(err)
		}
		w.vod.FastForward(2 * time.Hour)
		w.must(true)
		w.drop.Store(1)
		w.remove(w.files[0])
		w.vod.FastForward(2 * time.Hour)
		found, _ := w.must(true)
		if gone := found[reconcile.Gone]; len(gone) != 1 || gone[0].What != "it expired" || w.row(w.files[0]).State != media.Deleted {
			t.Errorf("%+v, %+v", found, w.row(w.files[0]))
		}
	})
}

// An original that was deleted does not come back, even if VOD still gives its URL. That
// is found once, and not by each run again.
func TestALostOriginalIsReadOnce(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.upload(1)
		w.told(fmt.Sprintf(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":[%q],"FileDeleteResultInfo":[{"FileId":%[1]q,"DeleteParts":[{"Type":"OriginalFiles"}]}]}}`, w.files[0]), w.vod.Now())
		for _, want := range []int{1, 0} {
			w.vod.FastForward(2 * time.Hour)
			if found, counts := w.must(true); counts.Found != want || w.row(w.files[0]).MediaUrl != "" {
				t.Errorf("%v, want %d; %+v", found, want, w.row(w.files[0]))
			}
		}
	})
}

// VOD answers null for a block without results. If the block was requested, the results
// are gone.
func TestLastResultIsGone(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.upload(1)
		w.process(vodfake.Process{Adaptive: []uint64{12}}, w.files[0])
		if row := w.row(w.files[0]); row.PlayUrl == row.MediaUrl {
			t.Fatalf("%+v", row)
		}
		w.drop.Store(1)
		sent := w.sent.Load()
		if err := w.vod.Delete(app, w.files[0], &event.MediaDeleteItem{Type: event.DeletedAdaptiveDynamicStreamingFiles}); err != nil {
			t.Fatal(err)
		}
		w.wait(sent + 1)
		w.vod.FastForward(2 * time.Hour)
		found, _ := w.must(true)
		if len(found[reconcile.Changed]) != 1 || found[reconcile.Changed][0].What != "AdaptiveDynamicStreaming 12 is gone" {
			t.Errorf("%v", found)
		}
		if row := w.row(w.files[0]); row.PlayUrl != row.MediaUrl || row.Outputs[0].Status != media.StatusDeleted {
			t.Errorf("%+v", row)
		}
		if found, counts := w.must(true); counts.Found != 0 {
			t.Errorf("the second run: %v", found)
		}
	})
}

// Changes without an event are found by reading the files again.
func TestChangesAreRead(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.upload(5)
		expires := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
		w.process(vodfake.Process{Transcode: []uint64{10, 20}}, w.files...)
		for file, change := range map[string]vodfake.MediaChange{
			w.files[0]: {Name: "renamed"}, w.files[1]: {StorageClass: "ARCHIVE"}, w.files[2]: {Status: event.MediaForbidden},
			w.files[4]: {ExpireTime: expires.Format(time.RFC3339)},
		} {
			if err := w.vod.ChangeMedia(app, file, change); err != nil {
				t.Fatal(err)
			}
		}
		w.drop.Store(1)
		sent := w.sent.Load()
		if err := w.vod.Delete(app, w.files[3], &event.MediaDeleteItem{Type: event.DeletedTranscodeFiles, Definition: 20}); err != nil {
			t.Fatal(err)
		}
		w.wait(sent + 1)
		w.vod.FastForward(2 * time.Hour)
		found, _ := w.must(true)
		what := ids(found[reconcile.Changed], func(f reconcile.Finding) string { return f.FileId + " " + f.What })
		want := []string{w.files[0] + " name", w.files[1] + " storage_class", w.files[2] + " status Forbidden", w.files[3] + " Transcode 20 is gone", w.files[4] + " expires_at"}
		slices.Sort(want)
		if !slices.Equal(what, want) {
			t.Errorf("%q, want %q", what, want)
		}
		if row := w.row(w.files[0]); row.Name != "renamed" {
			t.Errorf("%+v", row)
		}
		if row := w.row(w.files[4]); !row.ExpiresAt.Equal(expires) {
			t.Errorf("%+v", row)
		}
		w.vod.FastForward(2 * time.Hour)
		if found, counts := w.must(true); counts.Found != 0 {
			t.Errorf("the second run: %v", found)
		}
		if err := w.vod.ChangeMedia(app, w.files[2], vodfake.MediaChange{Status: event.MediaNormal}); err != nil {
			t.Fatal(err)
		}
		if found, _ := w.must(true); len(found[reconcile.Changed]) != 1 || found[reconcile.Changed][0].What != "status Normal" {
			t.Errorf("allowed again: %v", found)
		}
	})
}
