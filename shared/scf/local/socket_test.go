package local_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vodevents/shared/scf/local"
	"vodevents/shared/scf/local/localtest"
)

// While an instance runs, nobody on the network can reach it.
func TestNobodyListensOnTCP(t *testing.T) {
	t.Parallel()
	f := start(t)
	if _, err := f.Invoke(t.Context(), get("/"), time.Minute, nil); err != nil {
		t.Fatal(err)
	}
	if got := localtest.Listening(t, f.PID()); got != nil {
		t.Errorf("the function listens on %v", got)
	}

	// The same look finds what scf-go-lib opens.
	f, err := local.Start(t.Context(), function, []string{}, local.WithTCP())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := localtest.Listening(t, f.PID()); len(got) != 1 || !got[0].Addr().IsUnspecified() {
		t.Errorf("with scf-go-lib the function listens on %v", got)
	}
}

// The socket is in a folder of its own that others may not enter, and that is
// gone with the instance.
func TestSocketFolder(t *testing.T) {
	for _, tmp := range []string{t.TempDir(), filepath.Join(t.TempDir(), strings.Repeat("long/", 30))} {
		if err := os.MkdirAll(tmp, 0o755); err != nil {
			t.Fatal(err)
		}
		t.Setenv("TMPDIR", tmp)
		f, err := local.Start(t.Context(), function, []string{"VAR=x"})
		if err != nil {
			t.Fatal(err)
		}
		socket := socketOf(t, f)
		info, err := os.Stat(filepath.Dir(socket))
		if err != nil || info.Mode() != fs.ModeDir|0o700 {
			t.Errorf("folder of the socket: %v, %v", info, err)
		}
		f.Close()
		if _, err := os.Stat(filepath.Dir(socket)); !os.IsNotExist(err) {
			t.Errorf("the folder outlives its instance: %v", err)
		}
	}
}

// socketOf is the path that the instance was given.
func socketOf(t *testing.T, f *local.Function) string {
	t.Helper()
	answer, err := f.Invoke(t.Context(), get("/socket"), time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(answer), "socket=")
	socket, _, ok := strings.Cut(rest, ";")
	if !ok {
		t.Fatalf("answer %s", answer)
	}
	return socket
}
