package stored

import (
	"testing"
	"time"
)

// FuzzPlace holds ParsePlace to String: what it takes is written as the same place, to
// the microsecond that a database keeps, and what was written is read back.
func FuzzPlace(f *testing.F) {
	f.Add("2026-11-24T09:30:00.000000Z,0123456789abcdef0123456789abcdef", int64(1_790_000_000_000_000), "id")
	f.Add("", int64(0), "")
	f.Add("2026-11-24T09:30:00Z", int64(-1), "a,b")
	f.Add("9999-12-31T23:59:59-23:59,id", int64(253_402_300_799_999_999), "id") // in UTC the year 10000
	f.Fuzz(func(t *testing.T, text string, micros int64, id string) {
		if p, err := ParsePlace(text); err == nil {
			if again, err := ParsePlace(p.String()); err != nil || !again.Received.Equal(p.Received.Truncate(time.Microsecond)) || again.ID != p.ID {
				t.Fatalf("%q is %v, which is read as %v, %v", text, p, again, err)
			}
		}
		p := Place{Received: time.UnixMicro(micros), ID: id}
		if year := p.Received.UTC().Year(); id == "" || year < 1000 || year > 9999 {
			return // no row has such a place
		}
		if again, err := ParsePlace(p.String()); err != nil || !again.Received.Equal(p.Received) || again.ID != id {
			t.Fatalf("%v is read as %v, %v", p, again, err)
		}
	})
}
