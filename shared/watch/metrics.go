package watch

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"vodevents/shared/deliver"
)

// bounds are the upper bounds of the histogram's buckets, in seconds. A callback
// should be answered within 5 s (266/33948), and a lease lasts 30 s (266/33433).
var bounds = [...]float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 15, 30}

// histogram counts times by bucket.
type histogram struct {
	buckets [len(bounds)]int // each without those below it
	count   int
	sum     float64
}

func (h *histogram) add(n int, d time.Duration) {
	h.count += n
	h.sum += d.Seconds() * float64(n)
	if b, _ := slices.BinarySearch(bounds[:], d.Seconds()); b < len(bounds) {
		h.buckets[b] += n
	}
}

// writeMetrics writes the figures in Prometheus' text format, version 0.0.4. Its
// client library would add 1.9 MiB to each function for these few lines.
func (i *Instance) writeMetrics(w io.Writer) {
	total, statuses, confirms, since := i.figures()
	var b bytes.Buffer
	metric := func(name, kind, help string) { fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind) }

	metric("vod_events_total", "counter", "Events by what became of them.")
	for _, f := range deliver.Fates {
		fmt.Fprintf(&b, "vod_events_total{fate=%q} %d\n", string(f), total.fates[f])
	}
	metric("vod_confirm_seconds", "histogram", "Time from the receipt of an event to its confirm, or to the answer 200.")
	below := 0
	for n, bound := range bounds {
		below += confirms.buckets[n]
		fmt.Fprintf(&b, "vod_confirm_seconds_bucket{le=\"%v\"} %d\n", bound, below)
	}
	fmt.Fprintf(&b, "vod_confirm_seconds_bucket{le=\"+Inf\"} %d\n", confirms.count)
	fmt.Fprintf(&b, "vod_confirm_seconds_sum %v\nvod_confirm_seconds_count %d\n", confirms.sum, confirms.count)
	metric("vod_longest_delivery_seconds", "gauge", "The longest delivery of a batch since the start.")
	fmt.Fprintf(&b, "vod_longest_delivery_seconds %v\n", total.longestDelivery.Seconds())
	metric("vod_seconds_since_last_event", "gauge", "Seconds since the last event, or since the start while vod_events_total is 0.")
	fmt.Fprintf(&b, "vod_seconds_since_last_event %v\n", since.Seconds())
	if i.function == "pull" {
		metric("vod_polls_total", "counter", "Calls of PullEvents.")
		fmt.Fprintf(&b, "vod_polls_total %d\n", total.polls)
		metric("vod_failed_polls_total", "counter", "Calls of PullEvents that failed.")
		fmt.Fprintf(&b, "vod_failed_polls_total %d\n", total.failedPolls)
	} else {
		metric("vod_requests_total", "counter", "Requests of the callback URL by the status of their answer.")
		for _, status := range slices.Sorted(maps.Keys(statuses)) {
			fmt.Fprintf(&b, "vod_requests_total{status=\"%d\"} %d\n", status, statuses[status])
		}
	}
	metric("process_start_time_seconds", "gauge", "When the process started, in seconds since 1970.")
	fmt.Fprintf(&b, "process_start_time_seconds %.3f\n", float64(i.start.UnixMilli())/1000)
	w.Write(b.Bytes()) // an error means that the caller has hung up
}
