package main

import (
	"context"
	"encoding/json"
	"slices"

	"vodevents/shared/event"
	"vodevents/shared/media"
	"vodevents/shared/media/mediatest"
	"vodevents/shared/sink"
	"vodevents/shared/sink/stored"
)

// mediaAudit knows what the rows of media must be. It compares every row with the
// fold of its events in memory, and those of families also with the slow model,
// which shares no code with the fold.
type mediaAudit struct {
	folded   map[string]media.Media
	families map[int][]*event.Event

	rows, ofModel int // compared with the fold, and with the model
}

func newMediaAudit() *mediaAudit {
	return &mediaAudit{folded: map[string]media.Media{}, families: map[int][]*event.Event{}}
}

// see takes an event that the database took as SINK.
func (m *mediaAudit) see(p planned, e *event.Event) {
	for _, told := range media.Of(e) {
		m.folded[told.FileId] = media.Merge(m.folded[told.FileId], told)
	}
	if p.family >= 0 {
		m.families[p.family] = append(m.families[p.family], e)
	}
}

// judgeMedia reads the rows of media and compares them.
func (a *audit) judgeMedia(ctx context.Context, sinkURL string) error {
	table, err := sink.OpenMedia(sinkURL)
	if err != nil {
		return err
	}
	defer table.Close()
	var got []media.Row
	for after := (stored.MediaKey{}); ; {
		page, err := table.Media(ctx, stored.MediaFilter{After: after}, 1000)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		for _, one := range page {
			got = append(got, one.Row)
		}
		after = page[len(page)-1].Key()
	}
	a.compareMedia(got)
	return nil
}

// compareMedia compares the rows of media with what they must be.
func (a *audit) compareMedia(got []media.Row) {
	rows := map[string]media.Row{}
	for _, r := range got {
		rows[r.FileId] = r
		if _, ok := a.media.folded[r.FileId]; !ok {
			a.ledger.breaks(0, wrongRow, "no event is about %s", r.FileId)
		}
	}
	for id, m := range a.media.folded {
		a.media.rows++
		if g, w := rowText(rows[id]), rowText(m.Row()); g != w {
			a.ledger.breaks(a.told(m), wrongRow, "media %s is\n%s\nand must be\n%s", id, g, w)
		}
	}
	for f, events := range a.media.families {
		for _, id := range familyOf(f) {
			m, ok := a.media.folded[id]
			if !ok {
				continue
			}
			a.media.ofModel++
			if g, w := mediatest.SummaryOf(rows[id]), mediatest.Model(id, events); g != w {
				a.ledger.breaks(a.told(m), wrongRow, "media %s is\n%+v\nand by the model must be\n%+v", id, g, w)
			}
		}
	}
}

// told returns the last event about a media.
func (a *audit) told(m media.Media) int {
	for n := range a.ledger.records {
		if slices.Contains(a.ledger.records[n].rows, m.Last.Event) {
			return n
		}
	}
	return 0
}

// rowText spells a row for a comparison, without the Data of its outputs.
func rowText(r media.Row) string {
	r.Outputs = slices.Clone(r.Outputs)
	for i := range r.Outputs {
		r.Outputs[i].Data = nil
	}
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err.Error() // a number that no row can have
	}
	return string(b)
}
