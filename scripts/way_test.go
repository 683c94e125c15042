package scripts_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// functions/README.md follows an event from file to file. Each function is in the file
// that the page names, no file comes twice on one way, and every step of the delivery
// is there.
func TestWayOfAnEvent(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../functions/README.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| \\[(\\S+)\\]\\((\\S+)\\) \\| `(\\w+)` \\| ")
	ways := strings.Split(string(readme), "\n## ")[1:]
	steps := map[string]bool{}
	for _, way := range ways {
		title, _, _ := strings.Cut(way, "\n")
		entered := map[string]bool{}
		for _, m := range row.FindAllStringSubmatch(way, -1) {
			file, link, function := m[1], m[2], m[3]
			if filepath.Join("functions", filepath.FromSlash(link)) != filepath.FromSlash(file) {
				t.Errorf("%s: the link of %s leads to %s", title, file, link)
			}
			if entered[file] {
				t.Errorf("%s: %s is entered twice", title, file)
			}
			entered[file], steps[function] = true, true
			if !declares(t, file, function) {
				t.Errorf("%s: there is no func %s in %s", title, function, file)
			}
		}
		if len(entered) < 8 {
			t.Errorf("%s: only %d files", title, len(entered))
		}
	}
	if len(ways) != 3 {
		t.Errorf("%d ways", len(ways))
	}
	for _, step := range []string{"claim", "verify", "handle", "send", "park", "settle"} {
		if !steps[step] {
			t.Errorf("the step %s is missing", step)
		}
	}
}

func declares(t *testing.T, file, function string) bool {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", filepath.FromSlash(file)), nil, 0)
	if err != nil {
		t.Error(err)
		return false
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == function {
			return true
		}
	}
	return false
}
