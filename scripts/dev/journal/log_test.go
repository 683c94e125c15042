package journal

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseLog(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 8, 0, 0, 123_456_789, time.UTC)
	for line, want := range map[string]*Log{
		`{"time":"2026-11-25T07:00:00.5+08:00","level":"WARN","msg":"sink is down","error":"e","request_id":"r","id":"i","n":18446744073709551615}`: {
			Time: time.Date(2026, 11, 24, 23, 0, 0, 500_000_000, time.UTC), Level: "WARN", Message: "sink is down", RequestID: "r", eventID: "i",
			Attrs: map[string]json.RawMessage{"error": json.RawMessage(`"e"`), "id": json.RawMessage(`"i"`), "n": json.RawMessage("18446744073709551615")},
		},
		`{"level":"ERROR","msg":"event parked in the log","event":{"id":"x"}}`: {
			Time: stamp(now), Level: "ERROR", Message: "event parked in the log", eventID: "x",
			Attrs: map[string]json.RawMessage{"event": json.RawMessage(`{"id":"x"}`)},
		},
		// In UTC it is the year 10000, which JSON cannot show.
		`{"time":"9999-12-31T23:59:59-08:00","level":"INFO","msg":"m"}`: {
			Time: stamp(now), Level: "INFO", Message: "m",
			Attrs: map[string]json.RawMessage{"time": json.RawMessage(`"9999-12-31T23:59:59-08:00"`)},
		},
		"panic: something": {Time: stamp(now), Level: "ERROR", Message: "panic: something"},
	} {
		want.Function = "pull"
		if diff := cmp.Diff(want, ParseLog("pull", []byte(line), now), cmp.AllowUnexported(Log{})); diff != "" {
			t.Errorf("%s:\n%s", line, diff)
		}
	}
}
