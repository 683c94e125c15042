package sink

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"vodevents/shared/config"
	"vodevents/shared/deliver"
)

// Ready asks every outlet, and its error names those that do not answer, without
// anything secret.
func TestReadyNamesWhatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	var methods atomic.Value
	status := http.StatusMethodNotAllowed
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		methods.Store(r.Method)
		w.WriteHeader(status)
	}))
	defer receiver.Close()
	folder := filepath.Join(t.TempDir(), "folder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	ready := func(env ...string) error {
		t.Helper()
		cfg, err := config.Read(func(name string) string {
			for _, kv := range env {
				if value, ok := strings.CutPrefix(kv, name+"="); ok {
					return value
				}
			}
			return ""
		}, config.Both)
		if err != nil {
			t.Fatal(err)
		}
		var o Outlets
		defer o.Close()
		if _, err := o.Pipeline(cfg, deliver.Pulled, nil); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(env, "break") {
			os.RemoveAll(folder)
		}
		return o.Ready(t.Context())
	}

	file := "file:" + filepath.Join(folder, "events")
	if err := ready("SINK=stdout: "+file+" "+receiver.URL+"/hush", "DEDUP=memory:"); err != nil {
		t.Errorf("all answer: %v", err)
	}
	if m := methods.Load(); m != "HEAD" {
		t.Errorf("the webhook was asked by %v", m)
	}
	status = http.StatusBadGateway
	err := ready("break", "SINK="+file+" "+receiver.URL+"/hush", "DEAD_LETTER=http://me:hush@127.0.0.1:1/hush", "DEDUP=postgres://me:hush@127.0.0.1:1/hush")
	if err == nil {
		t.Fatal("nothing answers, and it is ready")
	}
	for _, want := range []string{"sink file: ", "HEAD is answered 502", "sink http://127.0.0.1:1: ", "DEDUP postgres://127.0.0.1:1: "} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "hush") {
		t.Errorf("secret: %v", err)
	}
}

// Whatever can be asked is asked: an outlet without Ready is always ready.
func TestEveryOutletSaysWhetherItIsReady(t *testing.T) {
	t.Parallel()
	urls := map[string]string{
		"file": "file:" + filepath.Join(t.TempDir(), "out"), "http": "http://127.0.0.1:1/", "https": "https://127.0.0.1:1/", "kafka": "kafka://127.0.0.1:1/t",
		"postgres": "postgres://127.0.0.1:1/db", "postgresql": "postgresql://127.0.0.1:1/db", "mysql": "mysql://me@127.0.0.1:1/db",
		"cos": "cos://bucket-1250000000/events?region=ap-guangzhou",
	}
	for _, s := range sinks(new(pools)) {
		if s.name == "stdout" {
			continue
		}
		opened, err := s.open(urls[s.name])
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		if _, ok := opened.(readier); !ok {
			t.Errorf("%s: /readyz cannot ask a %T: give it Ready(context.Context) error", s.name, opened)
		}
		opened.Close()
	}
	for _, s := range stores(new(pools)) {
		if s.name == "memory" {
			continue
		}
		opened, err := s.open(urls[s.name])
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		if _, ok := opened.(readier); !ok {
			t.Errorf("%s: /readyz cannot ask a %T: give it Ready(context.Context) error", s.name, opened)
		}
		opened.Close()
	}
}
