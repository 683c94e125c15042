package media

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"vodevents/shared/event"
)

// outputs appends a row for each Kind and Definition.
func (m *Media) outputs(all []Output) []Output {
	for group := range groups(m.Results) {
		all = append(all, m.output(group))
	}
	return all
}

// groups yields the results of each Kind and Definition.
func groups(results []Result) iter.Seq[[]Result] {
	return func(yield func([]Result) bool) {
		for i := 0; i < len(results); {
			from := i
			for i < len(results) && results[i].Kind == results[from].Kind && results[i].Definition == results[from].Definition {
				i++
			}
			if !yield(results[from:i]) {
				return
			}
		}
	}
}

// output is the row of one Kind and Definition. Status and URL are separate registers,
// so a run that fails leaves the URL that plays.
func (m *Media) output(results []Result) Output {
	var told *Result
	for i := range results {
		if r := &results[i]; told == nil || beats(r, told) {
			told = r
		}
	}
	made := lastMade(results)
	o := Output{Kind: told.Kind, Definition: told.Definition, Status: told.Status, Error: told.Error, TaskId: told.Task, told: told, made: made}
	if !told.Read && hasEnded(told) {
		o.FinishedAt = told.At
	}
	if made != nil {
		f := made.Figures
		o.Url, o.Width, o.Height, o.Size, o.Bitrate, o.Duration, o.Container = f.Url, f.Width, f.Height, f.Size, f.Bitrate, f.Duration, f.Container
		o.Data = made.Data
		if m.hides(made) {
			o.Url = ""
		}
	}
	if m.hides(told) && o.Url == "" {
		o.Status = StatusDeleted
	}
	return o
}

// lastMade is the result whose file the row shows: the latest SUCCESS.
func lastMade(results []Result) (made *Result) {
	for i := range results {
		r := &results[i]
		if r.Status == event.SubTaskSuccess && r.Url != "" && (made == nil || made.Version().Compare(r.Version()) < 0) {
			made = r
		}
	}
	return made
}

// Lacks returns the event that has the output's Data, if the row so far has the Data of
// another result; else it is empty. That is rare: an event that was received early
// arrives here late and makes an older run the latest again.
func (o *Output) Lacks(before []Result) (eventID string) {
	if o.made == nil || o.made.Data != nil {
		return ""
	}
	for group := range groups(before) {
		if group[0].Kind != o.Kind || group[0].Definition != o.Definition {
			continue
		}
		if shown := lastMade(group); shown != nil && shown.place(*o.made) != 0 {
			return o.made.Event
		}
	}
	return ""
}

// beats says which result sets the status: an event beats a re-read, an end beats
// progress, and else the later version wins.
func beats(r, s *Result) bool {
	return cmp.Or(compareBool(!r.Read, !s.Read), compareBool(hasEnded(r), hasEnded(s)), r.Version().Compare(s.Version())) > 0
}

func hasEnded(r *Result) bool {
	return r.Status == event.SubTaskSuccess || r.Status == event.SubTaskFail
}

// hides tells whether the result is gone.
func (m *Media) hides(r *Result) bool {
	if gone, _ := m.gone(); gone {
		return true
	}
	switch r.Kind {
	case event.ProcessTranscode:
		if m.lost(event.DeletedTranscodeFiles, r.Definition, r.At) {
			return true
		}
	case event.ProcessAdaptiveDynamicStreaming:
		if m.lost(event.DeletedAdaptiveDynamicStreamingFiles, r.Definition, r.At) {
			return true
		}
	case event.ProcessCoverBySnapshot:
		return m.lost(event.DeletedTranscodeFiles, 0, r.At)
	}
	for _, l := range m.Listed {
		if l.Kind == r.Kind && l.At.Sub(r.At) > listLag && !slices.Contains(l.Definitions, r.Definition) {
			return true
		}
	}
	return false
}

// lost tells whether a deletion of a part covers what was made at that time.
func (m *Media) lost(part event.DeletedPart, definition int64, made time.Time) bool {
	for _, d := range m.DeletedParts {
		if d.Type == part && (d.Definition == 0 || d.Definition == definition) && !made.After(d.At) {
			return true
		}
	}
	return false
}

// withdrawn tells whether a publication of that time was deleted. The row keeps one
// publication, whatever its template.
func (m *Media) withdrawn(part event.DeletedPart, published time.Time) bool {
	return slices.ContainsFunc(m.DeletedParts, func(d DeletedPart) bool { return d.Type == part && !published.After(d.At) })
}

// best chooses what a player is to show: the newest adaptive stream without DRM,
// else the newest with DRM, else the highest transcode; and the newest cover that
// was made by processing.
func best(outputs []Output) (stream, cover string) {
	var open, drm, transcode, snapshot *Output
	newer := func(o, p *Output) bool { return p == nil || p.made.Version().Compare(o.made.Version()) < 0 }
	for i := range outputs {
		o := &outputs[i]
		switch {
		case o.Url == "":
		case o.Kind == event.ProcessAdaptiveDynamicStreaming && o.made.DrmType == "" && newer(o, open):
			open = o
		case o.Kind == event.ProcessAdaptiveDynamicStreaming && o.made.DrmType != "" && newer(o, drm):
			drm = o
		case o.Kind == event.ProcessTranscode && (transcode == nil || higher(o, transcode)):
			transcode = o
		case o.Kind == event.ProcessCoverBySnapshot && newer(o, snapshot):
			snapshot = o
		}
	}
	return value(cmp.Or(open, drm, transcode)).Url, value(snapshot).Url
}

func higher(o, p *Output) bool {
	return cmp.Or(cmp.Compare(o.Height, p.Height), cmp.Compare(o.Bitrate, p.Bitrate), cmp.Compare(p.Definition, o.Definition)) > 0
}

// newestError is the error of the sub-task that failed last, if no later run of it
// succeeded.
func newestError(outputs []Output) string {
	var newest *Result
	for i := range outputs {
		told := outputs[i].told
		if told.Status == event.SubTaskFail && (newest == nil || newest.Version().Compare(told.Version()) < 0) {
			newest = told
		}
	}
	return value(newest).Error
}
