package cron

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

// at reads a time in Zone.
func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation(time.DateTime, s, Zone)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestNext(t *testing.T) {
	t.Parallel()
	tests := []struct {
		spec, after string
		want        string // the next moments, with commas between them; empty: never
	}{
		// The examples of 583/9708.
		{"*/5 * * * * * *", "2026-11-25 10:00:03", "2026-11-25 10:00:05,2026-11-25 10:00:10"},
		{"0 0 2 1 * * *", "2026-11-25 10:00:00", "2026-12-01 02:00:00,2027-01-01 02:00:00"},
		{"0 15 10 * * MON-FRI *", "2026-11-27 10:15:00", "2026-11-30 10:15:00"},
		{"0 0 10,14,16 * * * *", "2026-11-25 10:00:00", "2026-11-25 14:00:00,2026-11-25 16:00:00,2026-11-26 10:00:00"},
		{"0 */30 9-17 * * * *", "2026-11-25 17:30:00", "2026-11-26 09:00:00,2026-11-26 09:30:00"},
		{"0 0 12 * * WED *", "2026-11-25 12:00:00", "2026-12-02 12:00:00"},
		{"0 1/10 * * * * *", "2026-11-25 10:00:00", "2026-11-25 10:01:00,2026-11-25 10:11:00,2026-11-25 10:21:00"},

		// Each field on its own.
		{"7 * * * * * *", "2026-11-25 10:00:07", "2026-11-25 10:01:07"},
		{"0 * * * * * *", "2026-12-31 23:59:00", "2027-01-01 00:00:00"},
		{"0 */1 * * * * *", "2026-11-25 10:00:59", "2026-11-25 10:01:00"},
		{"59 59 23 31 12 * *", "2026-11-25 10:00:00", "2026-12-31 23:59:59,2027-12-31 23:59:59"},
		{"0 0 0 1 MAR,SEP * *", "2026-03-01 00:00:00", "2026-09-01 00:00:00,2027-03-01 00:00:00"},
		{"0 0 0 1 1-12/5 * *", "2026-01-01 00:00:00", "2026-06-01 00:00:00,2026-11-01 00:00:00,2027-01-01 00:00:00"},
		{"0 0 0 1 1 * 2030,2099", "2026-11-25 10:00:00", "2030-01-01 00:00:00,2099-01-01 00:00:00,"},
		{"0 0 0 1 1 * 2028/4", "2026-11-25 10:00:00", "2028-01-01 00:00:00,2032-01-01 00:00:00"},
		{"10-20/5 0 0 * * * *", "2026-11-25 00:00:10", "2026-11-25 00:00:15,2026-11-25 00:00:20,2026-11-26 00:00:10"},
		{"30/15 0 0 * * * *", "2026-11-25 00:00:00", "2026-11-25 00:00:30,2026-11-25 00:00:45,2026-11-26 00:00:30"},
		{"0 0 0 * * 0 *", "2026-11-25 10:00:00", "2026-11-29 00:00:00"}, // a Sunday
		{"0 0 0 * * SUN *", "2026-11-25 10:00:00", "2026-11-29 00:00:00"},
		{"0 0 0 * * 6 *", "2026-11-25 10:00:00", "2026-11-28 00:00:00"},

		// Months have different lengths.
		{"0 0 0 31 * * *", "2026-08-31 00:00:00", "2026-10-31 00:00:00,2026-12-31 00:00:00"},
		{"0 0 0 29 2 * *", "2026-11-25 10:00:00", "2028-02-29 00:00:00,2032-02-29 00:00:00"},
		{"0 0 0 29 2 * *", "2096-02-29 00:00:00", ""},
		{"0 0 0 31 2,4,6 * *", "2026-11-25 10:00:00", ""},

		// Day and week: if both are given, either will do; if one is *, the
		// other decides.
		{"0 0 0 1 * MON *", "2026-11-25 10:00:00", "2026-11-30 00:00:00,2026-12-01 00:00:00,2026-12-07 00:00:00"},
		{"0 0 0 1 * * *", "2026-11-25 10:00:00", "2026-12-01 00:00:00"},
		{"0 0 0 * * MON *", "2026-11-25 10:00:00", "2026-11-30 00:00:00,2026-12-07 00:00:00"},
		{"0 0 0 */31 * MON *", "2026-11-25 10:00:00", "2026-11-30 00:00:00,2026-12-01 00:00:00"},
		{"0 0 0 15 * 0-6 *", "2026-11-25 10:00:00", "2026-11-26 00:00:00"},

		// The past and the edges.
		{"0 0 0 1 1 * 2020", "2026-11-25 10:00:00", ""},
		{"0 0 0 1 1 * 1970", "1969-12-31 23:59:59", "1970-01-01 00:00:00,"},
		{"0 0 0 1 1 * *", "0001-01-01 00:00:00", "1970-01-01 00:00:00"},
		{"* * * * * * *", "2099-12-31 23:59:58", "2099-12-31 23:59:59,"},
		{"* * * * * * *", "2500-01-01 00:00:00", ""},
		{"  0  0\t0 1 1 *  * ", "2026-11-25 10:00:00", "2027-01-01 00:00:00"},
	}
	for _, tt := range tests {
		s, err := Parse(tt.spec)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.spec, err)
			continue
		}
		from := at(t, tt.after)
		for want := range strings.SplitSeq(tt.want, ",") {
			got := s.Next(from)
			if want == "" {
				if !got.IsZero() {
					t.Errorf("%q after %v: %v, want never", tt.spec, from, got)
				}
				break
			}
			if !got.Equal(at(t, want)) || got.Location() != Zone {
				t.Errorf("%q after %v: %v, want %v", tt.spec, from, got, want)
			}
			from = got
		}
	}
}

