package event

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// ErrNotEvent tells that the bytes are no notification of VOD: no JSON object,
// or one with neither an EventType nor exactly one known payload.
var ErrNotEvent = errors.New("event: not an event")

// Parse reads a callback's body (266/33948), an element of the EventSet of
// PullEvents (266/33433), or a body of the 2.0 format (266/33796), in one pass.
// The payload stays as it came.
//
// An EventType that nobody knows is an event like any other. A body without
// EventType but with exactly one known payload has the type of that payload.
//
// The Event is never nil. Where err wraps [ErrNotEvent] it has the type
// [TypeUnparsed], whatever could be read of handle, Sign and T, and all of raw
// as its data: a pulled element must be kept and confirmed even so.
//
// The Event shares memory with raw, which must not change any more.
func Parse(raw []byte, o Origin) (*Event, error) {
	e := &Event{Origin: o, StableID: true, raw: raw}
	var found [8]member
	s := scanner{b: raw, members: found[:0]}
	valid := s.scan()

	var envelope envelope
	s.members = envelope.take(s.members, raw)
	if envelope.legacy() && s.nulls {
		if whole := (scanner{b: raw, keepNulls: true}); whole.scan() {
			s.members = envelope.take(whole.members, raw)
		}
	}
	e.Handle = text(envelope.handle.of(raw))
	if sign, t := text(envelope.sign.of(raw)), text(envelope.t.of(raw)); sign != "" && t != "" {
		e.Sign, e.T = sign, t
	}

	if !valid {
		e.Type = TypeUnparsed
		e.raw = brokenData(raw)
		e.identify(nil, true)
		return e, fmt.Errorf("%w: no valid JSON, or over %d members, or over %d levels of it", ErrNotEvent, maxMembers, maxDepth)
	}
	if first := firstByte(raw); first != '{' {
		e.Type = TypeUnparsed
		e.identify(nil, true)
		return e, fmt.Errorf("%w: JSON that starts with %q is no object", ErrNotEvent, first)
	}
	e.keep = append(make([]member, 0, len(s.members)), s.members...)

	var payload *member
	switch {
	case envelope.eventType != "":
		e.Type = envelope.eventType
		payload = findPayload(e.keep, raw, e.Type)
	case envelope.legacy():
		e.Type = envelope.legacyType
		payload = findMember(e.keep, raw, "data")
	default:
		if e.Type, payload = guessType(e.keep, raw); payload == nil {
			e.Type = TypeUnparsed
			e.identify(nil, true)
			return e, fmt.Errorf("%w: no EventType", ErrNotEvent)
		}
	}
	if payload == nil || payload.kind(raw) != '{' {
		e.identify(nil, true)
		return e, nil
	}
	e.Field = text(payload.key.of(raw))
	e.Payload = payload.value.of(raw)
	e.Subject = payload.first(raw)
	e.identify(e.Payload, payload.space)
	return e, nil
}

// envelope are the members beside the payload.
type envelope struct {
	handle, sign, t       span
	eventType, legacyType string
	data                  bool
}

// take notes the envelope's members and removes those that are not the event's
// own: EventHandle, Sign and T differ from one delivery to the next.
func (v *envelope) take(members []member, b []byte) []member {
	kept := members[:0]
	for _, m := range members {
		switch key := m.key.of(b); {
		case isName(key, "EventHandle"):
			v.handle = m.value
			continue
		case isName(key, "Sign"):
			v.sign = m.value
			continue
		case isName(key, "T"):
			v.t = m.value
			continue
		case isName(key, "EventType") && m.kind(b) == '"':
			v.eventType = text(m.value.of(b))
		case isName(key, "eventType") && m.kind(b) == '"':
			v.legacyType = text(m.value.of(b))
		case isName(key, "data"):
			v.data = m.kind(b) != 'n'
		}
		kept = append(kept, m)
	}
	return kept
}

// legacy tells whether it is the 2.0 format: version, eventType, data.
func (v *envelope) legacy() bool {
	return v.eventType == "" && v.legacyType != "" && v.data
}

