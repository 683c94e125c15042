package vodfake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"vodevents/shared/vodfake"
)

// What the stand-in costs while a receiver is measured: events of 5 kB are pulled
// and confirmed in-process from a backlog of 100,000.
func BenchmarkPullConfirm(b *testing.B) {
	for _, mode := range []string{"in-process", "http"} {
		b.Run(mode, func(b *testing.B) {
			s := vodfake.New(vodfake.Options{Rate: -1})
			if mode == "http" {
				s = vodfake.RunT(b, vodfake.Options{Rate: -1})
			}
			defer s.Close()
			body := fmt.Appendf(nil, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5285890784273533167","Pad":%q}}`, bytes.Repeat([]byte("x"), 5000))
			for range 100_000 {
				s.Queue(0, body)
			}
			c := newClient(b, s, rightKeys)
			pull := signed(b, c, "PullEvents", nil)
			b.ReportAllocs()
			for b.Loop() {
				for s.App(0).Waiting < vodfake.BatchSize {
					for range 1000 {
						s.Queue(0, body)
					}
				}
				a := pull()
				var h []string
				for rest := a; ; {
					_, after, ok := bytes.Cut(rest, []byte(`"EventHandle":"`))
					if !ok {
						break
					}
					handle, _, _ := bytes.Cut(after, []byte{'"'})
					h = append(h, string(handle))
					rest = after
				}
				signed(b, c, "ConfirmEvents", members{"EventHandles": h})()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/vodfake.BatchSize, "ns/event")
		})
	}
}

// signed lets the SDK sign a call once. It returns a function that repeats the
// call without the SDK.
func signed(b *testing.B, c client, action string, p members) func() []byte {
	var kept *http.Request
	var content []byte
	transport := &capture{func(r *http.Request) {
		content, _ = io.ReadAll(r.Body)
		kept = r.Clone(context.Background())
	}}
	c.sdk.WithHttpTransport(transport)
	c.send(context.Background(), action, p)
	return func() []byte {
		kept.Body = io.NopCloser(bytes.NewReader(content))
		a, err := c.rt.RoundTrip(kept)
		if err != nil {
			b.Fatal(err)
		}
		defer a.Body.Close()
		out, err := io.ReadAll(a.Body)
		if err != nil || bytes.Contains(out, []byte(`"Error"`)) {
			b.Fatalf("%s: %s, %v", action, out, err)
		}
		return out
	}
}

type capture struct{ see func(*http.Request) }

func (t *capture) RoundTrip(r *http.Request) (*http.Response, error) {
	t.see(r)
	b, _ := json.Marshal(members{"Response": members{"RequestId": "x"}})
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(b))}, nil
}
