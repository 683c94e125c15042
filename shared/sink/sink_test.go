package sink

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vodevents/shared/config"
	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/event"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "out")
	for rawURL, want := range map[string]string{
		"stdout:":        "*lines.Stream",
		"STDOUT:":        "*lines.Stream",
		"file:" + file:   "*lines.Sink",
		"file://" + file: "*lines.Sink",
		"http://127.0.0.1:1/path?secret=of-24-bytes-or-even-more": "*webhook.Sink",
		"https://me:word@host/":                                   "*webhook.Sink",
		"kafka://127.0.0.1:1/t":                                   "*kafka.Sink",
		"kafka://me:word@a:1,b:2,c:3/t?tls=true":                  "*kafka.Sink",
		"postgres://me:word@127.0.0.1:1/db?table=t":               "*postgres.Sink",
		"postgresql://me:word@127.0.0.1:1/db?table=t":             "*postgres.Sink",
		"postgres://me:word@127.0.0.1:1/?dedup_table=t":           "*postgres.Sink",
		"mysql://me:word@127.0.0.1:1/db?table=t&dedup_table=d":    "*mysql.Sink",
	} {
		s, err := Open(rawURL)
		if err != nil {
			t.Errorf("%s: %v", rawURL, err)
			continue
		}
		if got := fmt.Sprintf("%T", s); got != want {
			t.Errorf("%s: got %s, want %s", rawURL, got, want)
		}
		s.CloseIdle()
		if err := s.Close(); err != nil {
			t.Errorf("%s: Close: %v", rawURL, err)
		}
	}
}

func TestOpenStore(t *testing.T) {
	t.Parallel()
	for rawURL, want := range map[string]string{
		"memory:":                             "*deliver.Memory",
		"off":                                 "*deliver.Off",
		"postgres://me:word@127.0.0.1:1/db":   "*postgres.Store",
		"postgresql://me:word@127.0.0.1:1/db": "*postgres.Store",
		"mysql://me:word@127.0.0.1:1/db":      "*mysql.Store",
	} {
		s, err := OpenStore(rawURL)
		if err != nil {
			t.Errorf("%s: %v", rawURL, err)
			continue
		}
		if got := fmt.Sprintf("%T", s); got != want {
			t.Errorf("%s: got %s, want %s", rawURL, got, want)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: Close: %v", rawURL, err)
		}
	}
}

// No sink is opened, none is half nil, and nothing secret is said.
func TestErrors(t *testing.T) {
	t.Parallel()
	const known = "there are stdout:, file:, http:, https:, kafka:, postgres:, postgresql:, mysql: and cos:"
	for _, c := range []struct{ url, err string }{
		{"", "not a URL; begin with stdout:, "},
		{"hush", "not a URL; begin with stdout:, "},
		{":hush", known},
		{"hush@host:80/", "not a URL; begin with stdout:, "},
		{"redis://me:hush@host/hush", `unknown scheme "redis:"; ` + known},
		{"memory:", known},
		{"stdout", "not a URL; begin with stdout:, "},
		{"stdout://hush", "nothing may follow"},
		{"stdout:?pretty=hush", "nothing may follow"},
		{"file:", "needs the path"},
		{"file:/hush/hush", "make it first"},
		{"http://me:hu#sh@host/", "http: not a URL"},
		{"https://me:hush%@host/", "https: not a URL"},
		{"https://host/?secret=whsec_hush!", "https://host: "},
		{"kafka://me:hush@host/t?acks=hush", "kafka://host: has a parameter"},
		{"postgres://me:hush#x@host/", "postgres: not a URL"},
		{"postgres://hush:2024/x@host/db?table=a;", "postgres: not a URL"},
		{"postgresql://hush:2024?x@host/db", "postgresql: not a URL"},
		{"postgres://hush:2024#x@host/db", "postgres: not a URL"},
		{"https://hush:2024/x@host/?secret=", "https: the secret is empty"},
		{"http://hush:2024#x@host/", "http: a # never"},
		{"file://hush:2024/x@host/y", "file: a file has no host"},
		{"postgres://me:hush@host/db?table=hush;", "postgres://host: "},
		{"mysql://me:hush@host/db?allowAllFiles=hush", "mysql://host: has a parameter other than"},
		{"mysql://me:p@host/db?hush", "mysql://host: has a parameter other than"},
		{"mysql://me:hush@host", "mysql://host: the database is missing"},
		{"mysql://hush:2024/x@host/db", "mysql: not a URL"},
		{"mysql://me:hush#x@host/", "mysql: not a URL"},
	} {
		s, err := Open(c.url)
		if err == nil || s != nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: got %v, %v, want an error with %q", c.url, s, err, c.err)
		} else if strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: the error says too much: %v", c.url, err)
		}
	}
	for _, c := range []struct{ url, err string }{
		{"", "not a URL; begin with memory:, "},
		{"on", "not a URL; begin with memory:, "},
		{"memory:?size=hush", "nothing may follow"},
		{"stdout:", `unknown scheme "stdout:"; there are memory:, postgres:, postgresql: and mysql:`},
		{"postgres://me:hush%@host/db", "postgres: not a URL"},
	} {
		s, err := OpenStore(c.url)
		if err == nil || s != nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("store %s: got %v, %v, want an error with %q", c.url, s, err, c.err)
		} else if strings.Contains(err.Error(), "hush") {
			t.Errorf("store %s: the error says too much: %v", c.url, err)
		}
	}
}

