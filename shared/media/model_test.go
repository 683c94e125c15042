package media_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/media/mediatest"
)

// object is JSON that the model reads with no types of ours.
type object = map[string]any

func in(o object, path ...string) object {
	for _, p := range path {
		o, _ = o[p].(object)
	}
	return o
}

func str(o object, name string) string {
	if o[name] == nil {
		return ""
	}
	return fmt.Sprint(o[name])
}

// fact is one thing that one event says.
type fact struct {
	rank  int
	at    time.Time
	event string
	index int
	value string

	kind, definition, task, status, url, failure, drm, height string
	read                                                      bool
}

func older(a, b fact) int {
	if a.rank != b.rank {
		return a.rank - b.rank
	}
	if c := a.at.Compare(b.at); c != 0 {
		return c
	}
	if c := strings.Compare(a.event, b.event); c != 0 {
		return c
	}
	return a.index - b.index
}

// newest is the value of the fact with the largest version; "" says nothing.
func newest(facts []fact) (f fact) {
	for _, g := range facts {
		if g.value != "" && (f.value == "" || older(f, g) < 0) {
			f = g
		}
	}
	return f
}

// model takes the whole set of events of one media and keeps no state.
type model struct {
	names, urls, covers, reviews, lists, exists []fact
	results, procedures, gone, parts            []fact
}

func read(id string, events []*event.Event) (m model) {
	for _, e := range events {
		d := json.NewDecoder(bytes.NewReader(e.AppendData(nil)))
		d.UseNumber()
		var o object
		if err := d.Decode(&o); err != nil {
			panic(err)
		}
		base := fact{rank: 2, at: e.Received, event: e.ID}
		say := func(list *[]fact, rank int, value string) {
			f := base
			f.rank, f.value = rank, value
			*list = append(*list, f)
		}
		if p := in(o, "FileUploadEvent"); str(p, "FileId") == id {
			say(&m.names, 2, str(in(p, "MediaBasicInfo"), "Name"))
			say(&m.urls, 2, str(in(p, "MediaBasicInfo"), "MediaUrl"))
			say(&m.covers, 2, str(in(p, "MediaBasicInfo"), "CoverUrl"))
			m.run(base, str(p, "ProcedureTaskId"), "PENDING")
		}
		if p := in(o, "PullCompleteEvent"); str(p, "FileId") == id && str(p, "ErrCode") == "0" {
			say(&m.urls, 2, str(p, "FileUrl"))
			m.run(base, str(p, "ProcedureTaskId"), "PENDING")
		}
		if p := in(o, "ProcedureStateChangeEvent"); str(p, "FileId") == id {
			say(&m.names, 1, str(p, "FileName"))
			m.run(base, str(p, "TaskId"), str(p, "Status"))
			m.ran(base, p)
		}
		if p := in(o, "ReviewAudioVideoCompleteEvent"); str(in(p, "Input"), "FileId") == id {
			f := base
			f.task, f.value = str(p, "TaskId"), str(in(p, "Output"), "Suggestion")
			m.reviews = append(m.reviews, f)
		}
		if p := in(o, "FileDeleteEvent"); p != nil {
			m.deleted(id, base, p)
		}
		if str(o, "FileId") == id {
			m.listed(base, o)
		}
	}
	return m
}

func (m *model) run(f fact, task, status string) {
	if f.task, f.status = task, status; task != "" {
		m.procedures = append(m.procedures, f)
	}
}

func (m *model) ran(base fact, p object) {
	list, _ := p["MediaProcessResultSet"].([]any)
	for i, one := range list {
		o := one.(object)
		f := base
		f.kind, f.index, f.task = str(o, "Type"), i, str(p, "TaskId")
		t := in(o, f.kind+"Task")
		f.status, f.definition = str(t, "Status"), str(in(t, "Input"), "Definition")
		if f.status == "FAIL" {
			f.failure = str(t, "ErrCodeExt")
		}
		if f.status == "SUCCESS" {
			f.url = str(in(t, "Output"), map[bool]string{true: "CoverUrl", false: "Url"}[f.kind == "CoverBySnapshot"])
			if f.kind == "AdaptiveDynamicStreaming" {
				f.drm = str(in(t, "Output"), "DrmType")
			} else if f.kind == "Transcode" {
				f.height = str(in(t, "Output"), "Height")
			}
		}
		f.value = str(t, "FinishTime")
		m.results = append(m.results, f)
	}
}

