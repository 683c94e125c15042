package stored

import (
	"cmp"
	"errors"
	"time"

	"vodevents/shared/media"
)

// ErrNoMedia means that a URL has no media=.
var ErrNoMedia = errors.New("the URL names no table of media: add media=vod_media to it in SINK")

// Media is a row of the table of media=, with its outputs.
type Media struct {
	media.Row
	UpdatedAt time.Time `json:"updated_at"`
}

// MediaKey is where a media stands in the order of its table: by source, then by
// FileId. The zero value is before the first one.
type MediaKey struct {
	Source string `json:"source"`
	FileId string `json:"file_id"`
}

// Compare orders keys as the tables do, and as statements lock the rows.
func (k MediaKey) Compare(l MediaKey) int {
	return cmp.Or(cmp.Compare(k.Source, l.Source), cmp.Compare(k.FileId, l.FileId))
}

// Key is the media's place.
func (m *Media) Key() MediaKey { return MediaKey{m.Source, m.FileId} }

// UTC has all times in UTC, as other columns have them.
func (m *Media) UTC() {
	for _, t := range []*time.Time{&m.CreatedAt, &m.ExpiresAt, &m.DeletedAt, &m.UpdatedAt} {
		*t = t.UTC()
	}
	for i := range m.Outputs {
		m.Outputs[i].FinishedAt = m.Outputs[i].FinishedAt.UTC()
	}
}

// MediaFilter says which media are asked for. The zero value asks for all.
type MediaFilter struct {
	FileIds    []string
	State      media.State // empty: any
	NotDeleted bool

	// OfVOD: only media of VOD. An upload, the task that made it or a re-read told
	// its URL. A procedure alone is not enough, for ProcessMediaByUrl takes an id of
	// the caller's own: then the id must have many digits and be part of the URL, as
	// in VOD's.
	OfVOD bool

	Since time.Time // changed at or after it
	After MediaKey  // the last that is not asked for any more
}
