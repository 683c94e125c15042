package watch

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
)

// FuzzMetrics counts any events, polls, answers and times, and reads /metrics as
// Prometheus does, by the rules of its text format, version 0.0.4:
//
//   - every line is a sample, a HELP or a TYPE, and each name has one of the latter two,
//     in front of its samples, which are all together; no sample comes twice;
//   - every value is read as the figure that was counted, and a counter ends in _total;
//   - the histogram is cumulative, and its buckets hold the times that are within their
//     bounds, the last of them all.
func FuzzMetrics(f *testing.F) {
	f.Add(true, []byte{0, 1, 200, 3, 0xff, 0xff, 0xff, 2}, int64(90*time.Second))
	f.Add(false, []byte{0, 2, 5, 1, 9, 9, 9, 9, 2, 2, 2, 2, 3, 0, 100, 200}, int64(1))
	f.Add(false, binary.BigEndian.AppendUint64(nil, 1<<33), int64(1<<52))
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.DiscardHandler))
	f.Fuzz(func(t *testing.T, callback bool, steps []byte, after int64) {
		synctest.Test(t, func(t *testing.T) {
			i, counted := New(map[bool]string{true: "callback", false: "pull"}[callback]), map[string]float64{}
			took := count(t, i, steps, counted)
			time.Sleep(time.Duration(after & (1<<52 - 1))) // 52 days at most
			checkMetrics(t, i, counted, took)
		})
	})
}

// count counts what each four bytes say, and notes what /metrics must tell. It returns
// the times of the confirms.
func count(t *testing.T, i *Instance, steps []byte, counted map[string]float64) (took []time.Duration) {
	ctx, v := i.Begin(t.Context())
	for ; len(steps) >= 4; steps = steps[4:] {
		kind, n, d := steps[0]%4, int(steps[1]), time.Duration(binary.BigEndian.Uint16(steps[2:]))*time.Millisecond
		switch kind {
		case 0:
			fate := deliver.Fates[n%len(deliver.Fates)]
			i.Delivery(becomes(fate, d))(ctx, make([]*event.Event, n))
			counted[`vod_events_total{fate="`+string(fate)+`"}`] += float64(n)
			counted["vod_longest_delivery_seconds"] = max(counted["vod_longest_delivery_seconds"], d.Seconds())
		case 1:
			v.Confirmed(n, d)
			counted["vod_confirm_seconds_sum"] += d.Seconds() * float64(n)
			for range n {
				took = append(took, d)
			}
		case 2:
			var err error
			if n%2 == 1 {
				err = errors.New("no")
				counted["vod_failed_polls_total"]++
			}
			v.Polled(n, err)
			counted["vod_polls_total"]++
		case 3:
			status := 200 + n*3 // up to 965
			h := i.Requests(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
			counted[fmt.Sprintf(`vod_requests_total{status="%d"}`, status)]++
		}
	}
	return took
}

// checkMetrics compares what /metrics says with what was counted.
func checkMetrics(t *testing.T, i *Instance, counted map[string]float64, took []time.Duration) {
	w := httptest.NewRecorder()
	i.Pages(http.NotFoundHandler(), nil).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	text := w.Body.Bytes()
	samples, err := readMetrics(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	for name, want := range counted {
		got, there := samples[name]
		hidden := i.function == "pull" && strings.HasPrefix(name, "vod_requests") || i.function == "callback" && strings.Contains(name, "polls")
		if there == hidden || there && math.Abs(got-want) > 1e-9*want {
			t.Errorf("%s is %v (%t), want %v, in\n%s", name, got, there, want, text)
		}
	}
	for name, value := range samples {
		if bucket, ok := strings.CutPrefix(name, `vod_confirm_seconds_bucket{le="`); ok {
			bound, err := strconv.ParseFloat(strings.TrimSuffix(bucket, `"}`), 64)
			within := 0
			for _, d := range took {
				if d.Seconds() <= bound {
					within++
				}
			}
			if err != nil || value != float64(within) {
				t.Errorf("%s is %v, want %d, %v", name, value, within, err)
			}
		}
		if strings.HasPrefix(name, "vod_events_total") && value != counted[name] {
			t.Errorf("%s is %v, want %v", name, value, counted[name])
		}
	}
	if samples["vod_confirm_seconds_count"] != float64(len(took)) || samples[`vod_confirm_seconds_bucket{le="+Inf"}`] != float64(len(took)) {
		t.Errorf("%d confirms in\n%s", len(took), text)
	}
	if since := i.sinceEvent().Seconds(); samples["vod_seconds_since_last_event"] != since {
		t.Errorf("an event was here %v s ago, in\n%s", since, text)
	}
	if start := samples["process_start_time_seconds"]; math.Abs(start-float64(i.start.UnixMilli())/1000) > .0005 {
		t.Errorf("started at %v, in\n%s", start, text)
	}
}

// The lines of the text format: a comment, and a sample without a timestamp.
var (
	metricComment = regexp.MustCompile(`^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (\S.*)$`)
	metricSample  = regexp.MustCompile(`^(([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\["\\n])*"\})?) (\S+)$`)
)

// readMetrics reads the text format strictly.
func readMetrics(r io.Reader) (samples map[string]float64, err error) {
	samples = map[string]float64{}
	kinds := map[string]string{} // by name
	last := ""                   // the name of the lines before
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		switch {
		case err == io.EOF && line == "":
			return samples, nil
		case err != nil:
			return nil, fmt.Errorf("the last line does not end: %q", line)
		}
		line = strings.TrimSuffix(line, "\n")
		if m := metricComment.FindStringSubmatch(line); m != nil {
			what, name := m[1]+" "+m[2], m[2]
			if _, there := kinds[what]; there || name != last && kinds["TYPE "+name] != "" {
				return nil, fmt.Errorf("%q comes twice", what)
			}
			kinds[what], last = m[3], name
			continue
		}
		m := metricSample.FindStringSubmatch(line)
		if m == nil {
			return nil, fmt.Errorf("%q is no line of the format", line)
		}
		name, kind := m[2], kinds["TYPE "+last]
		if kind == "histogram" {
			name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		}
		value, err := strconv.ParseFloat(m[3], 64)
		_, twice := samples[m[1]]
		if err != nil || twice || name != last || kinds["HELP "+name] == "" || strings.Contains(m[3], "_") || kind != "histogram" && (kind == "counter") != strings.HasSuffix(name, "_total") {
			return nil, fmt.Errorf("%q, of the kind %q behind %q: %v", line, kind, last, err)
		}
		samples[m[1]] = value
	}
}
