package scripts_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Each line of the threat model names a test, and every named test exists.
func TestEachThreatNamesTestsThatExist(t *testing.T) {
	text, err := os.ReadFile("../shared/SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z0-9/]+)` `((?:Test|Fuzz)[A-Za-z0-9_]+)`")
	tested := map[string][]string{} // the tests of a folder
	lines, wanted := 0, false
	for line := range strings.Lines(string(text)) {
		switch {
		case strings.HasPrefix(line, "| threat "):
			wanted = true
			continue
		case !strings.HasPrefix(line, "|"):
			wanted = false
			continue
		case !wanted, strings.HasPrefix(line, "|---"):
			continue
		}
		lines++
		tests := named.FindAllStringSubmatch(line, -1)
		if len(tests) == 0 {
			t.Errorf("no test is named: %s", line)
		}
		if cells := strings.Split(line, "|"); strings.Count(cells[3], "`Test")+strings.Count(cells[3], "`Fuzz") != len(tests) {
			t.Errorf("a test is named without its folder: %s", line)
		}
		for _, m := range tests {
			folder, name := m[1], m[2]
			if tested[folder] == nil {
				tested[folder] = testsOf(t, folder)
			}
			if !slices.Contains(tested[folder], name) {
				t.Errorf("there is no %s in %s: %s", name, folder, line)
			}
		}
	}
	if lines < 30 {
		t.Errorf("only %d threats were found", lines)
	}
}

// testsOf returns the names of the tests and fuzz targets of a folder.
func testsOf(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(folder), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names
}
