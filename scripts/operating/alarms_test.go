package operating_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vodevents/shared/vodfake"
)

// alarm is one of scripts/cls/alarms.json.
type alarm struct {
	Name, Condition string
	AlarmTargets    []struct{ Query string }
}

func readAlarms(t *testing.T) (all []alarm) {
	t.Helper()
	text, err := os.ReadFile("../cls/alarms.json")
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// invocations are the lines "invocation" of a log.
func invocations(log string) (lines []map[string]any) {
	for text := range strings.Lines(log) {
		var line map[string]any
		if json.Unmarshal([]byte(text), &line) == nil && line["msg"] == "invocation" {
			lines = append(lines, line)
		}
	}
	return lines
}

// often is how many times each line of a trouble comes while it lasts.
const often = 20

// alarms shows which alarms a log raises, if what it tells goes on.
func (w *world) alarms(log string) {
	w.t.Helper()
	lines := slices.Repeat(invocations(log), often)
	fmt.Fprintf(&w.seen, "# alarms of scripts/cls, if it lasts\n%s\n", strings.Join(raised(w.t, lines), "\n"))
}

func raised(t *testing.T, lines []map[string]any) (names []string) {
	t.Helper()
	for _, a := range readAlarms(t) {
		if strings.Contains(a.Name, "pull is not running") && len(lines) > 0 {
			continue // the trouble has one run of one function
		}
		if a.rings(t, lines) {
			names = append(names, strings.TrimPrefix(a.Name, "vod-events: "))
		}
	}
	if names == nil {
		names = []string{"none"}
	}
	return names
}

var (
	countQuery = regexp.MustCompile(`^(.+) \| select count\(\*\) as (\w+)$`)
	sumQuery   = regexp.MustCompile(`^(.+) \| select coalesce\(sum\((\w+)(?: - (\w+))?\), 0\) as (\w+)$`)
	condition  = regexp.MustCompile(`^\$1\.(\w+) ([=>]) (\d+)$`)
)

// rings does what CLS does with an alarm, for the forms of queries that they have.
func (a alarm) rings(t *testing.T, lines []map[string]any) bool {
	t.Helper()
	query, result, column := a.AlarmTargets[0].Query, 0.0, ""
	if m := countQuery.FindStringSubmatch(query); m != nil {
		result, column = float64(len(filtered(t, m[1], lines))), m[2]
	} else if m := sumQuery.FindStringSubmatch(query); m != nil {
		for _, line := range filtered(t, m[1], lines) {
			n, _ := line[m[2]].(float64)
			less, _ := line[m[3]].(float64)
			result += n - less
		}
		column = m[4]
	}
	c := condition.FindStringSubmatch(a.Condition)
	if c == nil || column == "" || c[1] != column {
		t.Fatalf("%s: not understood: %s, %s", a.Name, query, a.Condition)
	}
	limit, _ := strconv.ParseFloat(c[3], 64)
	return c[2] == "=" && result == limit || c[2] == ">" && result > limit
}

func filtered(t *testing.T, filter string, lines []map[string]any) (found []map[string]any) {
	t.Helper()
	tokens := regexp.MustCompile(`[()]|[^\s()]+`).FindAllString(filter, -1)
	for _, line := range lines {
		f := &search{t, line, tokens}
		if f.or() {
			found = append(found, line)
		}
		if len(f.tokens) > 0 {
			t.Fatalf("%s: %s is not understood", filter, f.tokens)
		}
	}
	return found
}

// search evaluates a search condition of CLS for one line: key:value and key:*, with
// AND, OR and parentheses.
type search struct {
	t      *testing.T
	line   map[string]any
	tokens []string
}

func (s *search) next(want string) bool {
	if len(s.tokens) == 0 || s.tokens[0] != want {
		return false
	}
	s.tokens = s.tokens[1:]
	return true
}

func (s *search) or() bool {
	is := s.and()
	for s.next("OR") {
		right := s.and()
		is = is || right
	}
	return is
}

func (s *search) and() bool {
	is := s.term()
	for s.next("AND") {
		right := s.term()
		is = is && right
	}
	return is
}

var term = regexp.MustCompile(`^(\w+):(\w+|\*)$`)

func (s *search) term() bool {
	s.t.Helper()
	if s.next("(") {
		is := s.or()
		if !s.next(")") {
			s.t.Fatal("a parenthesis is not closed")
		}
		return is
	}
	if len(s.tokens) == 0 {
		s.t.Fatal("a term is missing")
	}
	m := term.FindStringSubmatch(s.tokens[0])
	if m == nil {
		s.t.Fatalf("%s is not understood", s.tokens[0])
	}
	s.tokens = s.tokens[1:]
	value := s.line[m[1]]
	return value != nil && (m[2] == "*" || fmt.Sprint(value) == m[2])
}

// When nothing runs, there are no lines at all, and that is an alarm too.
func TestNoLinesAreAnAlarm(t *testing.T) {
	if got := raised(t, nil); !slices.Equal(got, []string{"no event for 6 hours", "pull is not running"}) {
		t.Errorf("without lines: %v", got)
	}
}

// Events that were delivered but that VOD refuses to confirm come again.
func TestUnconfirmedEventsAreAnAlarm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.queue(upload)
	w.vod.Control("ConfirmEvents", func(*vodfake.Call) *vodfake.Fault {
		return &vodfake.Fault{Kind: vodfake.Answer, Body: `{"Response":{"Error":{"Code":"InvalidParameterValue","Message":"no"},"RequestId":"r"}}`}
	})
	log := w.start("pull").log()
	if got := raised(t, slices.Repeat(invocations(log), often)); !slices.Equal(got, []string{"events come again"}) {
		t.Errorf("got %v for %s", got, log)
	}
}

// A quiet minute between two events, and one in which all is well, raise nothing.
func TestGoodLinesAreNoAlarm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.queue(upload)
	log := w.start("pull").log()
	log += w.start("pull").log()
	log += w.post(upload).log()
	if lines := invocations(log); len(lines) != 3 {
		t.Fatalf("%d invocations in %s", len(lines), log)
	}
	if got := raised(t, slices.Repeat(invocations(log), often)); !slices.Equal(got, []string{"none"}) {
		t.Errorf("got %v for %s", got, log)
	}
}
