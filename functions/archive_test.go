package functions_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/sink/cos/costest"
	"vodevents/shared/vodfake"
)

// inbox is a webhook's receiver.
type inbox struct {
	mu       sync.Mutex
	down     bool
	subjects []string // of what it took
}

func (i *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	i.mu.Lock()
	defer i.mu.Unlock()
	e, bad := event.ParseCloudEvent(body)
	if err != nil || bad != nil || i.down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	i.subjects = append(i.subjects, e.Type+" "+e.Subject)
}

func (i *inbox) set(down bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.down = down
}

func (i *inbox) took() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(i.subjects)))
}

// archived are the objects of a bucket as an inbox tells of events.
func archived(t *testing.T, c *costest.Server) (subjects []string) {
	t.Helper()
	texts, err := c.Contents()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		e, err := event.ParseCloudEvent(text)
		if err != nil {
			t.Fatal(err)
		}
		subjects = append(subjects, e.Type+" "+e.Subject)
	}
	slices.Sort(subjects)
	return subjects
}

// A bucket is the archive of everything beside a webhook that wants uploads alone.
// An event is confirmed when both have it, whichever was down first; in between
// nothing is lost, and the webhook never sees what it does not want.
func TestArchiveBesideAnotherSink(t *testing.T) {
	t.Parallel()
	c, hook := costest.RunT(t), new(inbox)
	receiver := httptest.NewServer(hook)
	t.Cleanup(receiver.Close)
	var mu sync.Mutex
	busy := true
	c.Answer = func(w http.ResponseWriter, _ *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if busy {
			costest.Refuse(w, http.StatusServiceUnavailable, "SlowDown")
		}
		return busy
	}
	sink := "SINK=" + receiver.URL + "/vod?types=NewFileUpload " + c.URL("archive") + "&types=!BrandNewEvent"

	s := runVOD(t, vodfake.Options{})
	f := start(t, pullBin, append(vodEnv(s), sink, "DEDUP=memory:")...)
	for _, body := range []string{
		string(uploadNamed(1, "a")), string(uploadNamed(2, "b")),
		`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["3"]}}`, `{"EventType":"BrandNewEvent","AnyEvent":{"FileId":"4"}}`,
	} {
		s.Queue(0, []byte(body))
	}
	uploads := []string{"NewFileUpload 1", "NewFileUpload 2"}
	all := append([]string{"FileDeleted 3"}, uploads...)

	// The archive is down: what nobody wants is done, and all else is left.
	r := f.drain(12 * time.Second)
	if r["unwanted"] != 1.0 || r["confirmed"] != 1.0 || r["delivered"] != 0.0 || len(archived(t, c)) != 0 {
		t.Errorf("the archive is down: %v, %q", r, archived(t, c))
	}
	// The webhook is down: what it does not want is done.
	mu.Lock()
	busy = false
	mu.Unlock()
	hook.set(true)
	s.FastForward(31 * time.Second)
	r = f.drain(12 * time.Second)
	if r["delivered"] != 1.0 || r["confirmed"] != 1.0 || !slices.Equal(archived(t, c), all) {
		t.Errorf("the webhook is down: %v, %q", r, archived(t, c))
	}
	hook.set(false)
	s.FastForward(31 * time.Second)
	r = f.drain(12 * time.Second)
	if r["delivered"] != 2.0 || r["confirmed"] != 2.0 || s.Pending(0) != 0 {
		t.Errorf("both are there: %v, %d pending", r, s.Pending(0))
	}
	if got := hook.took(); !slices.Equal(got, uploads) {
		t.Errorf("the webhook has %q", got)
	}

	// The same for callbacks.
	f = start(t, callbackBin, sink)
	if status, answer := f.post(uploadNamed(5, "e")); status != http.StatusOK {
		t.Errorf("%d %s", status, answer)
	}
	if status, answer := f.post([]byte(`{"EventType":"BrandNewEvent","AnyEvent":{"FileId":"6"}}`)); status != http.StatusOK {
		t.Errorf("%d %s", status, answer)
	}
	if got := archived(t, c); !slices.Equal(got, append(slices.Clone(all), "NewFileUpload 5")) || !slices.Equal(hook.took(), append(uploads, "NewFileUpload 5")) {
		t.Errorf("the archive has %q, the webhook %q", got, hook.took())
	}
	if events := f.out.take(); len(events) != 0 {
		t.Errorf("parked or printed: %s", strings.Join(events, "\n"))
	}
}
