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
// *[ProcedureTask], or as [Unknown]: VOD adds kinds of events all the time, so
// one that is not known yet is no error. Objects that VOD left out are nil.
//
// Unknown is also what an event of a known kind gives when its payload cannot
// be of that kind: because it came in the 2.0 format, whose members have other
// names, because it stands in the member of another kind, or because it is no
// object. A member that no kind has is taken for a misspelling.
//
// VOD sends members in other kinds than it documents, and Decode takes those
// that say the same: a number for a string, digits in quotes for a number, a
// list of one for one value, one value for a list.
//
// What says something else, such as "half" for a number, makes Decode return an
// error that wraps a [json.UnmarshalTypeError] and, with it, the payload with
// all other members. The event itself loses nothing, for its Payload holds every
// byte. So an error is no reason to park the event: use the members that are
// there, or read Payload, or return the error as it is, to be tried again after
// your next release.
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

// kind returns the kind that the payload can be decoded as, or nil.
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
