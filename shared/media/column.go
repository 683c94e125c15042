package media

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"vodevents/shared/internal/jsonscan"
)

// telling is an event in doc. Values refer to their event by its index in this list,
// because a hundred ids and times would be most of doc.
type telling struct {
	Id   string    `json:"id"`
	At   time.Time `json:"at"`
	Task string    `json:"task,omitempty"` // of its results

	tasked bool // Task is settled
}

// MarshalJSON implements [json.Marshaler].
func (m Media) MarshalJSON() ([]byte, error) { return m.AppendDoc(nil), nil }

// AppendDoc appends m as it stands in the column doc. A value refers to its event by
// the index in the list events. It omits at and task if they equal the event's, and a
// rank of 2.
//
// It is written by hand because it runs for every event.
func (m *Media) AppendDoc(dst []byte) []byte {
	w := docWriter{b: append(dst, '{')}
	register(&w, "name", &m.Name, appendString)
	register(&w, "category", &m.Category, appendString)
	register(&w, "type", &m.Type, appendString)
	register(&w, "media_url", &m.MediaUrl, appendString)
	register(&w, "uploaded_cover", &m.UploadedCover, appendString)
	register(&w, "size", &m.Size, appendInt)
	register(&w, "duration", &m.Duration, appendFloat)
	register(&w, "width", &m.Width, appendInt)
	register(&w, "height", &m.Height, appendInt)
	register(&w, "created_at", &m.CreatedAt, appendTime)
	register(&w, "expires_at", &m.ExpiresAt, appendTime)
	register(&w, "storage_class", &m.StorageClass, appendString)
	register(&w, "source_context", &m.SourceContext, appendString)
	register(&w, "session_context", &m.SessionContext, appendString)
	register(&w, "ban", &m.Ban, appendString)
	register(&w, "md5", &m.Md5, appendString)
	register(&w, "sha1", &m.Sha1, appendString)
	register(&w, "derived_from", &m.DerivedFrom, appendAny)
	register(&w, "wechat", &m.Wechat, appendAny)
	register(&w, "mini_program", &m.MiniProgram, appendString)
	register(&w, "exists", &m.Exists, strconv.AppendBool)
	if !m.Deleted.IsZero() {
		w.b = w.b.name("deleted")
		w.open('{')
		w.version(m.Deleted)
		w.close('}')
	}
	each(&w, "procedures", m.Procedures, w.procedure)
	each(&w, "results", m.Results, w.result)
	each(&w, "reviews", m.Reviews, w.review)
	each(&w, "deleted_parts", m.DeletedParts, w.deletedPart)
	each(&w, "listed", m.Listed, w.listed)
	if !m.Last.IsZero() {
		w.b = w.b.name("last")
		w.open('{')
		w.b = w.b.time("at", m.Last.At) // also where the list has it: this one is asked for in SQL
		w.version(m.Last)
		w.close('}')
	}
	each(&w, "events", w.events, func(t *telling) {
		w.b = w.b.string("id", t.Id).time("at", t.At).string("task", t.Task)
	})
	return append(w.b, '}')
}

// docWriter writes doc, and notes the events that it names.
type docWriter struct {
	b      members
	events []telling

	duration     float64 // of the result before, and its text
	durationText []byte
}

func register[T any](w *docWriter, name string, r *Register[T], value func([]byte, T) []byte) {
	if r.IsZero() {
		return
	}
	w.b = append(w.b.name(name), '{')
	w.b = value(w.b.name("value"), r.Value)
	w.version(r.Version)
	w.close('}')
}

func each[T any](w *docWriter, name string, list []T, write func(*T)) {
	if len(list) == 0 {
		return
	}
	w.b = w.b.name(name)
	w.open('[')
	for i := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.open('{')
		write(&list[i])
		w.close('}')
	}
	w.close(']')
}

func (w *docWriter) procedure(p *Procedure) {
	w.b = w.b.string("task", p.Task).string("status", p.Status).time("at", p.At).name("told")
	w.open('{')
	w.version(p.Told)
	w.close('}')
}

func (w *docWriter) result(r *Result) {
	w.b = w.b.string("kind", string(r.Kind)).
		int("definition", r.Definition).
		string("status", string(r.Status)).
		string("error", r.Error).
		flag("finished", r.Finished).
		flag("read", r.Read).
		string("url", r.Url).
		int("width", r.Width).
		int("height", r.Height).
		int("size", r.Size).
		int("bitrate", r.Bitrate).
		text("duration", w.durationOf(r)).
		string("container", r.Container).
		string("drm_type", r.DrmType)
	i := w.place(r.Event, r.At, func(t *telling) bool { return !t.tasked || t.Task == r.Task })
	w.events[i].Task, w.events[i].tasked = r.Task, true
	w.told(i, r.At, r.Index)
}

// durationOf is empty if there is none. All results of a media have nearly the same.
func (w *docWriter) durationOf(r *Result) []byte {
	if r.Duration != w.duration {
		w.duration, w.durationText = r.Duration, nil
		if r.Duration != 0 {
			w.durationText = appendFloat(nil, r.Duration)
		}
	}
	return w.durationText
}

func (w *docWriter) review(r *Review) {
	w.b = w.b.string("task", r.Task).string("suggestion", string(r.Suggestion)).string("label", r.Label).flag("read", r.Read)
	w.told(w.place(r.Event, r.At, nil), r.At, r.Index)
}

