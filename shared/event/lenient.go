package event

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"vodevents/shared/internal/jsonscan"
)

// respell returns a payload's JSON in which each member has the type that t
// documents, if VOD sent another type with the same meaning:
//
//   - a number or true for a string, which gets that spelling: published
//     ComposeMediaComplete bodies have a number in Output.FileId
//   - a number in quotes, or one such as 23.0 for an integer; "" is absent
//   - a list of one where one value is documented, and one value where a list
//     is; [] where an object is documented is absent
//   - a member under a name that a field has in its tag "also"
//
// What it cannot respell stays as it is, and [json.Unmarshal] names it. Members
// that come twice stay twice. It reads the bytes once, whatever their depth.
func respell(payload []byte, t reflect.Type) []byte {
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	r := respeller{d, make([]byte, 0, len(payload)+16)}
	first, err := d.Token()
	if err == nil {
		err = r.value(first, t)
	}
	if err != nil {
		return payload
	}
	return r.out
}

type respeller struct {
	in  *json.Decoder
	out []byte
}

// value writes the value that begins with a token, for a field of type t; nil
// is any type.
func (r *respeller) value(first json.Token, t reflect.Type) error {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	list := t != nil && t.Kind() == reflect.Slice
	delim, _ := first.(json.Delim)
	switch {
	case delim == '[' && list:
		_, err := r.list(t.Elem())
		return err
	case delim == '[':
		return r.unwrap(t)
	case list && wraps(first, t.Elem()):
		r.out = append(r.out, '[')
		err := r.value(first, t.Elem())
		r.out = append(r.out, ']')
		return err
	case delim == '{':
		return r.object(t)
	}
	text, quoted := scalar(first, t)
	if quoted {
		r.out = appendString(r.out, "", text)
	} else {
		r.out = append(r.out, text...)
	}
	return nil
}

// wraps tells whether a value that is not a list can be the only element of a list.
func wraps(first json.Token, element reflect.Type) bool {
	switch kind := element.Kind(); {
	case first == nil:
		return false
	case first == json.Delim('{') || kind == reflect.Pointer:
		return first == json.Delim('{') && kind == reflect.Pointer
	case number(kind):
		text, quoted := scalar(first, element)
		return !quoted && isNumber(text)
	}
	return true
}

// unwrap writes a list in place of a documented value of type t: its element, if
// the list has just one, and null if it has none.
func (r *respeller) unwrap(t reflect.Type) error {
	from := len(r.out)
	element := t
	if t == nil || t.Kind() == reflect.Interface {
		element = nil
	}
	n, err := r.list(element)
	if err != nil || t == nil {
		return err
	}
	switch n {
	case 0:
		r.out = append(r.out[:from], "null"...)
	case 1:
		r.out = append(r.out[:from], r.out[from+1:len(r.out)-1]...)
	}
	return nil
}

// list writes what follows a [ and returns the number of elements.
func (r *respeller) list(element reflect.Type) (n int, err error) {
	r.out = append(r.out, '[')
	for ; r.in.More(); n++ {
		if n > 0 {
			r.out = append(r.out, ',')
		}
		first, err := r.in.Token()
		if err != nil {
			return n, err
		}
		if err := r.value(first, element); err != nil {
			return n, err
		}
	}
	r.out = append(r.out, ']')
	_, err = r.in.Token()
	return n, err
}

// object writes what follows a {, for a struct of type t.
func (r *respeller) object(t reflect.Type) error {
	r.out = append(r.out, '{')
	for n := 0; r.in.More(); n++ {
		if n > 0 {
			r.out = append(r.out, ',')
		}
		key, err := r.in.Token()
		if err != nil {
			return err
		}
		first, err := r.in.Token()
		if err != nil {
			return err
		}
		name, of := field(t, key.(string), first)
		r.out = append(appendString(r.out, "", name), ':')
		if err := r.value(first, of); err != nil {
			return err
		}
	}
	r.out = append(r.out, '}')
	_, err := r.in.Token()
	return err
}

// field returns the field of struct t that a member is for, by its name as
// json.Unmarshal does or, for a list where the name's own field is none, by the
// tag "also". The type of an unknown member is nil.
func field(t reflect.Type, member string, first json.Token) (name string, of reflect.Type) {
	if t == nil || t.Kind() != reflect.Struct {
		return member, nil
	}
	for i := range t.NumField() {
		f := t.Field(i)
		switch {
		case member != "" && f.Tag.Get("also") == member && first == json.Delim('['):
			return f.Name, f.Type
		case of == nil && strings.EqualFold(f.Name, member):
			of = f.Type
		}
	}
	return member, of
}

// scalar returns a scalar in the spelling of a field of type t, and whether it is a
// string.
func scalar(v json.Token, t reflect.Type) (text string, quoted bool) {
	switch v := v.(type) {
	case nil:
		return "null", false
	case bool:
		text = strconv.FormatBool(v)
	case json.Number:
		text = v.String()
	case string:
		text, quoted = v, true
	}
	if t == nil {
		return text, quoted
	}
	switch kind := t.Kind(); {
	case kind == reflect.String:
		return text, true
	case quoted && text == "" && (number(kind) || kind == reflect.Bool):
		return "null", false
	case number(kind) && isNumber(text):
		return numeral(text, kind), false
	case kind == reflect.Bool && (text == "true" || text == "1"):
		return "true", false
	case kind == reflect.Bool && (text == "false" || text == "0"):
		return "false", false
	}
	return text, quoted
}

func number(k reflect.Kind) bool {
	return k == reflect.Int64 || k == reflect.Uint64 || k == reflect.Float64
}

// isNumber tells whether a text is a number as JSON spells it.
func isNumber(s string) bool {
	return s != "" && (s[0] == '-' || '0' <= s[0] && s[0] <= '9') && json.Valid([]byte(s))
}

// numeral spells 23.0 and 2e3 as integers.
func numeral(s string, k reflect.Kind) string {
	if k == reflect.Float64 || !strings.ContainsAny(s, ".eE") {
		return s
	}
	if integer, ok := jsonscan.Whole(s); ok {
		return integer
	}
	return s
}
