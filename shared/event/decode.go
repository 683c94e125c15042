package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Kind is one kind of event that VOD documents; [Kinds] lists them.
type Kind struct {
	Type  string     // the EventType
	Field string     // the member that holds the payload; not always Type + "Event"
	Also  string     // another name of that member, if receivers have met one
	New   func() any // returns a pointer to an empty payload, such as *FileUploadTask
}

// Unknown is the payload of an event that has no type of its own here.
type Unknown struct {
	Type    string          // the EventType
	Payload json.RawMessage // as in Event; nil when there is no payload
}

// Decode returns the payload as a pointer to its type, such as
// *[ProcedureTask], or as [Unknown]: VOD adds kinds of events all the time, so an
// unknown kind is not an error. Objects that VOD left out are nil.
//
// Decode also returns Unknown for an event of a known kind whose payload cannot be
// of that kind: it came in the 2.0 format, whose members have other names; it is in
// the member of another kind; or it is not an object. A payload in a member that no
// kind has is read, because the name may be misspelled.
//
// VOD sends some members with another type than it documents. Decode takes those
// with the same meaning: a number for a string, digits in quotes for a number, a
// list of one for a single value, a single value for a list.
//
// If a member has another meaning, such as "half" for a number, Decode returns the
// payload with all other members, and an error that wraps a
// [json.UnmarshalTypeError]. The event itself loses nothing, because its Payload
// has every byte. So do not park the event for it. Use the members that are there,
// or read Payload, or return the error as it is, so that the event is tried again
// after your next release.
func (e *Event) Decode() (any, error) {
	k := e.kind()
	if k == nil {
		return Unknown{e.Type, e.Payload}, nil
	}
	payload := k.New()
	err := json.Unmarshal(e.Payload, payload)
	if _, odd := errors.AsType[*json.UnmarshalTypeError](err); odd {
		payload = k.New()
		err = json.Unmarshal(respell(e.Payload, reflect.TypeOf(payload)), payload)
	}
	if err != nil {
		return payload, fmt.Errorf("event: payload of %s read in part, what is missing is still in Event.Payload: %w", e.Type, err)
	}
	return payload, nil
}

// kind returns the kind as which the payload can be decoded, or nil.
func (e *Event) kind() *Kind {
	object := bytes.HasPrefix(bytes.TrimLeft(e.Payload, " \t\r\n"), []byte("{"))
	if !object || e.Field == "data" {
		return nil
	}
	for _, k := range Kinds {
		// Tencent's own samples drop the last word now and then.
		named := e.Field == k.Field || e.Field == k.Also || e.Field == strings.TrimSuffix(k.Field, "Event")
		if named && k.Type != e.Type {
			return nil
		}
	}
	return kindOf(e.Type)
}
