package vod

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"vodevents/shared/internal/jsonscan"
)

// Element is an element of an EventSet. The scan of the answer has checked it, so
// event.ParseScanned need not check its bytes again.
type Element = jsonscan.Text

// envelope holds the parts of an answer of the API:
//
//	{"Response": {"EventSet": […], "Error": {…}, "RequestId": "…", …}}
//
// They share memory with the body, but none can grow over its own end. A missing
// part is nil.
type envelope struct {
	response  json.RawMessage // the Response object as a whole
	eventSet  json.RawMessage // a list or null
	events    []Element       // the elements of eventSet
	failure   json.RawMessage // the Error object or null
	requestId json.RawMessage
}

// parse finds the parts of an answer in one pass over its bytes. It takes what
// encoding/json takes, so a body that was cut off, or that a proxy wrote, is an
// error. Of two members with the same name the last one counts, as in
// encoding/json.
//
// VOD has leased the events of an answer, so nobody else gets them for 30 s. That
// is why parse is lenient in two ways: an element of EventSet that is not JSON is
// not an error of the answer, and an error comes with the elements before it.
func parse(body []byte) (envelope, error) {
	s := jsonscan.New(body)
	var e envelope
	ok := s.Space() == '{' && s.Members(func(name []byte) bool {
		if string(jsonscan.Name(name)) != "Response" {
			return s.Value()
		}
		if e.broken() {
			return false
		}
		e = envelope{}
		if s.Peek() != '{' {
			return s.Value()
		}
		from := s.Pos()
		ok := s.Members(func(name []byte) bool { return e.member(s, name) })
		e.response = s.Since(from)
		return ok
	})
	whole := ok && s.End()
	switch {
	case e.response == nil:
		return e, fmt.Errorf("this is no answer of the VOD API: %s", excerpt(body))
	case !whole && s.Pos() >= len(body):
		return e, fmt.Errorf("the answer is cut off after %d bytes", len(body))
	case !whole:
		return e, fmt.Errorf("the answer is no JSON at byte %d of %d", s.Pos(), len(body))
	case e.eventSet != nil && e.eventSet[0] != '[' && e.eventSet[0] != 'n':
		return e, errors.New("EventSet is neither a list nor null")
	case e.failure != nil && e.failure[0] != '{' && e.failure[0] != 'n':
		return e, errors.New("Error is neither an object nor null")
	}
	return e, nil
}

// member walks over a member of the Response.
func (e *envelope) member(s *jsonscan.Scanner, name []byte) (ok bool) {
	from := s.Pos()
	switch string(jsonscan.Name(name)) {
	case "EventSet":
		if e.broken() {
			return false
		}
		if e.events = nil; s.Peek() == '[' {
			e.events = make([]Element, 0, MaxEvents)
			ok = s.Elements(func(t Element) { e.events = append(e.events, t) })
		} else {
			ok = s.Value()
		}
		e.eventSet = s.Since(from)
	case "Error":
		ok = s.Value()
		e.failure = s.Since(from)
	case "RequestId":
		ok = s.Value()
		e.requestId = s.Since(from)
	default:
		ok = s.Value()
	}
	return ok
}

// broken tells whether an element is not JSON. A second EventSet does not replace
// such a list, or nobody would see the element.
func (e *envelope) broken() bool {
	return slices.ContainsFunc(e.events, func(t Element) bool { return !t.Valid })
}

// excerptEnd follows what an excerpt cut.
const excerptEnd = `" and `

// excerpt shows the beginning of a body in a message.
func excerpt(body []byte) string {
	if head := fmt.Sprintf("%.200s", body); len(head) < len(body) { // of characters
		return strings.TrimSuffix(strconv.Quote(head), `"`) + excerptEnd + fmt.Sprintf("%d bytes more", len(body)-len(head))
	}
	return fmt.Sprintf("%q", body)
}
