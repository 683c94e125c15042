package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"vodevents/shared/event"
)

// part is one of the records of the log in which an event was parked: the
// platform cuts a line at 8 KB.
type part struct {
	parking string // the same for all parts of one parking, and for no others
	id      string // of the event
	n, of   int    // from 1
	text    string
	sha256  string // of the whole text, in hex; the last part has it
}

// maxParts bounds a number that is read from a log: 64 MB of event.
const maxParts = 1 << 16

// part reads a part out of a record.
func (m members) part() (*part, error) {
	p := &part{parking: m.text("parking"), id: m.text("id"), text: m.text("text"), sha256: m.text("sha256")}
	var errN, errOf error
	p.n, errN = strconv.Atoi(m.text("part"))
	p.of, errOf = strconv.Atoi(m.text("of"))
	switch {
	case errors.Join(errN, errOf) != nil, p.parking == "", p.id == "", p.n < 1, p.n > p.of, p.of > maxParts, m["text"] == nil:
		return nil, errors.New("a part of an event stands in the line, but its attributes part, of, id, parking and text cannot be read")
	case p.n == p.of && p.sha256 == "":
		return nil, errors.New("the last part of an event stands in the line, but its SHA-256 is missing")
	}
	return p, nil
}

// parkings puts events together that were parked in parts. The parts of several
// may come in any order, and more than once.
type parkings struct {
	byName map[string]*parking
	order  []string
}

// parking is what is known of an event that was parked in parts.
type parking struct {
	part            // the first that came
	place  string   // of it
	texts  []string // by number
	came   []bool
	left   int
	closed bool // it is whole, or refused
}

// add takes a part. With the last one it returns the event, and where its first
// part stands.
func (all *parkings) add(place string, p *part) (*event.Event, string, error) {
	k := all.byName[p.parking]
	if k == nil {
		k = &parking{part: *p, place: place, texts: make([]string, p.of), came: make([]bool, p.of), left: p.of}
		if all.byName == nil {
			all.byName = map[string]*parking{}
		}
		all.byName[p.parking] = k
		all.order = append(all.order, p.parking)
	}
	if k.closed {
		return nil, "", nil // the log was given twice
	}
	if p.id != k.id || p.of != k.of || k.came[p.n-1] && k.texts[p.n-1] != p.text {
		k.close()
		return nil, place, fmt.Errorf("event %s: two parts of the parking %s contradict each other (the other is at %s)", k.id, k.parking, k.place)
	}
	if k.came[p.n-1] {
		return nil, "", nil
	}
	k.texts[p.n-1], k.came[p.n-1] = p.text, true
	k.left--
	if p.n == k.of {
		k.sha256 = p.sha256
	}
	if k.left > 0 {
		return nil, "", nil
	}
	text := strings.Join(k.texts, "")
	k.close()
	if sum := sha256.Sum256([]byte(text)); !strings.EqualFold(hex.EncodeToString(sum[:]), k.sha256) {
		return nil, k.place, fmt.Errorf("event %s: its %d parts were put together, but their SHA-256 is not the one in the last part", k.id, k.of)
	}
	e, err := event.ParseCloudEvent([]byte(text))
	if err != nil {
		return nil, k.place, fmt.Errorf("event %s: its %d parts were put together: %w", k.id, k.of, err)
	}
	return e, k.place, nil
}

// close gives the texts free.
func (k *parking) close() { k.closed, k.texts, k.came = true, nil, nil }

// incomplete are the events of which parts are missing, with where the first of
// those that came stands.
func (all *parkings) incomplete() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, name := range all.order {
			k := all.byName[name]
			if k.closed {
				continue
			}
			var missing []string
			for n, came := range k.came {
				if !came {
					missing = append(missing, strconv.Itoa(n+1))
				}
			}
			const most = 10
			if len(missing) > most {
				missing = append(missing[:most], fmt.Sprintf("%d more", len(missing)-most))
			}
			err := fmt.Errorf("event %s: %d of its %d parts in the log are missing: %s", k.id, k.left, k.of, strings.Join(missing, ", "))
			if !yield(k.place, err) {
				return
			}
		}
	}
}
