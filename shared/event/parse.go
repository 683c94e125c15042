package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"vodevents/shared/internal/jsonscan"
)

// ErrNotEvent means that the bytes are not a notification of VOD: they are not a
// JSON object, or they have neither an EventType nor exactly one known payload.
var ErrNotEvent = errors.New("event: not an event")

// Parse reads a callback's body (266/33948), an element of the EventSet of
// PullEvents (266/33433), or a body of the 2.0 format (266/33796), in one pass.
// The payload stays as it came.
//
// An EventType that nobody knows is an event like any other. A body without
// EventType but with exactly one known payload has the type of that payload.
// Strings may have bytes that are not UTF-8: see [Event.RawData].
//
// The Event is never nil. If err wraps [ErrNotEvent], its type is [TypeUnparsed],
// its data is all of raw, and it has what could be read of handle, Sign and T:
// such a pulled element must still be kept and confirmed.
//
// The Event shares memory with raw, which must not change any more.
func Parse(raw []byte, o Origin) (*Event, error) {
	return ParseScanned(jsonscan.Scan(raw), o)
}

// ParseScanned is [Parse] for bytes that were scanned already: an element of
// PullEvents' answer, or the body of a callback.
func ParseScanned(t jsonscan.Text, o Origin) (*Event, error) {
	e := &Event{Origin: o, StableID: true, text: t}
	envelope := take(t.Members, t.Bytes)
	if envelope.legacy() && t.Nulls {
		envelope = take(t.WithNulls(), t.Bytes)
	}
	e.Handle = envelope.handle
	e.Sign, e.T = envelope.signature(o.Sign, o.T)
	if first := firstByte(t); first != '{' {
		return e.unparsed(fmt.Errorf("%w: it begins with %q and is no JSON object", ErrNotEvent, first))
	}
	if !t.Valid {
		return e.unparsed(fmt.Errorf("%w: no JSON, or over %d members, or over %d levels of it", ErrNotEvent, jsonscan.MaxMembers, jsonscan.MaxDepth))
	}
	e.keep = envelope.rest

	var payload *jsonscan.Member
	switch {
	case envelope.eventType != "":
		e.Type = envelope.eventType
		payload = findPayload(e.keep, t.Bytes, e.Type)
	case envelope.legacy():
		e.Type = envelope.legacyType
		payload = findMember(e.keep, "data")
	default:
		if e.Type, payload = guessType(e.keep, t.Bytes); payload == nil {
			return e.unparsed(fmt.Errorf("%w: no EventType", ErrNotEvent))
		}
	}
	if payload != nil && payload.Kind(t.Bytes) == '{' {
		e.Field = string(payload.Name)
		e.Payload = payload.Value.Of(t.Bytes)
		e.Subject = subject(payload.Ids, t.Bytes)
	} else {
		payload = nil
	}
	e.identify(payload)
	return e, nil
}

// unparsed makes e the event for bytes that are not an event.
func (e *Event) unparsed(err error) (*Event, error) {
	e.Type = TypeUnparsed
	e.identify(nil)
	return e, err
}

// envelope are the members beside the payload.
type envelope struct {
	handle, sign, t       string
	eventType, legacyType string
	data                  bool
	rest                  []jsonscan.Member // the event's own: see take
}

// take reads the envelope's members and puts the event's own into rest. EventHandle,
// Sign and T are not among them, since they differ between deliveries.
func take(members []jsonscan.Member, b []byte) envelope {
	v := envelope{rest: make([]jsonscan.Member, 0, len(members))}
	for _, m := range members {
		switch string(m.Name) {
		case "EventHandle":
			v.handle = text(m.Value.Of(b))
			continue
		case "Sign":
			v.sign = text(m.Value.Of(b))
			continue
		case "T":
			v.t = text(m.Value.Of(b))
			continue
		case "EventType":
			if m.Kind(b) == '"' {
				v.eventType = text(m.Value.Of(b))
			}
		case "eventType":
			if m.Kind(b) == '"' {
				v.legacyType = text(m.Value.Of(b))
			}
		case "data":
			v.data = m.Kind(b) != 'n'
		}
		v.rest = append(v.rest, m)
	}
	return v
}

func (v *envelope) signature(querySign, queryT string) (sign, t string) {
	if v.sign != "" && v.t != "" {
		return v.sign, v.t
	}
	return querySign, queryT
}

// legacy tells whether it is the 2.0 format: version, eventType, data.
func (v *envelope) legacy() bool {
	return v.eventType == "" && v.legacyType != "" && v.data
}

