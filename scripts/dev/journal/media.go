package journal

import (
	"container/list"
	"slices"
	"strings"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/media"
)

// maxTold is how many events are kept of one media. The first is kept for good: it
// is the one that tells its name.
const maxTold = 100

type mediaKey struct{ source, fileID string }

// library holds what delivered events told of each media. It is bounded as the
// journal is: MaxEvents tellings in all. The media that changed longest ago is
// dropped first, whole.
type library struct {
	byKey   map[mediaKey]*mediaRecord
	order   list.List // *mediaRecord, as they were first told of
	changes list.List // *mediaRecord, the one that changed longest ago in front
	told    int       // of all media
}

// newestFirst yields the media, the one that was heard of last in front.
func (l *library) newestFirst(yield func(*mediaRecord) bool) {
	for e := l.order.Back(); e != nil; e = e.Prev() {
		if !yield(e.Value.(*mediaRecord)) {
			return
		}
	}
}

// mediaRecord is one media. The journal's lock guards it.
type mediaRecord struct {
	key     mediaKey
	told    []telling // in the order of delivery
	state   media.Media
	stale   bool // state must be folded again
	changed time.Time

	inOrder, inChanges *list.Element
}

// telling is what one event told of a media.
type telling struct {
	media media.Media
	by    Telling
}

// Telling is an event that told of a media.
type Telling struct {
	ID       string     `json:"id"`      // in the list of events
	EventID  string     `json:"eventId"` // of the CloudEvent
	Type     string     `json:"type"`
	Mode     event.Mode `json:"mode"`
	Received time.Time  `json:"received"` // by VOD's clock
}

// delivered folds an event into the media that it tells of. One that told of a
// media before tells nothing new.
func (j *Journal) delivered(r *record, e *event.Event, at time.Time) {
	from := Telling{ID: r.id, EventID: e.ID, Type: e.Type, Mode: e.Mode, Received: stamp(e.Received)}
	for _, told := range media.Of(e) {
		for i := range told.Results {
			told.Results[i].Data = nil // it would keep the whole event
		}
		m := j.media.record(mediaKey{told.Source, told.FileId})
		if slices.ContainsFunc(m.told, func(t telling) bool { return t.by.EventID == e.ID }) {
			continue
		}
		m.changed = at
		j.media.changes.MoveToBack(m.inChanges)
		j.media.told += m.add(telling{told, from})
		for reader := range j.readers {
			reader.media.add(m)
		}
	}
	for j.media.told > MaxEvents {
		j.forget(j.media.changes.Front().Value.(*mediaRecord))
	}
}

// record is that of a media, which is made if there is none.
func (l *library) record(key mediaKey) *mediaRecord {
	m := l.byKey[key]
	if m == nil {
		m = &mediaRecord{key: key}
		m.inOrder, m.inChanges = l.order.PushBack(m), l.changes.PushBack(m)
		l.byKey[key] = m
	}
	return m
}

// add adds a telling and returns by how many more are kept now.
func (m *mediaRecord) add(t telling) int {
	m.told = append(m.told, t)
	if len(m.told) > maxTold {
		m.told = slices.Delete(m.told, 1, 2)
		m.stale = true
		return 0
	}
	m.state = media.Merge(m.state, t.media)
	return 1
}

// forget drops a media.
func (j *Journal) forget(m *mediaRecord) {
	l := &j.media
	l.order.Remove(m.inOrder)
	l.changes.Remove(m.inChanges)
	delete(l.byKey, m.key)
	l.told -= len(m.told)
	for reader := range j.readers {
		reader.media.forget(m)
	}
}

// Media is what is known of a media, in the columns of vod_media. The Data of its
// outputs is left out.
type Media struct {
	media.Row
	Changed time.Time `json:"changed"`
	Events  int       `json:"events"` // that told of it
}

func (m *mediaRecord) summary() Media {
	if m.stale {
		m.state, m.stale = media.Media{}, false
		for _, t := range m.told {
			m.state = media.Merge(m.state, t.media)
		}
	}
	return Media{m.state.Row(), stamp(m.changed), len(m.told)}
}

// MediaDetail is a media opened: the events that made it, in the order of their
// delivery, and what each told.
type MediaDetail struct {
	Media
	Told      []Telling         `json:"told"`
	Registers []media.Explained `json:"registers"`
}

// MediaFilter chooses media for a list. Empty members choose all.
type MediaFilter struct {
	States []string
	Text   string // in the name, the FileId, the error or the review, in upper or lower case
	Limit  int
}

func (f *MediaFilter) fits(m *Media) bool {
	if len(f.States) > 0 && !slices.Contains(f.States, string(m.State)) {
		return false
	}
	return f.Text == "" || slices.ContainsFunc([]string{m.Name, m.FileId, m.Error, string(m.Review), m.ReviewLabel}, func(s string) bool {
		return strings.Contains(strings.ToLower(s), f.Text)
	})
}

// ListMedia gives the media that fit, the one that was heard of last in front, and
// how many do.
func (j *Journal) ListMedia(f MediaFilter) (found []Media, matched int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f.Text = strings.ToLower(f.Text)
	found = []Media{}
	for m := range j.media.newestFirst {
		s := m.summary()
		if !f.fits(&s) {
			continue
		}
		if matched++; len(found) < f.Limit {
			found = append(found, s)
		}
	}
	return found, matched
}

// FindMedia gives a media. Of several sources' it is the one that was heard of last,
// unless source names one.
func (j *Journal) FindMedia(source, fileID string) (d MediaDetail, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for m := range j.media.newestFirst {
		if m.key.fileID != fileID || source != "" && m.key.source != source {
			continue
		}
		d.Media = m.summary()
		told := make([]media.Media, len(m.told))
		for i, t := range m.told {
			told[i] = t.media
			d.Told = append(d.Told, t.by)
		}
		d.Registers = media.Explain(told)
		return d, true
	}
	return d, false
}
