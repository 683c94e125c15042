package scripts_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vodevents/shared/lease"
	"vodevents/shared/reconcile"
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
	_, run = watch.New("pull").Begin(t.Context())
	run.End(errors.New("no keys"), reconcile.Result{})
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

// Levels of an alarm in CLS. Level 1, between them, is the lowest.
const warning, critical = 0, 2

// The functions write every field that a chart or an alarm of CLS asks for, and every
// column of a condition is in its query.
func TestChartsAndAlarmsAskForWhatIsWritten(t *testing.T) {
	fields := invocationFields(t)
	var dashboard struct {
		Charts []struct{ Title, Query string }
	}
	var alarms []struct {
		Name, Condition string
		AlarmLevel      int
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
		if a.AlarmLevel != warning && a.AlarmLevel != critical {
			t.Errorf("%s: the level is %d", a.Name, a.AlarmLevel)
		}
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

// README.md names every field of the line "invocation", and no other: they are what
// the index of CLS needs.
func TestREADMENamesTheFieldsOfTheLine(t *testing.T) {
	fields := invocationFields(t)
	fields["request_id"] = true // of a real invocation
	for _, everyLine := range []string{"time", "level", "msg"} {
		delete(fields, everyLine)
	}
	_, rest, _ := strings.Cut(readme(t), "| field | |\n")
	table, _, _ := strings.Cut(rest, "\n\n")
	named := map[string]bool{}
	for row := range strings.Lines(table) {
		for _, m := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(strings.Split(row, "|")[1], -1) {
			named[m[1]] = true
			if !fields[m[1]] {
				t.Errorf("no function writes %q", m[1])
			}
		}
	}
	for name := range fields {
		if !named[name] {
			t.Errorf("%q is not in README.md", name)
		}
	}
}

// The rules for Prometheus ask for figures, fates and statuses that /metrics has from
// the start.
func TestRulesAskForWhatIsServed(t *testing.T) {
	served := ""
	for _, function := range []string{"callback", "pull"} {
		w := httptest.NewRecorder()
		watch.New(function).Pages(http.NotFoundHandler(), nil).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		served += w.Body.String()
	}
	_, rest, _ := strings.Cut(readme(t), "```yaml\ngroups:\n")
	rules, _, _ := strings.Cut(rest, "```")
	found := regexp.MustCompile(`(vod_\w+)(?:\{(\w+)=~?"([\w|]+)"\})?`).FindAllStringSubmatch(rules, -1)
	if len(found) < 7 {
		t.Errorf("only %d figures are asked for in %s", len(found), rules)
	}
	for _, m := range found {
		for value := range strings.SplitSeq(m[3], "|") {
			want := m[1]
			if value != "" {
				want += `{` + m[2] + `="` + value + `"}`
			}
			if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(want) + `[ {]`).MatchString(served) {
				t.Errorf("/metrics has no %s", want)
			}
		}
	}
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
