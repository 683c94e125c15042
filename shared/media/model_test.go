package media_test

import (
	"testing"

	"vodevents/shared/longtest"
	"vodevents/shared/media/mediatest"
)

// The fold gives what the model gives that takes the whole set of events.
func TestFoldAgreesWithTheModel(t *testing.T) {
	for seed := range longtest.Scale(80, 400) {
		events := mediatest.Random(seed, 3+int(seed%20))
		for id, m := range fold(t, events, false) {
			if got, want := mediatest.SummaryOf(m.Row()), mediatest.Model(id, events); got != want {
				t.Fatalf("seed %d, media %s:\n got %+v\nwant %+v", seed, id, got, want)
			}
		}
	}
}
