package scripts_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"testing"

	"vodevents/shared/lease"
	"vodevents/shared/watch"
)

// invocationFields are the names of the attributes of the line that each invocation
// has, of both functions.
func invocationFields(t *testing.T) map[string]bool {
	t.Helper()
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)
	_, run := watch.New("pull").Begin(t.Context())
	run.End(nil, lease.Result{})
	watch.New("callback").Requests(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil))
	fields := map[string]bool{}
	for line := range bytes.Lines(log.Bytes()) {
		var object map[string]any
		if err := json.Unmarshal(line, &object); err != nil {
			t.Fatal(err)
		}
		for name := range object {
			fields[name] = true
		}
	}
	return fields
}

// The functions write every field that a chart or an alarm of CLS asks for, and every
// column of a condition is in its query.
func TestChartsAndAlarmsAskForWhatIsWritten(t *testing.T) {
	fields := invocationFields(t)
	var dashboard struct {
		Charts []struct{ Title, Query string }
	}
	var alarms []struct {
		Name, Condition string
		AlarmTargets    []struct{ Query string }
	}
	for file, into := range map[string]any{"cls/dashboard.json": &dashboard, "cls/alarms.json": &alarms} {
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	queries := map[string]string{}
	for _, c := range dashboard.Charts {
		queries[c.Title] = c.Query
	}
	for _, a := range alarms {
		q := a.AlarmTargets[0].Query
		queries[a.Name] = q
		column := regexp.MustCompile(`^\$1\.(\w+) (=|>) \d+$`).FindStringSubmatch(a.Condition)
		if column == nil || !regexp.MustCompile(`\bas `+column[1]+`\b`).MatchString(q) {
			t.Errorf("%s: the condition %q is not about a column of %s", a.Name, a.Condition, q)
		}
	}
	if len(dashboard.Charts) < 5 || len(alarms) < 5 {
		t.Fatalf("%d charts, %d alarms", len(dashboard.Charts), len(alarms))
	}
	words := []string{"select", "histogram", "cast", "as", "timestamp", "interval", "minute", "sum", "max", "min", "count", "coalesce", "group", "by", "order",
		"limit", "AND", "OR", "__TIMESTAMP__", "invocation", "callback", "pull", "sink"}
	for title, query := range queries {
		names := regexp.MustCompile(`\bas (\w+)`).FindAllStringSubmatch(query, -1)
		for _, word := range regexp.MustCompile(`[A-Za-z_]\w*`).FindAllString(query, -1) {
			isColumn := slices.ContainsFunc(names, func(m []string) bool { return m[1] == word })
			if !fields[word] && !isColumn && !slices.Contains(words, word) {
				t.Errorf("%s: no function writes %q", title, word)
			}
		}
	}
}
