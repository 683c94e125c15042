package functions_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"vodevents/shared/sink"
	"vodevents/shared/sink/stored"
	"vodevents/shared/vodfake"
)

// A timer with the argument reconcile makes pull repair what was missed.
func TestPullReconciles(t *testing.T) {
	t.Parallel()
	s := runVOD(t, vodfake.Options{TaskTime: -1})
	s.FastForward(-2 * time.Hour)
	const app = 1490012345
	file := s.Upload(app, vodfake.Upload{}) // in Mode PUSH without a URL nobody is told
	if _, err := s.Process(app, file, vodfake.Process{Transcode: []uint64{10}}); err != nil {
		s.FastForward(time.Millisecond)
		if _, err = s.Process(app, file, vodfake.Process{Transcode: []uint64{10}}); err != nil {
			t.Fatal(err)
		}
	}
	s.FastForward(time.Millisecond)
	url := newDatabase(t) + "&media=vod_media"
	trigger := []byte(`{"Type":"Timer","TriggerName":"reconcile","Time":"2026-11-20T20:00:00Z","Message":"reconcile"}`)
	f := start(t, pullBin, append(vodEnv(s), "VOD_SUB_APP_IDS=1490012345", "SINK="+url)...)
	for _, repaired := range []int{2, 0} {
		raw, err := f.Invoke(t.Context(), trigger, time.Minute, nil)
		var r struct {
			Apps []struct{ SubAppId, Found, Repaired int }
		}
		if err != nil || json.Unmarshal(raw, &r) != nil || len(r.Apps) != 1 || r.Apps[0].SubAppId != app || r.Apps[0].Repaired != repaired || r.Apps[0].Found != repaired {
			t.Errorf("%s, %v; want %d repaired", raw, err, repaired)
		}
		lines := logLines(t, f, "invocation")
		if len(lines) != 1 {
			t.Fatalf("%d lines of an invocation", len(lines))
		}
		n := float64(repaired)
		sameFigures(t, lines[0], map[string]any{"function": "pull", "work": "reconcile", "events": 0.0, "delivered": n, "events_so_far": 0.0,
			"found": n, "repaired": n, "failed": 0.0, "media": 0.0, "unfinished": false})
	}
	table, err := sink.OpenMedia(url)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	rows, err := table.Media(t.Context(), stored.MediaFilter{FileIds: []string{file}}, 1)
	if err != nil || len(rows) != 1 || rows[0].State != "ready" {
		t.Errorf("%+v, %v", rows, err)
	}
}

// A run that reconciles fails without a database that has media=. It has its line in
// the log like any other run, and LOG_LEVEL holds for it.
func TestReconcilingIsLogged(t *testing.T) {
	t.Parallel()
	trigger := []byte(`{"Type":"Timer","Message":"reconcile"}`)
	for level, lines := range map[string]int{"info": 1, "error": 0} {
		f := start(t, pullBin, append(vodEnv(runVOD(t)), "LOG_LEVEL="+level)...)
		if raw, err := f.Invoke(t.Context(), trigger, time.Minute, nil); err == nil {
			t.Errorf("without a database: %s", raw)
		}
		got := logLines(t, f, "invocation")
		if len(got) != lines || lines > 0 && (got[0]["function"] != "pull" || got[0]["error"] == nil) {
			t.Errorf("LOG_LEVEL=%s: %v", level, got)
		}
	}
}

// An application that cannot be asked keeps no other from its turn.
func TestReconcileGoesOnWithTheNextApplication(t *testing.T) {
	t.Parallel()
	s := runVOD(t, vodfake.Options{TaskTime: -1})
	s.FastForward(-2 * time.Hour)
	s.Upload(1490012345, vodfake.Upload{})
	s.FastForward(time.Millisecond)
	s.Control("DescribeTasks", func(c *vodfake.Call) *vodfake.Fault {
		if c.SubAppId == 1490012344 {
			return &vodfake.Fault{Kind: vodfake.Fail, Code: "UnauthorizedOperation"}
		}
		return nil
	})
	f := start(t, pullBin, append(vodEnv(s), "VOD_SUB_APP_IDS=1490012344,1490012345", "SINK="+newDatabase(t)+"&media=vod_media")...)
	raw, err := f.Invoke(t.Context(), []byte(`{"Message":"reconcile"}`), time.Minute, nil)
	if err == nil || !strings.Contains(err.Error(), "application 1490012344") {
		t.Errorf("%s, %v", raw, err)
	}
	lines := logLines(t, f, "invocation")
	if len(lines) != 1 || lines[0]["error"] == nil {
		t.Fatalf("%v", lines)
	}
	sameFigures(t, lines[0], map[string]any{"uploads": 1.0, "repaired": 1.0})
}
