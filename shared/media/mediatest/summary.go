package mediatest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"vodevents/shared/media"
)

// at is the FinishTime, else when the result was told of first. A finished telling
// of the same result stands for all.
func (m *model) dated() (all []fact) {
	for _, f := range m.results {
		if f.read {
			all = append(all, f)
			continue
		}
		var finish, first time.Time
		for _, g := range m.results {
			same := !g.read && g.task == f.task && g.kind == f.kind && g.definition == f.definition && g.status == f.status && g.url == f.url && g.failure == f.failure
			if !same {
				continue
			}
			if t, err := time.Parse(time.RFC3339, g.value); err == nil && g.status != "PROCESSING" && t.After(finish) {
				finish = t
			}
			if first.IsZero() || g.at.Before(first) {
				first = g.at
			}
		}
		if f.at = first; !finish.IsZero() {
			f.at = finish
		}
		all = append(all, f)
	}
	return all
}

func (m *model) whole() bool { return len(m.gone) > 0 || newest(m.exists).value == "false" }

func (m *model) hidden(f fact) bool {
	if m.whole() {
		return true
	}
	part := map[string]string{"Transcode": "TranscodeFiles", "CoverBySnapshot": "TranscodeFiles", "AdaptiveDynamicStreaming": "AdaptiveDynamicStreamingFiles"}[f.kind]
	for _, p := range m.parts {
		all := p.definition == "0" || p.definition == ""
		if p.kind == part && (all || p.definition == f.definition && f.kind != "CoverBySnapshot") && !f.at.After(p.at) {
			return true
		}
	}
	list := newest(m.lists)
	return f.kind == "Transcode" && list.value != "" && list.at.Sub(f.at) > 5*time.Minute && !strings.Contains(list.value, f.definition)
}

// Summary is what the model says of a media, and what a row says.
type Summary struct{ State, Name, Media, Play, Cover, Review, Failure, Task, Outputs string }

// SummaryOf is what a row says.
func SummaryOf(row media.Row) Summary {
	var outputs []string
	for _, o := range row.Outputs {
		outputs = append(outputs, fmt.Sprintf("%s %d %s %q", o.Kind, o.Definition, o.Status, o.Url))
	}
	slices.Sort(outputs)
	return Summary{string(row.State), row.Name, row.MediaUrl, row.PlayUrl, row.CoverUrl, string(row.Review), row.Error, row.ProcedureTaskId, strings.Join(outputs, "\n")}
}

func (m *model) summary() (s Summary) {
	s.Name, s.Media, s.Cover = newest(m.names).value, newest(m.urls).value, newest(m.covers).value
	for _, p := range m.parts {
		if p.kind == "OriginalFiles" {
			s.Media, s.Cover = "", ""
		}
	}
	results := m.dated()
	slices.SortFunc(results, older)
	type place struct{ kind, definition string }
	places := map[place][]fact{}
	for _, f := range results {
		places[place{f.kind, f.definition}] = append(places[place{f.kind, f.definition}], f)
	}
	var shown shown
	for p, all := range places {
		shown.add(m, p.kind, p.definition, all)
	}
	slices.Sort(shown.outputs)
	s.Outputs = strings.Join(shown.outputs, "\n")
	slices.SortFunc(shown.fails, older)
	if n := len(shown.fails); n > 0 {
		s.Failure = shown.fails[n-1].failure
	}
	stream := shown.stream()
	if c := newest(shown.covers).value; c != "" {
		s.Cover = c
	}
	s.Review = m.review()
	status := ""
	s.Task, status = m.procedure()
	if s.Play = stream; stream == "" {
		s.Play = s.Media
	}
	switch {
	case m.whole():
		s.State, s.Media, s.Play, s.Cover = "deleted", "", "", ""
	case s.Task != "" && status != "FINISH" && stream == "":
		s.State = "processing"
	case status == "FINISH" && stream == "" && failed(results, s.Task):
		s.State = "failed"
	case s.Play != "":
		s.State = "ready"
	default:
		s.State = "known"
	}
	return s
}

