package page

import (
	"bytes"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The page is what is served and nothing else: no other host, nothing inline,
// and every file short enough to be read.
func TestFiles(t *testing.T) {
	served := map[string]bool{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		served[name] = true
		b, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		for _, word := range []string{"https://", "@import", "eval(", " onclick=", " style=", "<style", "innerHTML"} {
			if strings.Contains(string(b), word) {
				t.Errorf("%s holds %q", name, word)
			}
		}
		return nil
	})
	if err != nil || len(served) == 0 {
		t.Fatal(err, served)
	}
	for _, pattern := range []string{"*.js", "*.css", "*.html"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			isTest := strings.HasSuffix(name, "_test.js") || name == "testing.js" || name == "late.js"
			if served[name] == isTest {
				t.Errorf("%s is served: %t", name, served[name])
			}
			if b, err := os.ReadFile(name); err != nil || bytes.Count(b, []byte{'\n'}) > 400 {
				t.Errorf("%s has %d lines, %v", name, bytes.Count(b, []byte{'\n'}), err)
			}
		}
	}
}

// The pictures that READMEs show are there and load quickly.
func TestPictures(t *testing.T) {
	for _, name := range []string{"light", "dark", "media-light", "media-dark"} {
		b, err := os.ReadFile("screenshot-" + name + ".png")
		if err != nil {
			t.Fatal(err)
		}
		if c, err := png.DecodeConfig(bytes.NewReader(b)); err != nil || c.Width != 1440 || len(b) > 200_000 {
			t.Errorf("%s: %d bytes, %+v, %v", name, len(b), c, err)
		}
	}
}
