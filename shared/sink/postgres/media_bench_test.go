package postgres

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/sink/internal/sqltable"
)

// BenchmarkSendWithMedia writes batches of 16 procedures with twelve transcodes,
// each of a media of its own. statements is its floor: what it sends with media, with
// the rows ready.
func BenchmarkSendWithMedia(b *testing.B) {
	const batch = 16
	for _, what := range []string{"without media", "with media", "statements"} {
		b.Run(what, func(b *testing.B) {
			u, table := newTable(b)
			if what != "without media" {
				u = with(u, "media", table+"_media")
			}
			s := openSink(b, u)
			taken(b, s.Send(b.Context(), procedures(b, 0, 1))) // makes the tables
			batches := make([][]*event.Event, b.N)
			for i := range batches {
				batches[i] = procedures(b, 1+i*batch, batch)
			}
			send := func(events []*event.Event) { taken(b, s.Send(b.Context(), events)) }
			if what == "statements" {
				send = ready(b, s, batches)
				taken(b, s.Send(b.Context(), procedures(b, 0, 1))) // the server has ended the idle session meanwhile
			}
			b.ReportAllocs()
			b.ResetTimer()
			before := cpuTime(b)
			for _, events := range batches {
				send(events)
			}
			b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N*batch), "CPU-µs/event")
		})
	}
}

// ready returns a function that sends the statements of a batch, and makes their rows.
func ready(b *testing.B, s *Sink, batches [][]*event.Event) func([]*event.Event) {
	type statements struct {
		events, rows []any
	}
	made := map[*event.Event]statements{}
	for _, events := range batches {
		telling := sqltable.Tell(events)
		touches := telling.Touches()
		fresh := map[string]time.Time{}
		for _, e := range events {
			fresh[e.ID] = e.Received
		}
		rows, err := telling.Fold(fresh, nil, nil)
		must(b, err)
		made[events[0]] = statements{takeArgs(events, touches, false, new(room)), writeArgs(rows, new(room))}
	}
	return func(events []*event.Event) {
		args := made[events[0]]
		must(b, s.pool.Use(b.Context(), s.table, func(c *conn) error {
			return c.quickTransaction(b.Context(), func(begin, commit string) error {
				_, _, err := s.media.takeEvents(b.Context(), c, begin, len(events), func(*room) []any { return args.events })
				must(b, err)
				return c.execArrays(b.Context(), s.media.write, func(*room) []any { return args.rows }, commit)
			})
		}))
	}
}

// cpuTime is the CPU time of this process, of which the server is no part, in steps of
// 10 ms.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		b.Skip("CPU time is known on Linux only: ", err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])) // from field 3 on, see proc(5)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func procedures(b *testing.B, from, n int) (events []*event.Event) {
	for i := range n {
		events = append(events, transcodedTwelve(b, from+i))
	}
	return events
}

func transcodedTwelve(t testing.TB, n int) *event.Event {
	var results []string
	for i := range 12 {
		results = append(results, fmt.Sprintf(`{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","ErrCodeExt":"","ErrCode":0,"Message":"SUCCESS","Input":{"Definition":%d},"Output":{"Url":"https://media.example.com/out/%d/v.f%[1]d.mp4","Size":31000000,"Container":"mov,mp4,m4a,3gp,3g2,mj2","Height":1080,"Width":1920,"Bitrate":4113044,"Md5":"%032[1]x","Duration":60.6,"Definition":%[1]d}}}`, 100010+i, n))
	}
	body := fmt.Appendf(nil, `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"t%d","Status":"FINISH","FileId":"51454037%011[1]d","FileName":"harbor at dawn","FileUrl":"https://media.example.com/in/1.mp4","MediaProcessResultSet":[%[2]s]}}`, n, strings.Join(results, ","))
	e, err := event.Parse(body, event.Origin{Mode: event.Reliable, Received: time.Now()})
	must(t, err)
	return e
}
