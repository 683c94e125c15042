package vodfake

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
)

// Every entry of the tables names a field that exists, and fits it. So an entry
// that a new description has made useless is found.
func TestTablesNameFields(t *testing.T) {
	types := map[string]reflect.Type{}
	for _, k := range event.Kinds {
		collect(reflect.TypeOf(k.New()), types)
	}
	byName := map[string][]reflect.Type{} // a field's name, or the Go type of its values
	for _, typ := range types {
		for i := range typ.NumField() {
			f := typ.Field(i)
			byName[f.Name] = append(byName[f.Name], f.Type)
			byName[f.Type.Name()] = append(byName[f.Type.Name()], f.Type)
		}
	}
	m := maker{rand: rand.New(rand.NewPCG(1, 1)), now: time.Unix(1_790_000_000, 0)}
	g := m.filler(event.Kinds[0], m.file("", ""), m.now)
	for key, value := range values {
		object, name, pair := strings.Cut(key, ".")
		if pair {
			field, ok := reflect.Type(nil), false
			if typ := types[object]; typ != nil {
				var f reflect.StructField
				f, ok = typ.FieldByName(name)
				field = f.Type
			}
			if !ok {
				t.Errorf("%s: no such field", key)
			} else if v := value(g); v != nil && !fits(reflect.TypeOf(v), field) {
				t.Errorf("%s is %v, and the field a %s", key, v, field)
			}
			continue
		}
		used := false
		for _, field := range byName[key] {
			used = used || fits(reflect.TypeOf(value(g)), field)
		}
		if !used {
			t.Errorf("%s: no field of this name can have the value", key)
		}
	}
	for object, all := range variants {
		for _, v := range all {
			if f, ok := types[object].FieldByName(v.member); !ok || f.Type.Kind() != reflect.Pointer {
				t.Errorf("%s has no object %s", object, v.member)
			}
		}
	}
}

func collect(t reflect.Type, into map[string]reflect.Type) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || into[t.Name()] != nil {
		return
	}
	into[t.Name()] = t
	for i := range t.NumField() {
		collect(t.Field(i).Type, into)
	}
}