// findPayload returns the payload of a typed event: the type's own member,
// else the one member that is an object. New types and misspelt members are
// found so.
func findPayload(members []member, b []byte, eventType string) *member {
	if k := kindOf(eventType); k != nil {
		if m := k.payload(members, b); m != nil {
			return m
		}
	}
	var only *member
	for i := range members {
		if members[i].kind(b) == '{' {
			if only != nil {
				return nil
			}
			only = &members[i]
		}
	}
	return only
}

// guessType returns the type whose payload is the only known one.
func guessType(members []member, b []byte) (eventType string, payload *member) {
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
func (k *Kind) payload(members []member, b []byte) *member {
	for _, name := range []string{k.Field, k.Also} {
		if m := findMember(members, b, name); name != "" && m != nil && m.kind(b) == '{' {
			return m
		}
	}
	return nil
}

func findMember(members []member, b []byte, name string) *member {
	for i := range members {
		if isName(members[i].key.of(b), name) {
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

// first is the event's subject: FileId, else TaskId, else the first of
// FileIdSet. Neither a null nor an empty string is one.
func (c *subjects) first(b []byte) string {
	if id := text(c.fileId.of(b)); id != "" {
		return id
	}
	if id := text(c.taskId.of(b)); id != "" {
		return id
	}
	set := c.fileIdSet.of(b)
	if len(set) == 0 || set[0] != '[' {
		return ""
	}
	s := scanner{b: set}
	from := s.blank(1)
	if to := s.value(from, 1); to >= 0 {
		return text(set[from:to])
	}
	return ""
}

// repeats are the types whose payload can be the same twice and mean two
// things: a status that comes back, a restore asked for again.
func repeats(eventType string) bool {
	switch eventType {
	case "MediaCastStatusChanged", "RestoreMediaComplete", "PersistenceComplete", "ProcessImageAsyncCompleteEvent":
		return true
	}
	return false
}

// identify sets ID: SHA-256, cut to 16 bytes, of the type, a newline and the
// payload without white space, or all of data where there is no payload. Where
// equal bytes can mean two events the handle, or a signed callback's T, goes in
// too; without either the time of receipt does, and the ID is not stable.
func (e *Event) identify(payload []byte, space bool) {
	bare := payload == nil
	if bare {
		payload = e.AppendData(nil)
	}
	h := sha256.New()
	buf := make([]byte, 0, 128)
	h.Write(append(append(buf, e.Type...), '\n'))
	if space {
		payload = compact(make([]byte, 0, len(payload)), payload)
	}
	h.Write(payload)
	if bare || repeats(e.Type) {
		buf = append(buf[:0], '\n')
		switch {
		case e.Handle != "":
			buf = append(buf, e.Handle...)
		case e.Sign != "" && e.T != "":
			buf = append(buf, e.T...)
		default:
			e.StableID = false
			buf = strconv.AppendInt(buf, e.Received.UnixNano(), 10)
		}
		h.Write(buf)
	}
	e.ID = hex.EncodeToString(h.Sum(buf[:0])[:16])
}

// AppendData appends the CloudEvent's data: the event as VOD sent it, minus
// EventHandle, Sign, T and the members that are null. An element that is no
// valid JSON becomes a JSON string.
func (e *Event) AppendData(dst []byte) []byte {
	if e.keep == nil {
		return append(dst, e.raw...)
	}
	dst = append(dst, '{')
	for i, m := range e.keep {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, m.key.of(e.raw)...)
		dst = append(dst, ':')
		dst = append(dst, m.value.of(e.raw)...)
	}
	return append(dst, '}')
}

// brokenData makes a JSON string of what is no JSON, so that it can be kept.
func brokenData(raw []byte) []byte {
	quoted, err := json.Marshal(string(raw))
	if err != nil {
		panic(err) // a string always marshals
	}
	return quoted
}

func firstByte(valid []byte) byte {
	s := scanner{b: valid}
	return valid[s.blank(0)]
}
