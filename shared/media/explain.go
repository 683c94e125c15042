package media

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"vodevents/shared/event"
)

// Explained is one register of a media, with the value from each event.
type Explained struct {
	// Name is that of a column, such as name or media_url, or of a result's, such
	// as "Transcode 100030 status".
	Name string `json:"name"`

	// Values begins with the current value. Those that it beat follow.
	Values []Told `json:"values"`

	// Hidden: a deletion covers the current value, so no row shows it.
	Hidden bool `json:"hidden,omitempty"`
}

// Told is a value and the event that it is from, Version.Event.
type Told struct {
	Text string `json:"text"`
	Version
}

// Explain says for each register of a media which event set it and which values it
// beat. all is what [Of] read from each event, in any order. The registers are in the
// order of the columns.
func Explain(told []Media) []Explained {
	x := explainer{told: told}
	for _, t := range told {
		x.all = Merge(x.all, t)
	}
	gone, _ := x.all.gone()
	x.deletions()
	for _, s := range scalars {
		var values []Told
		for i := range told {
			values = append(values, s.of(&told[i]))
		}
		hidden := s.hidden != nil && (gone || s.hidden(&x.all))
		x.add(s.name, hidden, values, func(a, b Told) int { return a.Compare(b.Version) })
	}
	x.procedures()
	x.reviews()
	for results := range groups(x.all.Results) {
		x.results(results)
	}
	return x.registers
}

type explainer struct {
	told      []Media
	all       Media // of all events
	registers []Explained
}

// add adds a register, unless no event set it. compare orders its values; the largest
// is the current one.
func (x *explainer) add(name string, hidden bool, values []Told, compare func(a, b Told) int) {
	values = slices.DeleteFunc(values, func(v Told) bool { return v.Version.IsZero() })
	slices.SortStableFunc(values, func(a, b Told) int { return compare(b, a) })
	if values = slices.Compact(values); len(values) > 0 {
		x.registers = append(x.registers, Explained{name, values, hidden})
	}
}

// scalar is a register that holds one value.
type scalar struct {
	name   string
	of     func(*Media) Told
	hidden func(*Media) bool // tells whether a deletion of a part covers it; nil: none can
}

var scalars = []scalar{
	{"name", func(m *Media) Told { return toldBy(m.Name) }, nil},
	{"category", func(m *Media) Told { return toldBy(m.Category) }, nil},
	{"type", func(m *Media) Told { return toldBy(m.Type) }, nil},
	{"media_url", func(m *Media) Told { return toldBy(m.MediaUrl) }, (*Media).lostOriginal},
	{"uploaded_cover", func(m *Media) Told { return toldBy(m.UploadedCover) }, (*Media).lostOriginal},
	{"size", func(m *Media) Told { return toldBy(m.Size) }, nil},
	{"duration", func(m *Media) Told { return toldBy(m.Duration) }, nil},
	{"width", func(m *Media) Told { return toldBy(m.Width) }, nil},
	{"height", func(m *Media) Told { return toldBy(m.Height) }, nil},
	{"created_at", func(m *Media) Told { return toldBy(m.CreatedAt) }, nil},
	{"expires_at", func(m *Media) Told { return toldBy(m.ExpiresAt) }, nil},
	{"storage_class", func(m *Media) Told { return toldBy(m.StorageClass) }, nil},
	{"source_context", func(m *Media) Told { return toldBy(m.SourceContext) }, nil},
	{"session_context", func(m *Media) Told { return toldBy(m.SessionContext) }, nil},
	{"ban", func(m *Media) Told { return toldBy(m.Ban) }, nil},
	{"md5", func(m *Media) Told { return toldBy(m.Md5) }, nil},
	{"sha1", func(m *Media) Told { return toldBy(m.Sha1) }, nil},
	{"derived_from", func(m *Media) Told { return toldBy(m.DerivedFrom) }, nil},
	{"wechat", func(m *Media) Told { return toldBy(m.Wechat) }, func(m *Media) bool { return m.Wechat.IsZero() }},
	{"mini_program", func(m *Media) Told { return toldBy(m.MiniProgram) }, func(m *Media) bool { return m.MiniProgram.IsZero() }},
	{"exists", func(m *Media) Told { return toldBy(m.Exists) }, nil},
}

