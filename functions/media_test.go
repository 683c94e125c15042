package functions_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"vodevents/shared/media/mediatest"
	"vodevents/shared/sink"
	"vodevents/shared/sink/stored"
)

// The ten lives of a media go through callback, each event twice and all in an
// order by chance. The rows are those that were written by hand, but for what
// depends on when an event is received.
func TestTenLivesOfAMedia(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, db *database) {
		address := db.url + "?media=vod_media"
		if strings.Contains(db.url, "?") {
			address = db.url + "&media=vod_media"
		}
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
