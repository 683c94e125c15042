package reconcile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"vodevents/shared/event"
)

// Differs says that VOD's answer contradicts an event, and where.
type Differs struct{ What string }

func (d *Differs) Error() string { return "VOD says otherwise: " + d.What }

// Compare tells whether the payload of a task's event agrees with what VOD says about
// the task: nil, or a [*Differs]. They are the same object in VOD's documents, but the
// task may have moved on since, and the answer may have another order, more members
// and other nulls.
//
// It compares ids, states, error codes, suggestions of reviews, what the user attached
// to the task, and URLs without their query: what begins with http:// or https://, and
// whatever a member such as Url has. Whatever the event has of these must be in the
// answer at the same place; elements of a list may be in any order. The task's own
// TaskId may differ, because VOD knows aliases. A state that is not final may be a later
// one in the answer.
func Compare(payload, answer json.RawMessage) error {
	claim, err := decodeTree(payload)
	if err != nil {
		return &Differs{"the payload cannot be compared: " + err.Error()}
	}
	truth, err := decodeTree(answer)
	if err != nil {
		return fmt.Errorf("reconcile: VOD's answer: %w", err)
	}
	delete(claim.members, "taskid")
	if at := compare("", claim, truth, true); at != "" {
		return &Differs{at}
	}
	return nil
}

// tree is a JSON value. encoding/json matches the names of a struct's fields without
// regard to case, so names are kept as [fold] spells them.
type tree struct {
	members  map[string]*tree // of an object
	elements []*tree          // of a list
	text     string           // of a string or number; of others empty
}

var errTwice = errors.New("it has a member twice")

// decodeTree reads JSON. Two members of one name are an error: readers differ in which
// one they take, and VOD never sends two.
func decodeTree(b []byte) (*tree, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return readTree(d)
}

func readTree(d *json.Decoder) (*tree, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case string:
		return &tree{text: token}, nil
	case json.Number:
		return &tree{text: token.String()}, nil
	case json.Delim:
		t := &tree{}
		if token == '{' {
			t.members = map[string]*tree{}
		}
		for d.More() {
			name := ""
			if token == '{' {
				key, err := d.Token()
				if err != nil {
					return nil, err
				}
				name = fold(key.(string))
			}
			value, err := readTree(d)
			if err != nil {
				return nil, err
			}
			switch _, twice := t.members[name]; {
			case token == '[':
				t.elements = append(t.elements, value)
			case twice:
				return nil, errTwice
			default:
				t.members[name] = value
			}
		}
		_, err := d.Token() // the closing one
		return t, err
	}
	return &tree{}, nil // true, false, null
}

// fold returns a name in lower case, with all letters that encoding/json takes for one.
// To it the long s (ſ) is an s and the Kelvin sign a k, which strings.ToLower leaves: a
// second status, spelled so, would be the one that is decoded.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		for {
			next := unicode.SimpleFold(r)
			if next <= r {
				return unicode.ToLower(next)
			}
			r = next
		}
	}, name)
}

// compare returns where a claim differs from the truth, or the empty string. final
// tells whether the innermost state around the claim is final. While a task still runs,
// its values may change.
func compare(at string, claim, truth *tree, final bool) string {
	switch {
	case claim.members != nil:
		if s := claim.members["status"]; s != nil {
			final = rank(s.text) == ended
		}
		for _, name := range slices.Sorted(maps.Keys(claim.members)) {
			other := &tree{}
			if truth.members[name] != nil {
				other = truth.members[name]
			}
			if differs := compare(at+"/"+name, claim.members[name], other, final); differs != "" {
				return differs
			}
		}
		return missing(at, claim, truth, final)
	case claim.elements != nil:
		return compareLists(at, claim.elements, truth.elements, final)
	}
	return compareText(at, claim.text, truth.text, final)
}

// missing returns an error code or a review's suggestion that the claim leaves out. An
// omission must not pass for success.
func missing(at string, claim, truth *tree, final bool) string {
	for _, name := range []string{"errcode", "errcodeext", "suggestion"} {
		if t := truth.members[name]; t != nil && claim.members[name] == nil {
			if differs := compareText(at+"/"+name, "", t.text, final); differs != "" {
				return differs
			}
		}
	}
	return ""
}

// compareLists finds another element of the truth for each claim.
func compareLists(at string, claims, truths []*tree, final bool) string {
	used := make([]bool, len(truths))
next:
	for i, claim := range claims {
		where := fmt.Sprintf("%s[%d]", at, i)
		first := ""
		for j, truth := range truths {
			if used[j] {
				continue
			}
			differs := compare(where, claim, truth, final)
			if differs == "" {
				used[j] = true
				continue next
			}
			if first == "" || j == i {
				first = differs
			}
		}
		if first == "" { // nothing is left to compare with
			first = compare(where, claim, &tree{}, final)
		}
		if first != "" {
			return first
		}
	}
	return ""
}

// ended is the rank of a final state.
const ended = 3

// rank orders the states of tasks and sub-tasks. An unknown state counts as final.
func rank(status string) int {
	switch event.TaskStatus(status) {
	case event.TaskWaiting:
		return 1
	case event.TaskProcessing: // also that of a sub-task
		return 2
	}
	return ended
}

// compareText compares two scalars by the name of their member. An empty claim, 0
// included, claims nothing, except an error code of something that is final.
func compareText(at, claim, truth string, final bool) string {
	name := at[strings.LastIndexByte(at, '/')+1:]
	name, _, _ = strings.Cut(name, "[")
	differs := false
	switch {
	case name == "status":
		differs = claim != truth && claim != "" && (rank(claim) == ended || rank(truth) < rank(claim))
	case name == "errcode":
		differs = final && zeroless(claim) != zeroless(truth)
	case name == "errcodeext", name == "suggestion":
		differs = final && claim != truth
	case claim == "":
	case isURL(claim), isURL(truth), strings.Contains(name, "url"):
		// A browser takes " https://h" and "//h" for URLs, too.
		differs = withoutQuery(claim) != withoutQuery(truth)
	case name == "type", name == "definition",
		name == "sessionid", name == "sessioncontext", name == "sourcecontext",
		strings.HasSuffix(name, "fileid"), strings.HasSuffix(name, "taskid"):
		differs = zeroless(claim) != zeroless(truth)
	}
	if !differs {
		return ""
	}
	return fmt.Sprintf("%s is %q and not %q", strings.TrimPrefix(at, "/"), short(truth), short(claim))
}

// zeroless returns the text of a number, and 0 if it is missing.
func zeroless(s string) string {
	if s == "0" {
		return ""
	}
	return s
}

func isURL(s string) bool {
	scheme, _, ok := strings.Cut(s, "://")
	return ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// withoutQuery returns a URL without what changes between two answers: a signature, a
// time.
func withoutQuery(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return s
	}
	u.RawQuery, u.Fragment, u.ForceQuery = "", "", false
	return u.String()
}

func short(s string) string {
	if head := fmt.Sprintf("%.80s", s); head != s { // of characters
		return head + "…"
	}
	return s
}