// findPayload returns the payload of a typed event: the type's own member,
// else the one member that is an object. New types and misspelled members are
// found so.
func findPayload(members []jsonscan.Member, b []byte, eventType string) *jsonscan.Member {
	if k := kindOf(eventType); k != nil {
		if m := k.payload(members, b); m != nil {
			return m
		}
	}
	var only *jsonscan.Member
	for i := range members {
		if members[i].Kind(b) == '{' {
			if only != nil {
				return nil
			}
			only = &members[i]
		}
	}
	return only
}

// guessType returns the type whose payload is the only known one.
func guessType(members []jsonscan.Member, b []byte) (eventType string, payload *jsonscan.Member) {
	for i := range Kinds {
		if m := Kinds[i].payload(members, b); m != nil {
			if payload != nil {
				return "", nil
			}
			eventType, payload = Kinds[i].Type, m
		}
	}
	return eventType, payload
}

// payload returns the member of the kind's own that is an object.
func (k *Kind) payload(members []jsonscan.Member, b []byte) *jsonscan.Member {
	for _, name := range []string{k.Field, k.Also} {
		if m := findMember(members, name); name != "" && m != nil && m.Kind(b) == '{' {
			return m
		}
	}
	return nil
}

func findMember(members []jsonscan.Member, name string) *jsonscan.Member {
	for i := range members {
		if string(members[i].Name) == name {
			return &members[i]
		}
	}
	return nil
}

func kindOf(eventType string) *Kind {
	for i := range Kinds {
		if Kinds[i].Type == eventType {
			return &Kinds[i]
		}
	}
	return nil
}

// subject returns FileId, else TaskId, else the first of FileIdSet. It skips null
// and empty strings.
func subject(ids jsonscan.Ids, b []byte) string {
	if id := text(ids.FileId.Of(b)); id != "" {
		return id
	}
	if id := text(ids.TaskId.Of(b)); id != "" {
		return id
	}
	s := jsonscan.New(ids.FileIdSet.Of(b))
	if !s.Take('[') {
		return ""
	}
	s.Space()
	if from := s.Pos(); s.Value() {
		return text(s.Since(from))
	}
	return ""
}

// text returns the text of a JSON string, the digits of a number as they are, and
// "" for everything else.
func text(value []byte) string {
	switch {
	case len(value) == 0:
		return ""
	case value[0] == '"':
		return jsonscan.String(value)
	case value[0] == '-' || value[0]-'0' <= 9:
		return string(value)
	}
	return ""
}

// AppendData appends the CloudEvent's data: the event as VOD sent it, minus
// EventHandle, Sign, T and the members that are null. It is valid JSON: bytes that
// were not UTF-8 become U+FFFD, and what was not JSON becomes a JSON string.
func (e *Event) AppendData(dst []byte) []byte {
	switch {
	case !e.text.Valid:
		quoted, err := json.Marshal(string(e.text.Bytes))
		if err != nil {
			panic(err) // a string always marshals
		}
		return append(dst, quoted...)
	case !e.text.UTF8:
		return append(dst, jsonscan.ToUTF8(e.appendExact(nil))...)
	}
	return e.appendExact(dst)
}

// HasPowers tells whether data may hold numbers with an exponent, such as 1e9.
func (e *Event) HasPowers() bool { return e.text.Powers }

// RawData returns the exact bytes of data if [Event.AppendData] cannot show them,
// and otherwise nil. A callback that is not an event always has them. If it was not
// JSON, they still include Sign, T and EventHandle.
func (e *Event) RawData() []byte {
	always := !e.text.Valid || e.Type == TypeUnparsed && e.Mode == Normal
	if e.text.UTF8 && !always {
		return nil
	}
	exact := e.appendExact(make([]byte, 0, len(e.text.Bytes)))
	// What is no UTF-8 may be in a member that data does not have: a handle, a
	// signature, a null, or one whose name comes again.
	if !always && utf8.Valid(exact) {
		return nil
	}
	return exact
}

func (e *Event) appendExact(dst []byte) []byte {
	if e.keep == nil {
		return append(dst, e.text.Bytes...)
	}
	dst = append(dst, '{')
	for i, m := range e.keep {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, m.Key.Of(e.text.Bytes)...)
		dst = append(dst, ':')
		dst = append(dst, m.Value.Of(e.text.Bytes)...)
	}
	return append(dst, '}')
}

// firstByte is the first byte of a text that is no white space; 0: it has none.
func firstByte(t jsonscan.Text) byte {
	s := jsonscan.New(t.Bytes)
	return s.Space()
}
