package vodfake

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"vodevents/shared/event"
)

// filler fills a payload field by field, from [values].
type filler struct {
	maker
	source *file // which the task was about
	made   *file // which it made
	task   string
	begin  time.Time
	result bool // inside a member that tells of the file that was made
}

func (m maker) filler(k event.Kind, source *file, begin time.Time) filler {
	return filler{maker: m, source: source, made: m.file("", ""), task: m.taskID(taskKind(k.Type)), begin: begin}
}

// taskKind returns the word in a TaskId: ReviewAudioVideo for
// ReviewAudioVideoComplete.
func taskKind(eventType string) string {
	return strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(eventType, "Event"), "Complete"), "Task")
}

// at returns the file that a field is about.
func (g filler) at() *file {
	if g.result {
		return g.made
	}
	return g.source
}

// maxDepth is how many levels of objects are filled.
const maxDepth = 5

// fill fills the fields of an object. If the object has a field for each Type, it
// fills one of those.
func (g filler) fill(object reflect.Value, depth int) {
	t := object.Type()
	chosen := g.choose(t.Name())
	for i := range t.NumField() {
		name := t.Field(i).Name
		in := g
		in.result = g.result || tellsOfMade(t, name)
		if !chosen.leaves(t.Name(), name) {
			in.set(object.Field(i), t.Name(), name, depth)
		}
	}
	if chosen.typ != "" {
		object.FieldByName("Type").SetString(chosen.typ)
	}
}

// choose picks one of an object's variants, if it has any.
func (g filler) choose(object string) variant {
	all := variants[object]
	if len(all) == 0 {
		return variant{}
	}
	return all[g.rand.IntN(len(all))]
}

// leaves tells whether a field belongs to another variant than the chosen one.
func (v variant) leaves(object, field string) bool {
	return v.member != field && slices.ContainsFunc(variants[object], func(other variant) bool { return other.member == field })
}

// tellsOfMade tells whether a field of an object is about the file that a task
// made. Otherwise it is about the file that the task worked on.
func tellsOfMade(object reflect.Type, field string) bool {
	switch field {
	case "Output":
		return true
	case "FileInfo", "FileInfoSet": // of 2017
		return object == reflect.TypeFor[event.ClipTask2017]() || object == reflect.TypeFor[event.ConcatTask2017]()
	case "MetaData":
		output, ok := object.FieldByName("Output")
		if !ok || output.Type.Kind() != reflect.Pointer {
			return false
		}
		_, ok = output.Type.Elem().FieldByName("FileId")
		return ok
	}
	return false
}

// set gives one field its value.
func (g filler) set(field reflect.Value, object, name string, depth int) {
	t := field.Type()
	if v, listed := g.value(t, object, name); listed {
		if v != nil {
			field.Set(reflect.ValueOf(v).Convert(t))
		}
		return
	}
	switch {
	case t.Kind() == reflect.Pointer && depth < maxDepth:
		field.Set(g.object(t, depth+1))
	case t.Kind() == reflect.Slice:
		field.Set(reflect.MakeSlice(t, 0, 1))
		if t.Elem().Kind() == reflect.Pointer && depth < maxDepth {
			field.Set(reflect.Append(field, g.object(t.Elem(), depth+1)))
		}
	}
}

// value looks a field up.
func (g filler) value(t reflect.Type, object, name string) (v any, listed bool) {
	if make, ok := values[object+"."+name]; ok {
		return make(g), true
	}
	if t.Kind() == reflect.String && t.Name() != "string" {
		if make, ok := values[t.Name()]; ok {
			return make(g), true
		}
	}
	make, ok := values[name]
	if !ok || t.Kind() == reflect.Pointer {
		return nil, false
	}
	if v = make(g); !fits(reflect.TypeOf(v), t) {
		return nil, false
	}
	return v, true
}

// fits tells whether a value that is listed for a name fits this field of the
// name. Not all fields of one name have the same type.
func fits(v, field reflect.Type) bool {
	text := func(t reflect.Type) bool { return t.Kind() == reflect.String }
	return v.ConvertibleTo(field) && text(v) == text(field)
}

// object makes an object. t is a pointer to its type.
func (g filler) object(t reflect.Type, depth int) reflect.Value {
	switch t {
	case reflect.TypeFor[*event.MediaMetaData]():
		return reflect.ValueOf(g.at().metaData())
	case reflect.TypeFor[*event.MediaBasicInfo]():
		return reflect.ValueOf(g.at().basicInfo())
	}
	p := reflect.New(t.Elem())
	g.fill(p.Elem(), depth)
	return p
}