// shown is what the places of results show.
type shown struct {
	streams, drms, transcodes, covers, fails []fact
	outputs                                  []string
}

// add adds a place, with all that was told of it, the oldest first.
func (s *shown) add(m *model, kind, definition string, all []fact) {
	var told, made fact
	for _, weight := range []int{0, 1, 2} { // a re-read, then PROCESSING, then an end
		for _, f := range all {
			w := 2
			if f.read {
				w = 0
			} else if f.status == "PROCESSING" {
				w = 1
			}
			if w == weight {
				told = f
			}
		}
	}
	for _, f := range all {
		if f.status == "SUCCESS" {
			made = f
		}
	}
	url, status := made.url, told.status
	if made.url != "" && m.hidden(made) {
		url = ""
	}
	if url == "" && m.hidden(told) {
		status = "DELETED"
	}
	if told.status == "FAIL" {
		s.fails = append(s.fails, told)
	}
	s.outputs = append(s.outputs, fmt.Sprintf("%s %s %s %q", kind, definition, status, url))
	if url == "" {
		return
	}
	into := map[string]*[]fact{"Transcode": &s.transcodes, "CoverBySnapshot": &s.covers, "AdaptiveDynamicStreaming": &s.streams}[kind]
	if made.drm != "" {
		into = &s.drms
	}
	made.value = url
	*into = append(*into, made)
}

// stream is the URL that plays best: of transcodes the highest, then that of the
// smaller Definition.
func (s *shown) stream() string {
	slices.SortFunc(s.transcodes, func(a, b fact) int {
		if c := strings.Compare("0"+b.height, "0"+a.height); c != 0 && (a.height+b.height != "0") {
			return c
		}
		return strings.Compare(a.definition, b.definition)
	})
	for _, url := range []string{newest(s.streams).value, newest(s.drms).value} {
		if url != "" {
			return url
		}
	}
	if len(s.transcodes) > 0 {
		return s.transcodes[0].value
	}
	return ""
}

func failed(results []fact, task string) bool {
	ends := map[string]string{}
	for _, f := range results {
		if f.task != task || f.read || f.kind == "CoverBySnapshot" {
			continue
		}
		if key := f.kind + f.definition; f.status == "SUCCESS" {
			return false
		} else if f.status == "FAIL" || ends[key] == "" {
			ends[key] = f.status
		}
	}
	for _, end := range ends {
		if end != "FAIL" {
			return false
		}
	}
	return len(ends) > 0
}

// procedure is the last that began: one that is only announced after all others.
func (m *model) procedure() (task, status string) {
	var shown fact
	heights := []string{"PENDING", "PROCESSING", "FINISH"}
	for _, f := range m.procedures {
		for _, g := range m.procedures {
			if g.task != f.task {
				continue
			}
			if slices.Index(heights, g.status) > slices.Index(heights, f.status) {
				f.status = g.status
			}
			if g.at.Before(f.at) {
				f.at = g.at
			}
		}
		f.rank, f.event, f.index = 0, f.task, 0
		if f.status != "PENDING" {
			f.rank = 1
		}
		if shown.task == "" || older(shown, f) < 0 {
			shown = f
		}
	}
	return shown.task, shown.status
}

func (m *model) review() string {
	order := []string{"pass", "review", "block"}
	var worst []fact
	for _, f := range m.reviews {
		for _, g := range m.reviews {
			if g.task == f.task && slices.Index(order, g.value) > slices.Index(order, f.value) {
				f = g
			}
		}
		for _, g := range m.reviews { // told first, by the larger id
			if g.task == f.task && g.value == f.value {
				if g.at.Before(f.at) {
					f.at = g.at
				}
				f.event = max(f.event, g.event)
			}
		}
		worst = append(worst, f)
	}
	return newest(worst).value
}