func toldBy[T any](r Register[T]) Told { return Told{textOf(r.Value), r.Version} }

func textOf(value any) string {
	switch v := value.(type) {
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []string:
		return strings.Join(v, ", ")
	case Wechat:
		return strings.TrimSpace(v.Status + " " + v.Url)
	default:
		return fmt.Sprint(v)
	}
}

// deletions explains what was deleted: the whole, and each part.
func (x *explainer) deletions() {
	var whole []Told
	parts := map[string][]Told{}
	for i := range x.told {
		whole = append(whole, Told{"the whole media", x.told[i].Deleted})
		for _, d := range x.told[i].DeletedParts {
			name := "deleted " + string(d.Type)
			if d.Definition != 0 {
				name += " " + strconv.FormatInt(d.Definition, 10)
			}
			parts[name] = append(parts[name], Told{string(d.Type), d.Version})
		}
	}
	byVersion := func(a, b Told) int { return a.Compare(b.Version) }
	x.add("deleted", false, whole, byVersion)
	names := make([]string, 0, len(parts))
	for name := range parts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		x.add(name, false, parts[name], byVersion)
	}
}

// procedures explains which run the row shows, and the status of each.
func (x *explainer) procedures() {
	runs := slices.Clone(x.all.Procedures)
	slices.SortFunc(runs, func(a, b Procedure) int { return b.compareShown(a) })
	var tasks []Told
	for _, p := range runs {
		tasks = append(tasks, Told{p.Task, p.Told})
	}
	asSorted := func(Told, Told) int { return 0 }
	x.add("procedure_task_id", false, tasks, asSorted)
	for _, p := range runs {
		var values []Told
		for i := range x.told {
			for _, q := range x.told[i].Procedures {
				if q.Task == p.Task {
					values = append(values, Told{q.Status, q.Told})
				}
			}
		}
		x.add("procedure_status of "+p.Task, false, values, func(a, b Told) int {
			return Procedure{Status: a.Text, Told: a.Version}.compareStatus(Procedure{Status: b.Text, Told: b.Version})
		})
	}
}

func (x *explainer) reviews() {
	all := slices.Clone(x.all.Reviews)
	slices.SortFunc(all, func(a, b Review) int {
		return cmp.Or(x.all.worstOf(&b).Version().Compare(x.all.worstOf(&a).Version()), cmp.Compare(worst(b.Suggestion), worst(a.Suggestion)))
	})
	var values []Told
	for _, r := range all {
		values = append(values, Told{strings.TrimSpace(string(r.Suggestion) + " " + r.Label), r.Version()})
	}
	x.add("review", false, values, func(Told, Told) int { return 0 })
}

// results explains the status and the URL of one Kind and Definition, which are
// registers of their own.
func (x *explainer) results(group []Result) {
	name := fmt.Sprintf("%s %d ", group[0].Kind, group[0].Definition)
	status := slices.Clone(group)
	slices.SortFunc(status, func(a, b Result) int {
		switch {
		case beats(&a, &b):
			return -1
		case beats(&b, &a):
			return 1
		default:
			return 0
		}
	})
	var ended, made []Told
	for i := range status {
		r := &status[i]
		text := string(r.Status)
		if r.Error != "" {
			text += ": " + r.Error
		}
		ended = append(ended, Told{text, r.Version()})
	}
	var hidden bool
	var newest Version
	for i := range group {
		if r := &group[i]; r.Status == event.SubTaskSuccess && r.Url != "" {
			made = append(made, Told{r.Url, r.Version()})
			if newest.Compare(r.Version()) < 0 {
				newest, hidden = r.Version(), x.all.hides(r)
			}
		}
	}
	x.add(name+"status", false, ended, func(Told, Told) int { return 0 })
	x.add(name+"url", hidden, made, func(a, b Told) int { return a.Compare(b.Version) })
}
