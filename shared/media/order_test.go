package media_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"vodevents/shared/event"
	"vodevents/shared/longtest"
	"vodevents/shared/media"
	"vodevents/shared/media/mediatest"
)

// fold applies the events one by one, through the column doc or not.
func fold(t *testing.T, events []*event.Event, docs bool) map[string]media.Media {
	all := map[string]media.Media{}
	for _, e := range events {
		for _, told := range media.Of(e) {
			m := media.Merge(all[told.FileId], told)
			if docs {
				m = throughDoc(t, m)
			}
			all[told.FileId] = m
		}
	}
	return all
}

func TestAnyOrderWithRepetitionsGivesTheSameState(t *testing.T) {
	for seed := range longtest.Scale(30, 150) {
		c := rand.New(rand.NewPCG(seed, 2))
		events := mediatest.Random(seed, 2+c.IntN(14))
		want := fold(t, events, false)
		for round := range 6 {
			again := append(append([]*event.Event(nil), events...), events[:c.IntN(len(events))]...)
			c.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
			got := fold(t, again, round%2 == 1)
			for id, m := range want {
				other := got[id]
				if round%2 == 0 && !reflect.DeepEqual(other, m) {
					t.Fatalf("seed %d: %s differs:\n%+v\n%+v", seed, id, other, m)
				}
				if a, b := asJSON(t, other.Row()), asJSON(t, m.Row()); a != b {
					t.Fatalf("seed %d: %s differs:\n%s\n%s", seed, id, a, b)
				}
			}
		}
	}
}

func TestDocKeepsAllButData(t *testing.T) {
	for seed := range longtest.Scale(30, 150) {
		for id, m := range fold(t, mediatest.Random(seed, 12), false) {
			for i := range m.Results {
				m.Results[i].Data = nil
			}
			if got := throughDoc(t, m); !reflect.DeepEqual(got, m) {
				t.Fatalf("seed %d: %s differs:\n%+v\n%+v", seed, id, got, m)
			}
		}
	}
}

func TestMergeChangesNeitherSide(t *testing.T) {
	for seed := range longtest.Scale(20, 50) {
		a, b := fold(t, mediatest.Random(seed, 8), false), fold(t, mediatest.Random(seed+1000, 8), false)
		for id, m := range a {
			before := fmt.Sprintf("%+v %+v", m, b[id])
			media.Merge(m, b[id])
			if after := fmt.Sprintf("%+v %+v", m, b[id]); after != before {
				t.Fatalf("Merge changed what it was given:\n%s\n%s", before, after)
			}
		}
	}
}
