package event_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"vodevents/shared/event"
)

// What comes back from Decode and json.Marshal must be what VOD sent. Members
// that are null, zero or empty may go (omitempty), everything else must be
// there: prune drops the former on both sides, diff finds the rest.

func TestFixturesRoundTrip(t *testing.T) {
	for name, body := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			e := parse(t, body)
			if e.Type != name {
				t.Fatalf("the fixture is of type %s", e.Type)
			}
			if d := diff(e.Field, tree(t, e.Payload), tree(t, roundTrip(t, e))); d != nil {
				t.Errorf("lost or changed: %s", d)
			}
		})
	}
}

// TestRoundTripNotices proves that TestFixturesRoundTrip would fail for a
// member that the types lack, wherever it stands: it adds one to each object.
func TestRoundTripNotices(t *testing.T) {
	for name, body := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			e := parse(t, body)
			payload := tree(t, e.Payload)
			var objects int
			visit(e.Field, payload, func(path string, v any) {
				object, ok := v.(map[string]any)
				if !ok {
					return
				}
				objects++
				object["Novelty"] = "x"
				defer delete(object, "Novelty")

				e.Payload = encode(t, payload)
				got := diff(e.Field, payload, tree(t, roundTrip(t, e)))
				if want := []string{path + ".Novelty"}; !slices.Equal(got, want) {
					t.Errorf("noticed %s, want %s", got, want)
				}
			})
			if objects == 0 {
				t.Error("no object visited")
			}
		})
	}
}

// TestDecodeOddMember gives each value of each fixture another kind, one at a
// time: Decode must say so and return all others.
func TestDecodeOddMember(t *testing.T) {
	for name, body := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			e := parse(t, body)
			payload := tree(t, e.Payload)
			visit(e.Field, payload, func(path string, v any) {
				for _, p := range places(v) {
					if p.value == nil {
						continue // null fits every kind
					}
					p.set(nil)
					e.Payload = encode(t, payload)
					want := tree(t, roundTrip(t, e))

					var refused int
					for _, odd := range oddFor(p.value) {
						p.set(odd)
						e.Payload = encode(t, payload)
						got, err := e.Decode()
						p.set(p.value)
						if err == nil {
							continue
						}
						refused++
						var typeError *json.UnmarshalTypeError
						if !errors.As(err, &typeError) {
							t.Errorf("%s%s: error %v", path, p.name, err)
						}
						if d := diff(e.Field, want, tree(t, encode(t, got))); d != nil {
							t.Errorf("%s%s: lost or changed as well: %s", path, p.name, d)
						}
					}
					if refused == 0 {
						t.Errorf("%s%s: no odd value was noticed", path, p.name)
					}
				}
			})
		})
	}
}

// oddFor returns values one of which cannot be read as what stands there: an
// empty list does not tell of what it is one.
func oddFor(v any) []any {
	object := map[string]any{"odd": true}
	if list, ok := v.([]any); ok {
		if len(list) == 0 {
			return []any{"odd", object}
		}
		v = list[0]
	}
	if _, ok := v.(map[string]any); ok {
		return []any{"odd"}
	}
	return []any{object}
}

// TestGeneratedRoundTrip fills every field of every kind's payload, each with a
// value of its own, integers beyond 2^53.
func TestGeneratedRoundTrip(t *testing.T) {
	for _, k := range event.Kinds {
		t.Run(k.Type, func(t *testing.T) {
			t.Parallel()
			want := k.New()
			var n filler
			n.fill(reflect.ValueOf(want).Elem(), 0)
			payload := encode(t, want)

			e := parse(t, fmt.Appendf(nil, `{"EventType":%q,%q:%s}`, k.Type, k.Field, payload))
			got, err := e.Decode()
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Error("another value came back")
			}
			if d := diff(k.Field, tree(t, payload), tree(t, encode(t, got))); d != nil {
				t.Errorf("lost or changed: %s", d)
			}
		})
	}
}