// The zone of the argument and its fraction of a second do not matter.
func TestNextZone(t *testing.T) {
	t.Parallel()
	s, err := Parse("0 0 2 * * * *")
	if err != nil {
		t.Fatal(err)
	}
	want := at(t, "2026-11-26 02:00:00") // 18:00 UTC the day before
	for _, from := range []time.Time{
		time.Date(2026, 11, 25, 17, 59, 59, 999999999, time.UTC),
		time.Date(2026, 11, 25, 12, 59, 59, 0, time.FixedZone("", -5*60*60)),
	} {
		if got := s.Next(from); !got.Equal(want) {
			t.Errorf("after %v: %v, want %v", from, got, want)
		}
	}
	if got := (Schedule{}).Next(want); !got.IsZero() {
		t.Errorf("the zero Schedule fires at %v", got)
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	tests := []struct{ spec, want string }{
		{"", "0 fields"},
		{"* * * * *", "5 fields"},
		{"* * * * * *", "6 fields"},
		{"* * * * * * * *", "8 fields"},
		{"@hourly", "1 fields"},
		{"60 * * * * * *", `second "60": want 0-59`},
		{"* 60 * * * * *", `minute "60"`},
		{"* * 24 * * * *", `hour "24"`},
		{"* * * 0 * * *", `day "0": want 1-31`},
		{"* * * 32 * * *", `day "32"`},
		{"* * * * 0 * *", `month "0": want 1-12 or JAN-DEC`},
		{"* * * * 13 * *", `month "13"`},
		{"* * * * * 7 *", `week "7": want 0-6 or SUN-SAT`},
		{"* * * * * * 1969", `year "1969": want 1970-2099`},
		{"* * * * * * 2100", `year "2100"`},
		{"* * * MON * * *", `day "MON"`},
		{"* * * * MON * *", `month "MON"`},
		{"* * * * jan * *", `month "jan"`},
		{"* * * ? * * *", `day "?"`},
		{"* * * L * * *", `day "L"`},
		{"* * * * * 5L *", `week "5L"`},
		{"* * * * * 5#1 *", `week "5#1"`},
		{"30-10 * * * * * *", "runs backwards"},
		{"* * * * * FRI-MON *", "runs backwards"},
		{"*/0 * * * * * *", "1 to 59"},
		{"*/60 * * * * * *", "1 to 59"},
		{"*/ * * * * * *", "1 to 59"},
		{"*/-1 * * * * * *", "1 to 59"},
		{"1/2/3 * * * * * *", "1 to 59"},
		{"1,,2 * * * * * *", `second ""`},
		{", * * * * * *", `second ""`},
		{"1-2-3 * * * * * *", `second "2-3"`},
		{"-1 * * * * * *", `second ""`},
		{"+1 * * * * * *", `second "+1"`},
		{"*-5 * * * * * *", `second "*"`},
		{"** * * * * * *", `second "**"`},
		{"0x1 * * * * * *", `second "0x1"`},
		{"99999999999999999999 * * * * * *", "want 0-59"},
		{"garbage", "1 fields"},
	}
	for _, tt := range tests {
		_, err := Parse(tt.spec)
		if err == nil {
			t.Errorf("Parse(%q) takes it", tt.spec)
		} else if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Parse(%q) = %v, want %q in it", tt.spec, err, tt.want)
		}
	}
}

