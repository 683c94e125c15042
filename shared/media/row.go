package media

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"vodevents/shared/event"
)

// State says what can be done with a media now.
type State string

const (
	Known      State = "known"      // VOD named it, and nothing of it plays yet
	Processing State = "processing" // a procedure runs and nothing but the original plays
	Ready      State = "ready"      // Row.PlayUrl plays
	Failed     State = "failed"     // its procedure ended and made nothing that plays
	Deleted    State = "deleted"
)

// StatusDeleted is the status of an Output that a deletion covers (266/33952). It is not
// VOD's.
const StatusDeleted event.SubTaskStatus = "DELETED"

// Row is a media in columns, as vod_media has them. Empty, 0 and the zero time are
// NULL there.
type Row struct {
	Source          string           `json:"source"`
	FileId          string           `json:"file_id"`
	State           State            `json:"state"`
	Name            string           `json:"name,omitempty"`
	Category        string           `json:"category,omitempty"`
	Type            string           `json:"type,omitempty"`
	MediaUrl        string           `json:"media_url,omitempty"`
	PlayUrl         string           `json:"play_url,omitempty"`
	CoverUrl        string           `json:"cover_url,omitempty"`
	Size            int64            `json:"size,omitempty"`     // bytes
	Duration        float64          `json:"duration,omitempty"` // seconds
	Width           int64            `json:"width,omitempty"`    // px
	Height          int64            `json:"height,omitempty"`   // px
	Review          event.Suggestion `json:"review,omitempty"`
	ReviewLabel     string           `json:"review_label,omitempty"`
	Error           string           `json:"error,omitempty"`
	SourceContext   string           `json:"source_context,omitempty"`
	SessionContext  string           `json:"session_context,omitempty"`
	ProcedureTaskId string           `json:"procedure_task_id,omitempty"`
	ProcedureStatus string           `json:"procedure_status,omitempty"`
	StorageClass    string           `json:"storage_class,omitempty"`
	CreatedAt       time.Time        `json:"created_at,omitzero"`
	ExpiresAt       time.Time        `json:"expires_at,omitzero"`
	DeletedAt       time.Time        `json:"deleted_at,omitzero"`
	LastEvent       string           `json:"last_event,omitempty"`
	Outputs         []Output         `json:"outputs,omitempty"` // by Kind, then Definition
}

// Output is a result in columns, as vod_media_output has them.
type Output struct {
	Kind       event.MediaProcessType `json:"kind"`
	Definition int64                  `json:"definition"`
	Status     event.SubTaskStatus    `json:"status"`
	Url        string                 `json:"url,omitempty"`
	Width      int64                  `json:"width,omitempty"`    // px
	Height     int64                  `json:"height,omitempty"`   // px
	Size       int64                  `json:"size,omitempty"`     // bytes
	Bitrate    int64                  `json:"bitrate,omitempty"`  // bits a second
	Duration   float64                `json:"duration,omitempty"` // seconds
	Container  string                 `json:"container,omitempty"`
	Error      string                 `json:"error,omitempty"`
	TaskId     string                 `json:"task_id,omitempty"`
	FinishedAt time.Time              `json:"finished_at,omitzero"`
	Data       json.RawMessage        `json:"data,omitempty"` // nil: as it stands in the row

	told, made *Result // what Status and what Url are from; made is nil without any
}

// listLag is how much later than a result a re-read must be. Only then does the
// result's absence mean that it is gone: VOD's list may lag behind its events.
const listLag = 5 * time.Minute

// Row computes the columns.
func (m *Media) Row() Row { return new(Memory).Row(m) }

