package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/media/mediatest"
	"vodevents/shared/vodfake"
)

// mark is the mark of an event that says what goes wrong with it.
type mark string

const (
	nothing mark = ""
	fails   mark = "fails"   // the handler returns an error, once
	panics  mark = "panics"  // the handler panics, once
	hangs   mark = "hangs"   // the handler returns when its context ends, once
	sticks  mark = "sticks"  // the handler does not return, once
	never   mark = "never"   // the handler says that it can never be delivered
	always  mark = "always"  // the handler fails each time
	refused mark = "refused" // the receiver answers 422
	garbage mark = "garbage" // it is no event
)

// parks tells whether an event can only be parked.
func (m mark) parks() bool { return m == never || m == always || m == refused || m == garbage }

// planned is one event that is sent.
type planned struct {
	n      int // counts from 1
	body   []byte
	kind   string // EventType
	pushed bool
	do     mark
	family int // the family of three media that it is about; -1: none
}

// plan says what is sent. All of it follows from the seed and the number of events.
type plan struct {
	seed     uint64
	events   int
	rounds   int
	kinds    []string // what vodfake makes
	families [][]string
}

const (
	livesOf10    = 3  // of ten events are about a family
	familyEvents = 12 // about a family
)

// week is when the simulated week begins, a Monday.
var week = time.Date(2026, time.November, 2, 0, 0, 0, 0, time.UTC)

func newPlan(seed uint64, events int) *plan {
	p := &plan{seed: seed, events: events, rounds: 7 * min(4, max(1, events/10_000))}
	for _, k := range event.Kinds {
		p.kinds = append(p.kinds, k.Type)
	}
	for _, m := range vodfake.Makings {
		p.kinds = append(p.kinds, m.Kind)
	}
	for f := range max(1, events*livesOf10/10/familyEvents) {
		p.families = append(p.families, mediatest.Bodies(rand.New(rand.NewPCG(seed, uint64(f))), familyOf(f), familyEvents+1))
	}
	return p
}

// familyOf are the FileIds of a family.
func familyOf(f int) (ids [3]string) {
	for i := range ids {
		ids[i] = fmt.Sprintf("5285899%012d", 3*f+i)
	}
	return ids
}

// round is the first event of a round and the first of the next.
func (p *plan) round(r int) (from, to int) {
	return r*p.events/p.rounds + 1, (r+1)*p.events/p.rounds + 1
}

// at is when a round begins.
func (p *plan) at(round int) time.Time {
	return week.Add(time.Duration(round) * 7 * 24 * time.Hour / time.Duration(p.rounds))
}

// event makes the n-th event.
func (p *plan) event(n int) planned {
	r := rand.New(rand.NewPCG(p.seed, 1<<32+uint64(n)))
	e := planned{n: n, family: -1, pushed: r.IntN(2) == 0}
	large := n%largeEvery == firstLarge
	if large {
		e.pushed = n/largeEvery%2 == 0
	}
	var body []byte
	switch chance := r.IntN(1000); {
	case n%10 < livesOf10:
		i := n/10*livesOf10 + n%10
		e.family = i % len(p.families)
		body = []byte(p.families[e.family][i/len(p.families)%(familyEvents+1)])
	case chance < 10: // a kind that nobody knows yet
		body = fmt.Appendf(nil, `{"EventType":"Later%dComplete","LaterEvent":{"TaskId":"later-%d"}}`, n%7, n)
	case chance < 20: // the 2.0 format
		body = fmt.Appendf(nil, `{"version":"4.0","eventType":"NewFileUpload","data":{"fileId":"%d","message":"old"}}`, n)
	default:
		all, err := vodfake.MakeAll(r.Uint64(), week.Add(time.Duration(r.IntN(7*24))*time.Hour), p.kinds[n%len(p.kinds)], nil)
		if err != nil {
			panic(err) // the kinds are vodfake's own
		}
		body = all[r.IntN(len(all))]
	}
	if e.do = p.mark(&e, body, r); e.do == garbage {
		e.body = fmt.Appendf(nil, `{"Soak":{"n":%d},"text":"this is no event"}`, n)
		return e
	}
	e.kind = eventType(body)
	e.body = marked(body, e.n, e.do, padding(r, large))
	return e
}

// mark draws what goes wrong with an event. Marks that take long come only in a third
// of the rounds.
func (p *plan) mark(e *planned, body []byte, r *rand.Rand) mark {
	slow := (e.n-1)*p.rounds/p.events%3 == 1
	chance := r.IntN(1000)
	switch {
	case wanted(eventType(body)) && r.IntN(20) == 0:
		return refused
	case chance < 5:
		return fails
	case chance < 10:
		return panics
	case chance < 13:
		return never
	case chance < 15 && !e.pushed: // a callback would be tried to the end of its time
		return always
	case chance < 17 && !e.pushed:
		return garbage
	case chance < 19 && slow:
		return hangs
	case chance < 20 && slow:
		return sticks
	}
	return nothing
}

// receiverTypes are the EventTypes that the webhook wants.
const receiverTypes = "EditMediaComplete,ComposeMediaComplete,PersistenceComplete,ClipComplete"

func wanted(eventType string) bool {
	for t := range strings.SplitSeq(receiverTypes, ",") {
		if t == eventType {
			return true
		}
	}
	return false
}

// One event in largeEvery has 1 to 2 MB; these are callbacks and queued events in
// turn. VOD names no limit. The largest event seen in the field had 10 kB, and a
// function takes 6 MB.
const (
	largeEvery = 1000
	firstLarge = 105 // of no family
)

// padding makes events of many sizes: most grow by less than 1 kB, a few by up to one
// megabyte, and the large ones by up to two.
func padding(r *rand.Rand, large bool) string {
	var n int
	switch chance := r.IntN(2000); {
	case large:
		n = 1_000_000 + r.IntN(1_000_000)
	case chance < 2:
		n = 200_000 + r.IntN(800_000)
	case chance < 20:
		n = 10_000 + r.IntN(90_000)
	case chance < 200:
		n = 1000 + r.IntN(9000)
	default:
		n = r.IntN(200)
	}
	const text = "every size, 各种大小, \\u00e9 "
	return strings.Repeat(text, n/len(text))
}

// marked puts the mark in front of the payload's members. A receiver that keeps
// unknown members keeps it.
func marked(body []byte, n int, do mark, pad string) []byte {
	before, after, ok := bytes.Cut(body, []byte(`:{`))
	if !ok {
		panic(fmt.Sprintf("an event without a payload: %s", body))
	}
	b := fmt.Appendf(nil, `%s:{"Soak":{"n":%d`, before, n)
	if do != nothing {
		b = fmt.Appendf(b, `,"do":%q`, do)
	}
	if pad != "" {
		b = fmt.Appendf(b, `,"pad":"%s"`, pad)
	}
	b = append(b, '}')
	if len(after) > 0 && after[0] != '}' {
		b = append(b, ',')
	}
	return append(b, after...)
}

var markPattern = regexp.MustCompile(`"Soak": ?\{"n": ?(\d+)`)

// numberOf reads the number in the mark of an event, as it was sent or as a database
// spells it; 0: it has none.
func numberOf(text []byte) int {
	m := markPattern.FindSubmatch(text)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(m[1])) // digits
	return n
}

func eventType(body []byte) string {
	e, _ := event.Parse(body, event.Origin{}) // never nil
	return e.Type
}