func (w *docWriter) deletedPart(d *DeletedPart) {
	w.b = w.b.string("type", string(d.Type)).int("definition", d.Definition)
	w.version(d.Version)
}

func (w *docWriter) listed(l *Listed) {
	w.b = appendAny(w.b.string("kind", string(l.Kind)).name("definitions"), l.Definitions)
	w.version(l.Version)
}

func (w *docWriter) version(v Version) {
	if v.Rank != rankOwn {
		w.b = w.b.int("rank", int64(v.Rank))
	}
	w.told(w.place(v.Event, v.At, nil), v.At, v.Index)
}

// told writes which event a value is from, the i-th.
func (w *docWriter) told(i int, at time.Time, index int) {
	b := w.b
	if !w.events[i].At.Equal(at) {
		b = b.time("at", at)
	}
	b = append(appendInt(append(b.name("event"), '"'), int64(i)), '"')
	w.b = b.int("index", int64(index))
}

// place is where the event stands in the list, that fits if it is asked.
func (w *docWriter) place(id string, at time.Time, fits func(*telling) bool) int {
	for i := len(w.events) - 1; i >= 0; i-- {
		if t := &w.events[i]; t.Id == id && (fits == nil || fits(t)) {
			return i
		}
	}
	w.events = append(w.events, telling{Id: id, At: at})
	return len(w.events) - 1
}

func (w *docWriter) open(bracket byte)  { w.b = append(w.b, bracket) }
func (w *docWriter) close(bracket byte) { w.b = append(w.b, bracket) }

// members are an object as far as it is written. It goes from call to call by value,
// which spares the garbage collector a write barrier for each.
type members []byte

// name begins the next member.
func (b members) name(name string) members {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return append(append(append(b, '"'), name...), '"', ':')
}

func (b members) string(name, s string) members {
	if s == "" {
		return b
	}
	return appendString(b.name(name), s)
}

func (b members) int(name string, n int64) members {
	if n == 0 {
		return b
	}
	return appendInt(b.name(name), n)
}

func (b members) text(name string, number []byte) members {
	if len(number) == 0 {
		return b
	}
	return append(b.name(name), number...)
}

func (b members) flag(name string, is bool) members {
	if !is {
		return b
	}
	return append(b.name(name), "true"...)
}

func (b members) time(name string, t time.Time) members { return appendTime(b.name(name), t) }

func appendInt(b []byte, n int64) []byte { return strconv.AppendInt(b, n, 10) }

func appendFloat(b []byte, f float64) []byte { return strconv.AppendFloat(b, f, 'g', -1, 64) }

func appendTime(b []byte, t time.Time) []byte {
	return append(t.AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}

func appendAny[T any](b []byte, v T) []byte { return append(b, encoded(v)...) }

func appendString(b []byte, s string) []byte {
	from := len(b) + 1
	b = append(append(append(b, '"'), s...), '"')
	if jsonscan.IsPlain(b[from : len(b)-1]) {
		return b
	}
	return appendAny(b[:from-1], s)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (m *Media) UnmarshalJSON(b []byte) error {
	type fields Media
	doc := struct {
		*fields
		Events []telling `json:"events"`
	}{fields: (*fields)(m)}
	if err := json.Unmarshal(b, &doc); err != nil {
		return err
	}
	r := docReader{events: doc.Events}
	for _, v := range []*Version{
		&m.Name.Version, &m.Category.Version, &m.Type.Version, &m.MediaUrl.Version, &m.UploadedCover.Version,
		&m.Size.Version, &m.Duration.Version, &m.Width.Version, &m.Height.Version, &m.CreatedAt.Version, &m.ExpiresAt.Version,
		&m.StorageClass.Version, &m.SourceContext.Version, &m.SessionContext.Version, &m.Ban.Version, &m.Md5.Version, &m.Sha1.Version,
		&m.DerivedFrom.Version, &m.Wechat.Version, &m.MiniProgram.Version, &m.Deleted, &m.Exists.Version, &m.Last,
	} {
		r.version(v)
	}
	for i := range m.Procedures {
		r.version(&m.Procedures[i].Told)
	}
	for i := range m.Results {
		one := &m.Results[i]
		task := r.told(&one.Event, &one.At)
		one.Task = task
	}
	for i := range m.Reviews {
		r.told(&m.Reviews[i].Event, &m.Reviews[i].At)
	}
	for i := range m.DeletedParts {
		r.version(&m.DeletedParts[i].Version)
	}
	for i := range m.Listed {
		r.version(&m.Listed[i].Version)
	}
	return r.err
}

// docReader replaces each index in the list by its event.
type docReader struct {
	events []telling
	err    error
}

func (r *docReader) version(v *Version) {
	if v.Event == "" {
		return // nothing was told
	}
	r.told(&v.Event, &v.At)
	if v.Rank == 0 {
		v.Rank = rankOwn
	}
}

// told returns the task of the event's results.
func (r *docReader) told(event *string, at *time.Time) (task string) {
	i, err := strconv.Atoi(*event)
	if err != nil || i < 0 || i >= len(r.events) {
		r.err = fmt.Errorf("media: doc names the event %q, and lists %d", *event, len(r.events))
		return ""
	}
	t := r.events[i]
	if *event = t.Id; at.IsZero() {
		*at = t.At
	}
	return t.Task
}
