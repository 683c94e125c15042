package cron

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Zone is the time zone of the fields: UTC+8, without daylight saving time.
var Zone = time.FixedZone("UTC+8", 8*60*60)

const (
	firstYear = 1970
	lastYear  = 2099
)

// Schedule is a parsed expression. The zero Schedule never fires.
type Schedule struct {
	second, minute, hour, day, month, week, year set

	// anyDay and anyWeek tell that the field is *, so that the other one alone
	// chooses the days.
	anyDay, anyWeek bool
}

// field says what one field of an expression may hold.
type field struct {
	name     string
	min, max int
	names    []string // of the values from min on, where they have any
}

var fields = [7]field{
	{name: "second", min: 0, max: 59},
	{name: "minute", min: 0, max: 59},
	{name: "hour", min: 0, max: 23},
	{name: "day", min: 1, max: 31},
	{name: "month", min: 1, max: 12, names: []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}},
	{name: "week", min: 0, max: 6, names: []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}},
	{name: "year", min: firstYear, max: lastYear},
}

// Parse reads an expression of seven fields. The error names the field and what it
// may hold. A well-formed expression that never fires, such as February 31, is not
// an error; its [Schedule.Next] returns the zero time.
func Parse(spec string) (Schedule, error) {
	var s Schedule
	texts := strings.Fields(spec)
	if len(texts) != len(fields) {
		return s, fmt.Errorf("cron %q has %d fields; SCF takes seven: second minute hour day month week year", spec, len(texts))
	}
	for i, out := range []*set{&s.second, &s.minute, &s.hour, &s.day, &s.month, &s.week, &s.year} {
		if err := fields[i].parse(texts[i], out); err != nil {
			return Schedule{}, fmt.Errorf("cron %q: %w", spec, err)
		}
	}
	s.anyDay, s.anyWeek = texts[3] == "*", texts[5] == "*"
	return s, nil
}

func (f *field) parse(text string, out *set) error {
	for part := range strings.SplitSeq(text, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		from, to, ranged := strings.Cut(span, "-")

		low, high, err := f.min, f.max, error(nil)
		if span != "*" {
			if low, err = f.value(from); err != nil {
				return err
			}
			switch {
			case ranged:
				if high, err = f.value(to); err != nil {
					return err
				}
				if low > high {
					return fmt.Errorf("%s %q runs backwards; write it as two ranges with a comma", f.name, span)
				}
			case !stepped:
				high = low
			}
		}

		step := 1
		if stepped {
			if step, err = number(stepText); err != nil || step < 1 || step > f.max {
				return fmt.Errorf("%s %q: after the slash stands how far to step, 1 to %d", f.name, part, f.max)
			}
		}
		for v := low; v <= high; v += step {
			out.add(v - f.min)
		}
	}
	return nil
}

// value reads one value of the field, a number or a name.
func (f *field) value(text string) (int, error) {
	for i, name := range f.names {
		if text == name {
			return f.min + i, nil
		}
	}
	if v, err := number(text); err == nil && v >= f.min && v <= f.max {
		return v, nil
	}
	names := ""
	if f.names != nil {
		names = fmt.Sprintf(" or %s-%s", f.names[0], f.names[len(f.names)-1])
	}
	return 0, fmt.Errorf("%s %q: want %d-%d%s, with , - * /", f.name, text, f.min, f.max, names)
}

// number reads digits and nothing else; strconv.Atoi would also take a sign.
func number(text string) (int, error) {
	v, err := strconv.ParseUint(text, 10, 16)
	return int(v), err
}

// Next returns the first second after t at which s fires, in [Zone]. If there is
// none before the end of 2099, it returns the zero time.
func (s Schedule) Next(t time.Time) time.Time {
	if t.Before(time.Date(firstYear, 1, 1, 0, 0, 0, 0, Zone)) {
		t = time.Date(firstYear, 1, 1, 0, 0, -1, 0, Zone)
	}
	t = t.In(Zone).Truncate(time.Second).Add(time.Second)

	// If the year of t does not fit, t moves to the start of the next year, and
	// the smaller fields start over. The same goes for month, day and so on.
	for t.Year() <= lastYear {
		y, mon, d := t.Date()
		h, m, sec := t.Clock()
		switch {
		case !s.year.has(y - firstYear):
			t = time.Date(y+1, 1, 1, 0, 0, 0, 0, Zone)
		case !s.month.has(int(mon) - 1):
			t = time.Date(y, mon+1, 1, 0, 0, 0, 0, Zone)
		case !s.dayFits(d, t.Weekday()):
			t = time.Date(y, mon, d+1, 0, 0, 0, 0, Zone)
		case !s.hour.has(h):
			t = time.Date(y, mon, d, h+1, 0, 0, 0, Zone)
		case !s.minute.has(m):
			t = time.Date(y, mon, d, h, m+1, 0, 0, Zone)
		case !s.second.has(sec):
			t = t.Add(time.Second)
		default:
			return t
		}
	}
	return time.Time{}
}

func (s *Schedule) dayFits(day int, week time.Weekday) bool {
	byDay, byWeek := s.day.has(day-1), s.week.has(int(week))
	if s.anyDay || s.anyWeek {
		return byDay && byWeek
	}
	return byDay || byWeek
}

// set is a set of small numbers. The largest field, the year, has 130.
type set [3]uint64

func (s *set) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s *set) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }
