package media_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"vodevents/shared/event"
	"vodevents/shared/media"
	"vodevents/shared/media/mediatest"
)

// asJSON is the row for a comparison, without the Data of its outputs.
func asJSON(t *testing.T, r media.Row) string {
	t.Helper()
	r.Outputs = append([]media.Output(nil), r.Outputs...)
	for i := range r.Outputs {
		r.Outputs[i].Data = nil
	}
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTenLivesInAnyOrder(t *testing.T) {
	for _, finishTimes := range []bool{true, false} {
		for _, life := range mediatest.Lives(finishTimes) {
			t.Run(life.Name, func(t *testing.T) {
				events := life.Events()
				want := life.Row
				want.LastEvent = events[len(events)-1].ID
				for range 20 {
					twice := append(append([]*event.Event(nil), events...), events...)
					rand.Shuffle(len(twice), func(i, j int) { twice[i], twice[j] = twice[j], twice[i] })
					m := media.Media{Source: want.Source, FileId: want.FileId}
					for _, e := range twice {
						m = throughDoc(t, media.Apply(m, e))
					}
					if got := asJSON(t, m.Row()); got != asJSON(t, want) {
						t.Fatalf("got %s\nwant %s", got, asJSON(t, want))
					}
				}
			})
		}
	}
}

// throughDoc is m after it was in the column doc.
func throughDoc(t *testing.T, m media.Media) media.Media {
	t.Helper()
	doc, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	back := media.Media{Source: m.Source, FileId: m.FileId}
	if err := json.Unmarshal(doc, &back); err != nil {
		t.Fatal(err)
	}
	return back
}
