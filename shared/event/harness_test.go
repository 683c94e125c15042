package event_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
)

// fixtures returns the bodies in testdata by their file names: events with
// values of our own, as callbacks send them and as PullEvents returns them.
func fixtures(t *testing.T) map[string][]byte {
	t.Helper()
	want := []string{
		"AigcVideoTaskComplete", "ComposeMediaComplete", "EditMediaComplete", "FileDeleted",
		"NewFileUpload", "ProcedureStateChanged", "PullComplete", "RestoreMediaComplete",
		"ReviewAudioVideoComplete", "WechatMiniProgramPublishComplete",
	}
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	bodies := map[string][]byte{}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		bodies[strings.TrimSuffix(filepath.Base(file), ".json")] = body
	}
	if got := slices.Sorted(maps.Keys(bodies)); !slices.Equal(got, want) {
		t.Fatalf("fixtures %s, want %s", got, want)
	}
	return bodies
}

func parse(t *testing.T, body []byte) *event.Event {
	t.Helper()
	e, err := event.Parse(body, event.Origin{Mode: event.Normal, Received: time.Unix(1_790_000_000, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// roundTrip decodes e's payload to its type and encodes it again.
func roundTrip(t *testing.T, e *event.Event) []byte {
	t.Helper()
	payload, err := e.Decode()
	if err != nil {
		t.Fatal(err)
	}
	if u, ok := payload.(event.Unknown); ok {
		t.Fatalf("%s is unknown", u.Type)
	}
	return encode(t, payload)
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// tree decodes JSON without a loss: its numbers keep their digits.
func tree(t *testing.T, b []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// diff returns the paths at which two trees differ, both pruned.
func diff(path string, a, b any) []string {
	a, b = prune(a), prune(b)
	if a == nil {
		a, b = b, a
	}
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok || b == nil {
			names := map[string]bool{}
			for name := range x {
				names[name] = true
			}
			for name := range y {
				names[name] = true
			}
			var paths []string
			for _, name := range slices.Sorted(maps.Keys(names)) {
				paths = append(paths, diff(path+"."+name, x[name], y[name])...)
			}
			return paths
		}
	case []any:
		if y, ok := b.([]any); ok && len(x) == len(y) {
			var paths []string
			for i := range x {
				paths = append(paths, diff(fmt.Sprintf("%s[%d]", path, i), x[i], y[i])...)
			}
			return paths
		}
	case json.Number:
		if y, ok := b.(json.Number); ok && rat(x).Cmp(rat(y)) == 0 {
			return nil
		}
	default:
		if a == b {
			return nil
		}
	}
	return []string{path}
}

// prune returns nil for what is null, zero or empty, also for an object that
// holds nothing else. An element of a list keeps its place.
func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for _, member := range v {
			if prune(member) != nil {
				return v
			}
		}
		return nil
	case []any:
		if len(v) == 0 {
			return nil
		}
	case json.Number:
		if rat(v).Sign() == 0 {
			return nil
		}
	case string:
		if v == "" {
			return nil
		}
	case bool:
		if !v {
			return nil
		}
	}
	return v
}

func rat(n json.Number) *big.Rat {
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		panic("no number: " + n.String())
	}
	return r
}

// visit calls f for v and everything in it.
func visit(path string, v any, f func(path string, v any)) {
	f(path, v)
	for _, p := range places(v) {
		visit(path+p.name, p.value, f)
	}
}

// place is a member of an object or an element of a list.
type place struct {
	name  string // as it is added to a path
	value any
	set   func(any)
}

func places(v any) []place {
	var all []place
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			all = append(all, place{"." + name, value, func(to any) { v[name] = to }})
		}
	case []any:
		for i, value := range v {
			all = append(all, place{fmt.Sprintf("[%d]", i), value, func(to any) { v[i] = to }})
		}
	}
	return all
}

// filler counts the values that it has given out, so that no two are the same.
type filler int64

// fill sets everything in v. Objects deeper than any that VOD has stay nil, in
// case one comes that holds itself.
func (n *filler) fill(v reflect.Value, depth int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("<%d> & \"ü\"\n", *n))
	case reflect.Int64:
		v.SetInt(-1<<53 - int64(*n))
	case reflect.Uint64:
		v.SetUint(1<<63 + uint64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			n.fill(v.Index(i), depth)
		}
	case reflect.Pointer:
		if depth < 10 {
			v.Set(reflect.New(v.Type().Elem()))
			n.fill(v.Elem(), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			n.fill(v.Field(i), depth)
		}
	default:
		panic("no value for a " + v.Type().String())
	}
}