// SCHEMA_BASE reaches what every sink gets.
func TestPipelineNamesSchemas(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "events")
	var o Outlets
	defer o.Close()
	p, err := o.Pipeline(config.Config{Sinks: []string{"file:" + file}, Dedup: config.DedupOff, SchemaBase: "https://example.com/vod"}, deliver.Pulled, nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := event.Parse([]byte(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5"}}`), event.Origin{Mode: event.Reliable})
	if err != nil {
		t.Fatal(err)
	}
	if fate := p.Deliver(t.Context(), []*event.Event{e})[0].Fate; fate != deliver.Delivered {
		t.Fatalf("the event was %s", fate)
	}
	got, err := os.ReadFile(file)
	if want := `"dataschema":"https://example.com/vod/NewFileUpload.json"`; err != nil || !strings.Contains(string(got), want) {
		t.Errorf("got %s, %v, want one with %s", got, err, want)
	}
}

func outletsOf(sinks, deadLetter, dedup string) config.Config {
	return config.Config{Sinks: strings.Fields(sinks), DeadLetter: deadLetter, Dedup: dedup}
}

func TestOutlets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b, c := "file:"+dir+"/a", "file:"+dir+"/b", "file:"+dir+"/c"
	var o Outlets
	open := func(sinks, deadLetter, dedup string) *deliver.Pipeline {
		t.Helper()
		opened, err := o.Pipeline(outletsOf(sinks, deadLetter, dedup), deliver.Pushed, nil)
		if err != nil {
			t.Fatal(err)
		}
		return opened
	}
	fails := func(want, sinks, deadLetter, dedup string) {
		t.Helper()
		opened, err := o.Pipeline(outletsOf(sinks, deadLetter, dedup), deliver.Pushed, nil)
		if err == nil || !strings.HasPrefix(err.Error(), want) || opened != nil {
			t.Fatalf("got %v, %v, want an error that begins with %q", opened, err, want)
		}
	}
	isOpen := func(s deliver.Sink, want bool) {
		t.Helper()
		if err := s.Send(t.Context(), delivertest.Events(t, 1))[0]; (err == nil) != want {
			t.Errorf("is it open? got error %v, want open %v", err, want)
		}
	}

	first := open(a+" "+b, "", "memory:")
	if len(first.Sinks) != 2 || first.DeadLetter != nil || first.Store == nil {
		t.Fatalf("got %+v", first)
	}
	again := open(a+" "+b, "", "memory:")
	if again.Sinks[0] != first.Sinks[0] || again.Sinks[1] != first.Sinks[1] || again.Store != first.Store {
		t.Error("the same URLs were opened again")
	}

	// One URL, one sink: two would write the file at cross purposes.
	swapped := open(b, a, "off")
	if swapped.Sinks[0] != first.Sinks[1] || swapped.DeadLetter != first.Sinks[0] {
		t.Error("a sink that is still named was opened again")
	}
	if swapped.Store == first.Store {
		t.Error("another DEDUP, the same store")
	}
	if both := open(b+" "+b, b, "off"); len(both.Sinks) != 1 || both.DeadLetter != both.Sinks[0] || both.Store != swapped.Store {
		t.Errorf("one URL thrice: got %+v", both)
	}
	isOpen(swapped.DeadLetter, false)
	isOpen(swapped.Sinks[0], true)

	// What is wrong closes nothing.
	fails("SINK: unknown scheme", c+" redis:", "", "off")
	fails("DEAD_LETTER: file: ", b, "file:"+dir+"/none/x", "off")
	fails("DEDUP: unknown scheme", b, "", "redis:")
	isOpen(swapped.Sinks[0], true)
	last := open(b, "", "off")
	if last.Sinks[0] != swapped.Sinks[0] || last.Store != swapped.Store {
		t.Error("errors made it open the same again")
	}

	if err := o.Close(); err != nil {
		t.Error(err)
	}
	isOpen(last.Sinks[0], false)
	isOpen(open(b, "", "off").Sinks[0], true)
	if err := o.Close(); err != nil {
		t.Error(err)
	}
	if err := o.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	if _, err := os.Stat(dir + "/c"); err == nil {
		t.Error("a sink that was never used made its file")
	}
}

// idler counts what Outlets does with what is open.
type idler struct {
	deliver.Sink
	deliver.Store
	idle, closed int
}

func (i *idler) CloseIdle()   { i.idle++ }
func (i *idler) Close() error { i.closed++; return nil }

// At the start of each invocation all that is kept closes what a freeze may
// have killed.
func TestOutletsCloseIdle(t *testing.T) {
	t.Parallel()
	a, b, store := new(idler), new(idler), new(idler)
	o := Outlets{sinks: map[string]deliver.Sink{"a": a, "b": b}, store: store, url: "c"}
	for n := 1; n <= 2; n++ {
		if _, err := o.Pipeline(outletsOf("a", "b", "c"), deliver.Pushed, nil); err != nil {
			t.Fatal(err)
		}
		if a.idle != n || b.idle != n || store.idle != n {
			t.Errorf("invocation %d: CloseIdle was called %d, %d and %d times", n, a.idle, b.idle, store.idle)
		}
	}
	if _, err := o.Pipeline(outletsOf("a", "", "off"), deliver.Pushed, nil); err != nil {
		t.Fatal(err)
	}
	if a.closed != 0 || b.closed != 1 || store.closed != 1 {
		t.Errorf("what is named no more: Close was called %d, %d and %d times", a.closed, b.closed, store.closed)
	}
}

// Secrets must not come out of any URL that Open refuses.
func FuzzOpen(f *testing.F) {
	for _, s := range sinks(new(pools)) {
		for _, rest := range []string{"", "//u:SECRET@host/x", "//u:SECRET@h1:1,h2:2/x?secret=SECRET&sasl=plain&table=t#f", "/x?a=SECRET", "//host:SECRET/x", "//u:%SECRET@host"} {
			f.Add(s.name + ":" + rest)
		}
	}
	f.Fuzz(func(t *testing.T, rawURL string) {
		s, err := Open(rawURL)
		if (s == nil) != (err != nil) {
			t.Fatalf("got %v, %v", s, err)
		}
		if err == nil {
			s.Close()
			return
		}
		scheme, rest, _ := strings.Cut(rawURL, ":")
		rest = strings.TrimPrefix(rest, "//")
		authority, _, _ := strings.Cut(strings.NewReplacer("?", "/", "#", "/").Replace(rest), "/")
		host := authority[strings.LastIndexByte(authority, '@')+1:]
		if strings.Contains(err.Error(), "SECRET") && !strings.Contains(scheme+host, "SECRET") {
			t.Errorf("%q: the error says too much: %v", rawURL, err)
		}
	})
}

// SCF changes the variables from one invocation to the next; those of a host stay,
// once they are good.
func TestOpenReadsTheVariables(t *testing.T) {
	t.Parallel()
	for _, once := range []bool{false, true} {
		o := Outlets{ReadOnce: once}
		defer o.Close()
		var got []int
		for _, attempts := range []string{"none", "3", "4"} {
			cfg, _, err := o.Open(func(name string) string {
				return map[string]string{"MAX_ATTEMPTS": attempts, "SINK": "stdout:"}[name]
			}, config.Callback|config.Pull, deliver.Pushed, nil)
			if (err != nil) != (attempts == "none") {
				t.Errorf("MAX_ATTEMPTS=%s: %v", attempts, err)
			}
			got = append(got, cfg.MaxAttempts)
		}
		want := "[0 3 4]"
		if once {
			want = "[0 3 3]"
		}
		if fmt.Sprint(got) != want {
			t.Errorf("once %t: %v, want %s", once, got, want)
		}
	}
}