// fires is the definition of a schedule: it looks at each field of t.
func (s *Schedule) fires(t time.Time) bool {
	t = t.In(Zone)
	return t.Year() >= firstYear && t.Year() <= lastYear &&
		s.year.has(t.Year()-firstYear) && s.month.has(int(t.Month())-1) && s.dayFits(t.Day(), t.Weekday()) &&
		s.hour.has(t.Hour()) && s.minute.has(t.Minute()) && s.second.has(t.Second())
}

// FuzzParse checks for every text and every time:
//
//   - Parse and Next end and do not panic;
//   - Next returns a whole second that is later than its argument and fires;
//   - between its argument and that second, no other second fires. Only the last
//     two hours are checked.
func FuzzParse(f *testing.F) {
	f.Add("*/5 * * * * * *", int64(1795600000))
	f.Add("0 15 10 * * MON-FRI *", int64(0))
	f.Add("0 0 0 29 2 * 2028/4", int64(-1<<62))
	f.Add("1-5/2,7,*/9 0 2 1,31 JAN-MAR 0,6 *", int64(1<<40))
	f.Fuzz(func(t *testing.T, spec string, unix int64) {
		s, err := Parse(spec)
		if err != nil {
			return
		}
		from := time.Unix(unix, 123)
		next := s.Next(from)
		if next.IsZero() {
			return
		}
		if !next.After(from) || next.Nanosecond() != 0 || !s.fires(next) {
			t.Fatalf("%q after %v: %v", spec, from, next)
		}
		for i := 1; i <= 7200; i++ {
			before := next.Add(-time.Duration(i) * time.Second)
			if !before.After(from) {
				break
			}
			if s.fires(before) {
				t.Fatalf("%q after %v: %v, but %v fires", spec, from, next, before)
			}
		}
	})
}

// Random valid expressions, which the fuzzer seldom finds.
func TestNextMissesNothing(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	part := func(f field) string {
		a, b := f.min+rng.IntN(f.max-f.min+1), f.min+rng.IntN(f.max-f.min+1)
		lo, hi := min(a, b), max(a, b)
		step := 1 + rng.IntN(f.max)
		switch rng.IntN(6) {
		case 0:
			return strconv.Itoa(lo) + "-" + strconv.Itoa(hi)
		case 1:
			return strconv.Itoa(lo) + "-" + strconv.Itoa(hi) + "/" + strconv.Itoa(step)
		case 2:
			return strconv.Itoa(lo) + "/" + strconv.Itoa(step)
		case 3:
			return strconv.Itoa(lo)
		default:
			return "*"
		}
	}
	for range 500 {
		var parts []string
		for _, f := range fields[:6] {
			text := part(f)
			if rng.IntN(3) == 0 {
				text += "," + part(f)
			}
			parts = append(parts, text)
		}
		spec := strings.Join(append(parts, "*"), " ")
		s, err := Parse(spec)
		if err != nil {
			t.Fatal(err)
		}
		from := time.Unix(1795600000+rng.Int64N(1e8), 0)
		next := s.Next(from)
		if next.IsZero() {
			continue
		}
		if !s.fires(next) {
			t.Fatalf("%q after %v: %v does not fire", spec, from, next)
		}
		for i := 1; i <= 3600; i++ {
			if before := next.Add(-time.Duration(i) * time.Second); before.After(from) && s.fires(before) {
				t.Fatalf("%q after %v: %v, but %v fires", spec, from, next, before)
			}
		}
	}
}
