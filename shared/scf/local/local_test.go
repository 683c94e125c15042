package local_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vodevents/shared/scf/local"
)

// The binaries that the tests run.
var function, bare string

func TestMain(m *testing.M) {
	if path := os.Getenv("START_FUNCTION"); path != "" {
		startAndWait(path)
	}
	dir, err := os.MkdirTemp("", "local")
	if err != nil {
		log.Fatal(err)
	}
	function, bare = filepath.Join(dir, "function"), filepath.Join(dir, "bare")
	for out, pkg := range map[string]string{function: "../testdata/function", bare: "./testdata/bare"} {
		if err := build(out, pkg); err != nil {
			log.Fatal(err)
		}
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// build builds a function as it is deployed, and writes it as unzip does: from
// the pages of a file that the linker wrote a process starts a tenth slower.
func build(out, pkg string) error {
	linked := out + ".linked"
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", linked, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if b, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, b)
	}
	b, err := os.ReadFile(linked)
	if err != nil {
		return err
	}
	return os.WriteFile(out, b, 0o755)
}

func start(t testing.TB, opts ...local.Option) *local.Function {
	t.Helper()
	f, err := local.Start(t.Context(), function, []string{}, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func get(path string) []byte {
	return fmt.Appendf(nil, `{"httpMethod":"GET","path":%q}`, path)
}

func TestInvoke(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, v := range []string{"one", "two"} {
		answer, err := f.Invoke(t.Context(), get("/x"), 300*time.Second, map[string]string{"VAR": v})
		if err != nil {
			t.Fatal(err)
		}
		var a struct{ Body string }
		var echo struct {
			Var  string
			Left float64
		}
		if err := json.Unmarshal(answer, &a); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(a.Body), &echo); err != nil {
			t.Fatal(err)
		}
		if echo.Var != v || echo.Left < 200 || echo.Left > 300 {
			t.Errorf("the function saw VAR=%q and %v s left, want %q and just under 300", echo.Var, echo.Left, v)
		}
	}
}

func TestFunctionError(t *testing.T) {
	t.Parallel()
	f, err := local.Start(t.Context(), function, []string{"TRIGGER=timer"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, err = f.Invoke(t.Context(), []byte(`{"Message":"error"}`), time.Minute, nil)
	e, ok := errors.AsType[*local.Error](err)
	if !ok || e.Message != "on purpose" || e.Type != "errorString" || e.ShouldExit {
		t.Errorf("Invoke = %#v", err)
	}
}

func TestGone(t *testing.T) {
	t.Parallel()
	tests := []struct {
		path    string
		timeout time.Duration
		want    error
		says    string
	}{
		{"/hang", 100 * time.Millisecond, local.ErrTimeout, "100ms"},
		{"/exit", time.Minute, local.ErrExited, "exit status 7"},
		{"/crash", time.Minute, local.ErrExited, "exit status 2"},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			t.Parallel()
			f := start(t)
			_, err := f.Invoke(t.Context(), get(tt.path), tt.timeout, nil)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Invoke = %v, want %v: %s", err, tt.want, tt.says)
			}
			<-f.Exited()
			if _, err := f.Invoke(t.Context(), get("/"), time.Second, nil); !errors.Is(err, local.ErrExited) {
				t.Errorf("afterwards Invoke = %v, want %v", err, local.ErrExited)
			}
		})
	}
}

// The end of the caller's context is not the end of the invocation.
func TestContextEnds(t *testing.T) {
	t.Parallel()
	f := start(t)
	t.Cleanup(f.Kill) // it hangs
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := f.Invoke(ctx, get("/hang"), time.Hour, nil)
		gone <- err
	}()
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("Invoke = %v, want %v", err, context.Canceled)
	}
}

// A function that was given time to answer late is not killed when its time is over.
func TestGrace(t *testing.T) {
	t.Parallel()
	f := start(t, local.WithGrace(time.Hour))
	if _, err := f.Invoke(t.Context(), get("/"), time.Nanosecond, nil); err != nil {
		t.Error(err)
	}
}

func TestOneAtATime(t *testing.T) {
	t.Parallel()
	f := start(t)
	first := make(chan error, 1)
	go func() {
		_, err := f.Invoke(t.Context(), get("/hang"), 300*time.Millisecond, nil)
		first <- err
	}()
	second := make(chan error, 1)
	go func() {
		_, err := f.Invoke(t.Context(), get("/hang"), 300*time.Millisecond, nil)
		second <- err
	}()
	// One of them has the instance, which its timeout ends; the other never
	// gets it. Had both had it, both could have timed out.
	errs := []error{<-first, <-second}
	timeouts := 0
	for _, err := range errs {
		if errors.Is(err, local.ErrTimeout) {
			timeouts++
		} else if !errors.Is(err, local.ErrExited) {
			t.Errorf("Invoke = %v", err)
		}
	}
	if timeouts != 1 {
		t.Errorf("errors %v, want one timeout", errs)
	}
}

func TestStartErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct {
		path, says string
		patience   time.Duration
	}{
		{filepath.Join(dir, "none"), "no such file", time.Minute},
		{script("dies", "echo because >&2; exit 3"), "exit status 3", time.Minute},
		{script("deaf", "exec sleep 600"), "did not answer", 300 * time.Millisecond},
	}
	for _, tt := range tests {
		ctx, cancel := context.WithTimeout(t.Context(), tt.patience)
		defer cancel()
		var stderr bytes.Buffer
		f, err := local.Start(ctx, tt.path, nil, local.WithStderr(&stderr))
		if f != nil || err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("Start(%s) = %v, %v, want an error with %q", filepath.Base(tt.path), f, err, tt.says)
		}
		if tt.says == "exit status 3" && stderr.String() != "because\n" {
			t.Errorf("stderr = %q, want one start's", stderr.String())
		}
	}
}

func TestPool(t *testing.T) {
	t.Parallel()
	started := make(chan *local.Function, 10)
	pool := local.NewPool(2, func(ctx context.Context) (*local.Function, error) {
		f, err := local.Start(ctx, function, []string{})
		if err == nil {
			started <- f
		}
		return f, err
	})
	defer pool.Close()
	invoke := func(path string) error {
		_, err := pool.Invoke(t.Context(), get(path), time.Minute, nil)
		return err
	}

	for range 3 {
		if err := invoke("/"); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(started); n != 1 {
		t.Fatalf("3 events, one after the other, started %d instances", n)
	}

	// The one that is gone is replaced.
	if err := invoke("/exit"); !errors.Is(err, local.ErrExited) {
		t.Fatalf("Invoke = %v", err)
	}
	if err := invoke("/"); err != nil || len(started) != 2 {
		t.Fatalf("after an exit: %v, %d starts, want 2", err, len(started))
	}
	<-started
	second := <-started

	// A busy one means another, and two are all.
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { pool.Invoke(ctx, get("/hang"), time.Minute, nil) })
	}
	third := <-started
	cancel()
	wg.Wait()
	pool.Close()
	<-second.Exited()
	<-third.Exited()
	if n := len(started); n != 0 {
		t.Errorf("%d instances more than two", n)
	}
	if err := invoke("/"); !errors.Is(err, local.ErrClosed) {
		t.Errorf("Invoke of a closed pool = %v", err)
	}
}

// BenchmarkStart measures from the start of a process to its first rpc answer:
// of a function with scf-go-lib alone, of one on package scf, and of the two
// functions of this project, in random order. It reports the medians, and how
// many times the first one's the others are.
func BenchmarkStart(b *testing.B) {
	names := []string{"bare", "scf", "callback", "pull"}
	paths := map[string]string{"bare": bare, "scf": function}
	for _, name := range names[2:] {
		paths[name] = filepath.Join(b.TempDir(), name)
		if err := build(paths[name], "../../../functions/"+name); err != nil {
			b.Fatal(err)
		}
	}

	times := map[string][]float64{}
	for b.Loop() {
		for _, i := range rand.Perm(len(names)) {
			name := names[i]
			began := time.Now()
			f, err := local.Start(b.Context(), paths[name], []string{}, local.WithTCP())
			if err != nil {
				b.Fatal(err)
			}
			times[name] = append(times[name], float64(time.Since(began))/1e6)
			f.Kill()
		}
	}

	median := map[string]float64{}
	for _, name := range names {
		slices.Sort(times[name])
		median[name] = times[name][len(times[name])/2]
		b.ReportMetric(median[name], name+"-ms")
		if name != "bare" {
			b.ReportMetric(median[name]/median["bare"], name+"-times")
		}
	}
	b.ReportMetric(0, "ns/op")
}

func Example() {
	f, err := local.Start(context.Background(), function, []string{"TRIGGER=timer"}, local.WithLines(
		func(event []byte) { fmt.Println("event:", string(event)) },
		func(line []byte) { fmt.Println("log:", string(line)) },
	))
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	_, err = f.Invoke(context.Background(), []byte(`{"Type":"Timer","Message":"error"}`), time.Minute, nil)
	fmt.Println(err)
	// Output: function error: on purpose (errorString)
}