// row is Row, whose outputs go into a list.
func (m *Media) row(outputs []Output) Row {
	row := Row{
		Source: m.Source, FileId: m.FileId,
		Name: m.Name.Value, Category: m.Category.Value, Type: m.Type.Value,
		Size: m.Size.Value, Duration: m.Duration.Value, Width: m.Width.Value, Height: m.Height.Value,
		SourceContext: m.SourceContext.Value, SessionContext: m.SessionContext.Value,
		StorageClass: m.StorageClass.Value,
		CreatedAt:    m.CreatedAt.Value, ExpiresAt: m.ExpiresAt.Value,
		LastEvent: m.Last.Event,
		Outputs:   m.outputs(outputs),
	}
	row.Review, row.ReviewLabel = m.review()
	row.Error = newestError(row.Outputs)
	p := m.procedure()
	row.ProcedureTaskId, row.ProcedureStatus = p.Task, p.Status
	if gone, at := m.gone(); gone {
		row.State, row.DeletedAt = Deleted, at
		return row
	}
	if !m.lostOriginal() {
		row.MediaUrl, row.CoverUrl = m.MediaUrl.Value, m.UploadedCover.Value
	}
	stream, cover := best(row.Outputs)
	row.PlayUrl, row.CoverUrl = cmp.Or(stream, row.MediaUrl), cmp.Or(cover, row.CoverUrl)
	row.State = m.state(p, stream != "", row.PlayUrl != "")
	return row
}

// lostOriginal tells whether the original was deleted. It cannot come back, so a
// procedure that still names its URL changes nothing.
func (m *Media) lostOriginal() bool {
	return slices.ContainsFunc(m.DeletedParts, func(d DeletedPart) bool { return d.Type == event.DeletedOriginalFiles })
}

// state is the state of a media that exists. A stream is a result that plays.
func (m *Media) state(p Procedure, stream, plays bool) State {
	switch {
	case p.Task != "" && height(p.Status) <= height(string(event.TaskProcessing)) && !stream:
		return Processing
	case p.Status == string(event.TaskFinish) && !stream && m.allFailed(p.Task):
		return Failed
	case plays:
		return Ready
	default:
		return Known
	}
}

// gone tells whether the media as a whole was deleted, and when. A re-read that
// did not find it is undone by a later one that did.
func (m *Media) gone() (bool, time.Time) {
	switch {
	case !m.Deleted.IsZero():
		return true, m.Deleted.At
	case !m.Exists.IsZero() && !m.Exists.Value:
		return true, m.Exists.At
	default:
		return false, time.Time{}
	}
}

// procedure is the run that the row shows: the one that began last, and one that
// was only announced after all others.
func (m *Media) procedure() (shown Procedure) {
	for _, p := range m.Procedures {
		if shown.Task == "" || shown.compareShown(p) < 0 {
			shown = p
		}
	}
	return shown
}

// compareShown orders the runs of a media; the row shows the largest.
func (p Procedure) compareShown(q Procedure) int {
	return cmp.Or(compareBool(p.Status != Pending, q.Status != Pending), p.At.Compare(q.At), cmp.Compare(p.Task, q.Task))
}

// allFailed tells whether a task had transcodes and all of them failed.
func (m *Media) allFailed(task string) bool {
	type place struct {
		kind       event.MediaProcessType
		definition int64
	}
	failed := map[place]bool{}
	for _, r := range m.Results {
		if r.Task != task || r.Read || !r.plays() {
			continue
		}
		at := place{r.Kind, r.Definition}
		switch r.Status {
		case event.SubTaskSuccess:
			return false
		case event.SubTaskFail:
			failed[at] = true
		default:
			if _, known := failed[at]; !known {
				failed[at] = false
			}
		}
	}
	for _, yes := range failed {
		if !yes {
			return false
		}
	}
	return len(failed) > 0
}

// plays tells whether a player can show such a result.
func (r *Result) plays() bool {
	return r.Kind == event.ProcessTranscode || r.Kind == event.ProcessAdaptiveDynamicStreaming
}

// review is the suggestion of the last review task, the worst if it has several.
func (m *Media) review() (event.Suggestion, string) {
	var shown *Review
	for i := range m.Reviews {
		r := &m.Reviews[i]
		switch {
		case shown == nil:
			shown = r
		case shown.Task == r.Task && shown.Read == r.Read:
			if worst(r.Suggestion) > worst(shown.Suggestion) {
				shown = r
			}
		case m.worstOf(shown).Version().Compare(m.worstOf(r).Version()) < 0:
			shown = r
		}
	}
	if shown == nil {
		return "", ""
	}
	shown = m.worstOf(shown)
	return shown.Suggestion, shown.Label
}

// worstOf is the worst review of the same task.
func (m *Media) worstOf(one *Review) *Review {
	for i := range m.Reviews {
		if r := &m.Reviews[i]; r.Task == one.Task && r.Read == one.Read && worst(r.Suggestion) > worst(one.Suggestion) {
			one = r
		}
	}
	return one
}
