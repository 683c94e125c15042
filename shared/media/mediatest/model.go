package mediatest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"vodevents/shared/event"
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

// Model says what the events of one media amount to. It is slow and simple: it takes
// the whole set, keeps no state, and reads JSON with no types of ours. It knows the
// kinds that [Random] and [Bodies] make, and no others.
func Model(fileID string, events []*event.Event) Summary {
	m := read(fileID, events)
	return m.summary()
}

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
