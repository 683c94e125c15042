package scripts_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vodevents/shared/longtest"
	"vodevents/shared/scf/local"
	"vodevents/shared/vodfake"
)

// run runs a command of this folder and returns what it printed.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// The zip has both executables with their exec bits and nothing else. Each build
// gives the same bytes (when tests may take long), and the executables run as on SCF.
func TestBuild(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	names := []string{"one", "two"}[:longtest.Scale(1, 2)] // packing takes 5 s of a core
	zips := make([][]byte, len(names))
	for i, name := range names {
		out := run(t, "build", "-o", filepath.Join(dir, name))
		if !strings.Contains(out, "sha256 ") || strings.Count(out, " MB\n") != 3 {
			t.Errorf("the sizes are missing:\n%s", out)
		}
		var err error
		if zips[i], err = os.ReadFile(filepath.Join(dir, name+".zip")); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(zips[0], zips[len(zips)-1]) {
		t.Error("two builds make two different zips")
	}

	archive, err := zip.NewReader(bytes.NewReader(zips[0]), int64(len(zips[0])))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, file := range archive.File {
		files = append(files, file.Name)
		if mode := file.Mode(); mode != 0o755 {
			t.Errorf("%s has mode %v", file.Name, mode)
		}
		text := unpack(t, file, filepath.Join(dir, file.Name))
		fits(t, file)
		if here, err := os.Getwd(); err != nil || bytes.Contains(text, []byte(filepath.Dir(here))) {
			t.Errorf("%s holds the path of this repository: a build elsewhere would differ (%v)", file.Name, err)
		}
	}
	if got := strings.Join(files, " "); got != "callback pull" {
		t.Fatalf("the zip holds %s", got)
	}

	vod := vodfake.RunT(t)
	vod.Queue(0, []byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5285890784246869930"]}}`))
	env := []string{
		"VOD_ENDPOINT=" + vod.URL,
		"VOD_SECRET_ID=" + vodfake.SecretId,
		"VOD_SECRET_KEY=" + vodfake.SecretKey,
		"SINK=file:" + filepath.Join(dir, "events.jsonl"),
	}
	tests := []struct {
		program      string
		payload      []byte
		member, want string
	}{
		{"callback", local.PostEvent([]byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["387702307847129127"]}}`)), "statusCode", "200"},
		{"pull", local.TimerEvent(time.Now()), "confirmed", "1"},
	}
	for _, tt := range tests {
		f, err := local.Start(t.Context(), filepath.Join(dir, tt.program), env, local.WithStdout(t.Output()), local.WithStderr(t.Output()), local.WithGrace(5*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		answer, err := f.Invoke(t.Context(), tt.payload, 20*time.Second, nil)
		if err != nil {
			t.Fatalf("%s: %v", tt.program, err)
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(answer, &members); err != nil {
			t.Fatalf("%s answers %s: %v", tt.program, answer, err)
		}
		if got := string(members[tt.member]); got != tt.want {
			t.Errorf("%s answers %s, want %s %s", tt.program, answer, tt.member, tt.want)
		}
	}
	lines, err := os.ReadFile(filepath.Join(dir, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(lines, []byte("\n")); n != 2 {
		t.Errorf("%d events came out, want 2:\n%s", n, lines)
	}
}

// fits checks that a function, alone in a zip, can be uploaded in one request. API
// 3.0 takes 10 MB (1130/46710); whether a MB has 1,000,000 bytes there is not known.
func fits(t *testing.T, file *zip.File) {
	t.Helper()
	const frame, rest = 1 << 10, 64 << 10 // of the zip and of the request
	sent := base64.StdEncoding.EncodedLen(int(file.CompressedSize64) + frame)
	t.Logf("the zip of %s has %.2f MB in base64", file.Name, float64(sent)/1e6)
	if sent+rest > 10_000_000 {
		t.Errorf("the zip of %s is too large to upload", file.Name)
	}
}

func unpack(t *testing.T, file *zip.File, path string) []byte {
	t.Helper()
	in, err := file.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	text, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, file.Mode()); err != nil {
		t.Fatal(err)
	}
	return text
}

// Anything else in the folder would be uploaded, too.
func TestBuildRefusesAFullFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("./build", "-o", dir).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "remove it first") {
		t.Errorf("%v\n%s", err, out)
	}
}
