package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"vodevents/shared/deliver/parklog"
	"vodevents/shared/event"
)

// maxParts bounds a number that is read from a log.
const maxParts = 1 << 16

// part reads a part of a parked event out of a record of the log.
func (m members) part() (*parklog.Part, error) {
	p := &parklog.Part{ID: m.text("id"), Parking: m.text("parking"), Text: m.text("text"), SHA256: m.text("sha256")}
	var errPart, errOf error
	p.Part, errPart = strconv.Atoi(m.text("part"))
	p.Of, errOf = strconv.Atoi(m.text("of"))
	switch {
	case errPart != nil, errOf != nil, p.ID == "", p.Parking == "", p.Part < 1, p.Part > p.Of, p.Of > maxParts, m["text"] == nil:
		return nil, errors.New("the line has a part of an event, but its attributes id, parking, part, of and text cannot be read")
	case p.Part == p.Of && p.SHA256 == "":
		return nil, errors.New("the line has the last part of an event, but its SHA-256 is missing")
	}
	return p, nil
}

// parkings puts events together that were parked in parts (package parklog). The
// parts of several events may come in any order, and more than once.
type parkings struct {
	byName map[string]*parking
	order  []string
}

// parking is what is known of an event that was parked in parts.
type parking struct {
	id, sha256 string
	place      string   // of the part that came first
	texts      []string // by number
	came       []bool
	left       int
	closed     bool // it is whole, or refused
}

// add takes a part. With the last one it returns the event, and the place of its
// first part.
func (all *parkings) add(place string, p *parklog.Part) (*event.Event, string, error) {
	k := all.byName[p.Parking]
	if k == nil {
		k = &parking{id: p.ID, place: place, texts: make([]string, p.Of), came: make([]bool, p.Of), left: p.Of}
		if all.byName == nil {
			all.byName = map[string]*parking{}
		}
		all.byName[p.Parking] = k
		all.order = append(all.order, p.Parking)
	}
	if k.closed {
		return nil, "", nil // the log was given twice
	}
	n := p.Part - 1
	if p.ID != k.id || p.Of != len(k.texts) || k.came[n] && k.texts[n] != p.Text {
		k.close()
		return nil, place, fmt.Errorf("event %s: two parts of the parking %s contradict each other (the other is at %s)", k.id, p.Parking, k.place)
	}
	if k.came[n] {
		return nil, "", nil
	}
	k.texts[n], k.came[n] = p.Text, true
	k.left--
	if p.Part == p.Of {
		k.sha256 = p.SHA256
	}
	if k.left > 0 {
		return nil, "", nil
	}
	text := strings.Join(k.texts, "")
	k.close()
	if sum := sha256.Sum256([]byte(text)); !strings.EqualFold(hex.EncodeToString(sum[:]), k.sha256) {
		return nil, k.place, fmt.Errorf("event %s: its %d parts were put together, but their SHA-256 is not the one in the last part", k.id, p.Of)
	}
	e, err := event.ParseCloudEvent([]byte(text))
	if err != nil {
		return nil, k.place, fmt.Errorf("event %s: its %d parts were put together: %w", k.id, p.Of, err)
	}
	return e, k.place, nil
}

// close frees the texts.
func (k *parking) close() { k.closed, k.texts, k.came = true, nil, nil }

// incomplete returns the events of which parts are missing, with the place of the
// first part that came.
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
			err := fmt.Errorf("event %s: %d of its %d parts in the log are missing: %s", k.id, k.left, len(k.came), strings.Join(missing, ", "))
			if !yield(k.place, err) {
				return
			}
		}
	}
}
