package vodfake

import (
	"cmp"
	"encoding/json"
	"path"
	"reflect"
	"strings"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/internal/jsonscan"
)

// told is an event that somebody gave to the Server. Whoever asks is told the same,
// so what the event says becomes true. Reading it can wait until somebody asks.
type told struct {
	body []byte
	at   time.Time
}

// tell notes an event that does not come from the Server's own tasks. Only the last
// Options.Keep are noted.
func (s *Server) tell(a *app, body []byte, at time.Time) {
	if len(a.told) >= 2*s.opt.Keep {
		a.told = append([]told(nil), a.told[s.opt.Keep:]...)
	}
	a.told = append(a.told, told{body, at})
}

// learn reads the events that were noted, so that the application's tasks and files
// are as they say.
func (s *Server) learn(a *app) {
	for _, t := range a.told {
		e, err := event.Parse(t.body, event.Origin{})
		if err != nil || e.Field == "data" {
			continue
		}
		s.learnTask(a, e, t.at)
		a.learnMedia(e, t.at)
	}
	a.told = nil
}

func (s *Server) learnTask(a *app, e *event.Event, at time.Time) {
	var p struct {
		TaskId, FileId, Status    anyText
		SessionId, SessionContext anyText
	}
	member := taskMember(e.Type)
	if member == "" || json.Unmarshal(e.Payload, &p) != nil || p.TaskId == "" {
		return
	}
	status := cmp.Or(string(p.Status), finished)
	t := a.tasks[string(p.TaskId)]
	switch {
	case t == nil:
		t = s.newTask(a, string(p.TaskId), e.Type, string(p.FileId), at)
	case t.status != processing && status == processing:
		return // an older state of it
	}
	t.sessionId, t.sessionContext = string(p.SessionId), string(p.SessionContext)
	t.update(status, e.Payload, at)
}

func (a *app) learnMedia(e *event.Event, at time.Time) {
	payload, _ := e.Decode() // what could be read is enough
	dropNulls(reflect.ValueOf(payload))
	switch p := payload.(type) {
	case *event.FileUploadTask:
		a.learnFile(p.FileId, p.MediaBasicInfo, p.MetaData, at)
	case *event.PullUploadTask:
		if p.ErrCode == 0 {
			a.learnFile(p.FileId, p.MediaBasicInfo, p.MetaData, at)
		}
	case *event.ProcedureTask:
		basic := &event.MediaBasicInfo{Name: p.FileName, MediaUrl: p.FileUrl}
		if f := a.learnFile(p.FileId, basic, p.MetaData, at); f != nil {
			f.hold(p.MediaProcessResultSet, at)
		}
	case *event.FileDeleteTask:
		for _, id := range p.FileIdSet {
			a.remove(id, parts(p, id), at)
		}
	default:
		var m struct {
			FileId anyText
			Output struct {
				FileId, FileUrl, MediaName, FileType anyText
			}
		}
		if json.Unmarshal(e.Payload, &m) != nil {
			return
		}
		a.learnFile(string(m.FileId), &event.MediaBasicInfo{}, nil, at)
		a.learnFile(string(m.Output.FileId), &event.MediaBasicInfo{
			Name: string(m.Output.MediaName), MediaUrl: string(m.Output.FileUrl), Type: string(m.Output.FileType),
			SourceInfo: &event.MediaSourceData{SourceType: "VideoProcessing"},
		}, nil, at)
	}
}

// dropNulls takes the elements that are null out of all lists of a payload. VOD sends
// none, but anybody may make such an event.
func dropNulls(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			dropNulls(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			dropNulls(v.Field(i))
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Pointer {
			return
		}
		kept := v.Slice(0, 0)
		for i := range v.Len() {
			if e := v.Index(i); !e.IsNil() {
				dropNulls(e)
				kept = reflect.Append(kept, e)
			}
		}
		v.Set(kept)
	}
}

// parts are what was deleted of a file; none: all of it.
func parts(p *event.FileDeleteTask, fileId string) []*event.MediaDeleteItem {
	for _, r := range p.FileDeleteResultInfo {
		if r.FileId == fileId {
			return r.DeleteParts
		}
	}
	return nil
}

// learnFile makes a file that an event tells of, unless it is there.
func (a *app) learnFile(id string, basic *event.MediaBasicInfo, meta *event.MediaMetaData, at time.Time) *file {
	if f := a.files[id]; f != nil || id == "" {
		return f
	}
	if basic == nil {
		basic = &event.MediaBasicInfo{}
	}
	f := &file{id: id, name: basic.Name, kind: cmp.Or(basic.Type, strings.TrimPrefix(path.Ext(basic.MediaUrl), "."), "mp4"), basic: basic,
		mediaUrl: basic.MediaUrl, coverUrl: basic.CoverUrl, created: at, updated: at,
		width: 1280, height: 720, duration: 60, bitrate: audioBitrate + 1_024_000}
	if t, err := time.Parse(time.RFC3339, basic.CreateTime); err == nil {
		f.created = t
	}
	f.dir = f.mediaUrl[:strings.LastIndex(f.mediaUrl, "/")+1]
	if f.dir == "" {
		f.dir = "https://" + f.id + ".vod2.example.com/"
	}
	f.size = size(f.bitrate, f.duration)
	if meta != nil {
		f.meta = meta
		f.size, f.bitrate, f.duration = meta.Size, meta.Bitrate, meta.Duration
		f.width, f.height = cmp.Or(meta.Width, f.width), cmp.Or(meta.Height, f.height)
	}
	a.files[id] = f
	return f
}

// anyText reads a string, or the digits of a number; other values are empty.
type anyText string

func (t *anyText) UnmarshalJSON(b []byte) error {
	switch c := b[0]; {
	case c == '"':
		*t = anyText(jsonscan.String(b))
	case c == '-', c >= '0' && c <= '9':
		*t = anyText(b)
	}
	return nil
}
