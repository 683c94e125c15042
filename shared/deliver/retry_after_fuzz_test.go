package deliver

import (
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// FuzzRetryAfter holds RetryAfter to a reading of RFC 9110 that is its own, for any
// value:
//
//   - delay-seconds are digits (10.2.3), and many of them are a long time;
//   - a date in one of the three forms of 5.6.7 is how long it is until then, and 0 if it
//     is past;
//   - what is neither, and is no sloppy date, asks for nothing. No answer is negative.
func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2026, 11, 27, 23, 59, 58, 0, time.UTC)
	for _, seed := range []string{
		"0", "17", "007", "2147483647", "2147483648", "99999999999999999999999", "-1", "+5", "1.5", " 5", "", "0x10", "1e3", "2170000000A",
		"Sat, 28 Nov 2026 00:00:05 GMT", "Saturday, 28-Nov-26 00:00:05 GMT", "Sat Nov 28 00:00:05 2026", "Sun Nov  1 00:00:05 2026",
		"Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 30 Feb 2030 00:00:00 GMT", "Sat, 28 Nov 2026 00:00:05 CET",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got := RetryAfter(http.Header{"Retry-After": {value}}, now)
		want, known := asked(value, now)
		switch {
		case got < 0:
			t.Fatalf("%q is %v", value, got)
		case known && got != want:
			t.Fatalf("%q is %v, want %v", value, got, want)
		case !known && got != 0 && strings.Count(value, ":") != 2:
			t.Fatalf("%q is %v", value, got)
		}
	})
}

var (
	fixDate     = regexp.MustCompile(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$`)
	rfc850Date  = regexp.MustCompile(`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\d\d)-([A-Z][a-z]{2})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$`)
	asctimeDate = regexp.MustCompile(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$`)
)

// asked reads a Retry-After. It does not know leap seconds, nor what century the years
// from 69 on of the second form are in.
func asked(value string, now time.Time) (after time.Duration, known bool) {
	if value != "" && strings.Trim(value, "0123456789") == "" {
		digits := strings.TrimLeft(value, "0")
		if len(digits) > 10 {
			digits = "9999999999"
		}
		seconds, _ := strconv.Atoi(digits)
		return time.Duration(min(seconds, math.MaxInt32)) * time.Second, true
	}
	number := func(s string) int { n, _ := strconv.Atoi(strings.TrimSpace(s)); return n }
	var year int
	var day, month, clock []string
	if m := fixDate.FindStringSubmatch(value); m != nil {
		year, day, month, clock = number(m[3]), m[1:2], m[2:3], m[4:7]
	} else if m := rfc850Date.FindStringSubmatch(value); m != nil && number(m[3]) < 69 {
		year, day, month, clock = 2000+number(m[3]), m[1:2], m[2:3], m[4:7]
	} else if m := asctimeDate.FindStringSubmatch(value); m != nil {
		year, day, month, clock = number(m[6]), m[2:3], m[1:2], m[3:6]
	} else {
		return 0, false
	}
	months := []string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}
	mon := slices.Index(months, month[0]) + 1
	h, m, s, d := number(clock[0]), number(clock[1]), number(clock[2]), number(day[0])
	date := time.Date(year, time.Month(mon), d, h, m, s, 0, time.UTC)
	if mon == 0 || date.Day() != d || h > 23 || m > 59 || s > 59 {
		return 0, false
	}
	return max(0, date.Sub(now)), true
}
