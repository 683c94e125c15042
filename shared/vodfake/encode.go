package vodfake

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"vodevents/shared/event"
)

// encode writes an event as VOD does: its members in the order of the API's
// description, including zero values. Members that the description lacks are left
// out if they are empty.
func encode(eventType string, payload any) []byte {
	i := slices.IndexFunc(event.Kinds, func(k event.Kind) bool { return k.Type == eventType })
	b := fmt.Appendf(nil, `{"EventType":%q,%q:`, eventType, event.Kinds[i].Field)
	return append(appendValue(b, reflect.ValueOf(payload)), '}')
}

// encodePayload writes the payload of an event alone.
func encodePayload(payload any) []byte { return appendValue(nil, reflect.ValueOf(payload)) }

func appendValue(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return append(b, "null"...)
		}
		return appendValue(b, v.Elem())
	case reflect.Struct:
		b = append(b, '{')
		for i := range v.NumField() {
			f := v.Field(i)
			if k := f.Kind(); (k == reflect.Pointer || k == reflect.Slice) && f.IsNil() && !isNullOutput(v, i) {
				continue
			}
			if f.IsZero() && v.Type().Field(i).Tag.Get("observed") != "" {
				continue
			}
			if b[len(b)-1] != '{' {
				b = append(b, ',')
			}
			b = strconv.AppendQuote(b, v.Type().Field(i).Name) // letters and digits
			b = appendValue(append(b, ':'), f)
		}
		return append(b, '}')
	case reflect.Slice:
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, v.Index(i))
		}
		return append(b, ']')
	default:
		s, err := json.Marshal(v.Interface())
		if err != nil {
			panic(err) // a number that is none; overrides cannot hold one
		}
		return append(b, s...)
	}
}

// isNullOutput tells whether a nil field is the Output of a failed sub-task. VOD
// sends that one as null and leaves out other nil fields.
func isNullOutput(object reflect.Value, field int) bool {
	if object.Type().Field(field).Name != "Output" {
		return false
	}
	status := object.FieldByName("Status")
	return status.IsValid() && status.Kind() == reflect.String && status.String() == string(event.SubTaskFail)
}
