package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The manual is complete, and a golden file shows how it reads.
func TestManual(t *testing.T) {
	t.Parallel()
	var out, errs strings.Builder
	if status := run(t.Context(), []string{"help"}, func(string) string { return "" }, nil, &out, &errs); status != statusOK || errs.Len() > 0 {
		t.Fatalf("exit status %d, stderr %q", status, errs.String())
	}
	golden(t, filepath.Join("testdata", "help.txt"), out.String())
	for i, line := range strings.Split(out.String(), "\n") {
		if n := len([]rune(line)); n > 80 {
			t.Errorf("line %d has %d characters: %s", i+1, n, line)
		}
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; go test -update writes it. Got:\n%s", file, got)
	}
}

// README.md holds the commands and the page of symptoms between markers.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for name, page := range map[string]string{"commands": commandsMarkdown(), "symptoms": symptomsMarkdown()} {
		begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->\n"
		before, rest, ok := strings.Cut(want, begin)
		_, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Fatalf("README.md has no place for it: %s%s", begin, end)
		}
		want = before + begin + page + end + after
	}
	golden(t, "README.md", want)
}

// commandsMarkdown is the list of commands in README.md.
func commandsMarkdown() string {
	var b strings.Builder
	for _, c := range commands {
		fmt.Fprintf(&b, "- `vodctl %s`: %s\n", c.name, c.about)
	}
	return b.String()
}