func (m *model) deleted(id string, base fact, p object) {
	infos, _ := p["FileDeleteResultInfo"].([]any)
	inPart := false
	for _, info := range infos {
		o := info.(object)
		parts, _ := o["DeleteParts"].([]any)
		for _, part := range parts {
			if str(o, "FileId") == id {
				f := base
				f.kind, f.definition = str(part.(object), "Type"), str(part.(object), "Definition")
				m.parts, inPart = append(m.parts, f), true
			}
		}
	}
	ids, _ := p["FileIdSet"].([]any)
	if slices.Contains(ids, any(id)) && !inPart {
		m.gone = append(m.gone, base)
	}
}

func (m *model) listed(base fact, o object) {
	base.value = fmt.Sprint(o["NotExist"] != true)
	m.exists = append(m.exists, base)
	if base.value == "false" {
		return
	}
	f := base
	f.value = str(in(o, "BasicInfo"), "Name")
	m.names = append(m.names, f)
	f.value = "-"
	for i, one := range in(o, "TranscodeInfo")["TranscodeSet"].([]any) {
		if definition := str(one.(object), "Definition"); definition != "0" {
			f.value += definition
			r := base
			r.kind, r.definition, r.status, r.url, r.index, r.read, r.value = "Transcode", definition, "SUCCESS", str(one.(object), "Url"), i, true, ""
			m.results = append(m.results, r)
		}
	}
	m.lists = append(m.lists, f)
}

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

// summary is what the model says of a media, and what a row says.
type summary struct{ state, name, media, play, cover, review, failure, task, outputs string }

func (m *model) summary() (s summary) {
	s.name, s.media, s.cover = newest(m.names).value, newest(m.urls).value, newest(m.covers).value
	for _, p := range m.parts {
		if p.kind == "OriginalFiles" {
			s.media, s.cover = "", ""
		}
	}
	results := m.dated()
	slices.SortFunc(results, older)
	type place struct{ kind, definition string }
	places := map[place][]fact{}
	for _, f := range results {
		places[place{f.kind, f.definition}] = append(places[place{f.kind, f.definition}], f)
	}
	var streams, drms, transcodes, covers, fails []fact
	var outputs []string
	for p, all := range places {
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
			fails = append(fails, told)
		}
		outputs = append(outputs, fmt.Sprintf("%s %s %s %q", p.kind, p.definition, status, url))
		if url != "" {
			into := map[string]*[]fact{"Transcode": &transcodes, "CoverBySnapshot": &covers, "AdaptiveDynamicStreaming": &streams}[p.kind]
			if made.drm != "" {
				into = &drms
			}
			made.value = url
			*into = append(*into, made)
		}
	}
	slices.Sort(outputs)
	s.outputs = strings.Join(outputs, "\n")
	slices.SortFunc(fails, older)
	if len(fails) > 0 {
		s.failure = fails[len(fails)-1].failure
	}
	slices.SortFunc(transcodes, func(a, b fact) int { // the highest, then the smaller Definition
		if c := strings.Compare("0"+b.height, "0"+a.height); c != 0 && (a.height+b.height != "0") {
			return c
		}
		return strings.Compare(a.definition, b.definition)
	})
	stream := newest(streams).value
	if stream == "" {
		stream = newest(drms).value
	}
	if stream == "" && len(transcodes) > 0 {
		stream = transcodes[0].value
	}
	if c := newest(covers).value; c != "" {
		s.cover = c
	}
	s.review = m.review()
	status := ""
	s.task, status = m.procedure()
	if s.play = stream; stream == "" {
		s.play = s.media
	}
	switch {
	case m.whole():
		s.state, s.media, s.play, s.cover = "deleted", "", "", ""
	case s.task != "" && status != "FINISH" && stream == "":
		s.state = "processing"
	case status == "FINISH" && stream == "" && failed(results, s.task):
		s.state = "failed"
	case s.play != "":
		s.state = "ready"
	default:
		s.state = "known"
	}
	return s
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

// The fold gives what the model gives that takes the whole set of events.
func TestFoldAgreesWithTheModel(t *testing.T) {
	for seed := range uint64(400) {
		events := mediatest.Random(seed, 3+int(seed%20))
		for id, m := range fold(t, events, false) {
			row := m.Row()
			var outputs []string
			for _, o := range row.Outputs {
				outputs = append(outputs, fmt.Sprintf("%s %d %s %q", o.Kind, o.Definition, o.Status, o.Url))
			}
			slices.Sort(outputs)
			got := summary{string(row.State), row.Name, row.MediaUrl, row.PlayUrl, row.CoverUrl, string(row.Review), row.Error, row.ProcedureTaskId, strings.Join(outputs, "\n")}
			model := read(id, events)
			if want := model.summary(); got != want {
				t.Fatalf("seed %d, media %s:\n got %+v\nwant %+v", seed, id, got, want)
			}
		}
	}
}
