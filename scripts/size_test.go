package scripts_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The README is a page that a newcomer reads to its end.
func TestReadmeIsShort(t *testing.T) {
	t.Parallel()
	const most = 1300 // words, without the tables that are made from code
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{`(?s)<!-- guarantees -->.*<!-- /guarantees -->`, `(?m)^\| variable \| used by (.*\n)(\|.*\n)+`} {
		at := regexp.MustCompile(table).FindIndex(readme)
		if at == nil {
			t.Fatalf("README.md has nothing like %s", table)
		}
		readme = append(readme[:at[0]:at[0]], readme[at[1]:]...)
	}
	if n := len(bytes.Fields(readme)); n > most {
		t.Errorf("README.md has %d words without its tables, more than %d", n, most)
	}
}

// A function fits on a screen, and a file can be read in one go. Tests may have long
// tables, and nobody reads generated code.
func TestCodeIsShort(t *testing.T) {
	t.Parallel()
	const mostOfFunction, mostOfFile, mostOfMain = 60, 400, 60 // lines
	files := 0
	look := func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == "testdata" {
			return filepath.SkipDir
		}
		ext := filepath.Ext(path)
		if d.IsDir() || ext != ".go" && ext != ".js" && ext != ".css" {
			return nil
		}
		files++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		most := mostOfFile
		if strings.HasPrefix(path, filepath.Join("..", "functions")) && d.Name() == "main.go" {
			most = mostOfMain
		}
		lines := bytes.Count(text, []byte("\n"))
		if ext == ".go" {
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, text, parser.ParseComments)
			if err != nil {
				return err
			}
			if ast.IsGenerated(file) {
				return nil
			}
			for _, decl := range file.Decls {
				f, ok := decl.(*ast.FuncDecl)
				if !ok || strings.HasSuffix(path, "_test.go") {
					continue
				}
				if n := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1; n > mostOfFunction {
					t.Errorf("%s: %s has %d lines, more than %d", path, f.Name.Name, n, mostOfFunction)
				}
			}
		}
		if lines > most {
			t.Errorf("%s has %d lines, more than %d", path, lines, most)
		}
		return nil
	}
	for _, root := range []string{"functions", "shared", "scripts"} {
		if err := filepath.WalkDir(filepath.Join("..", root), look); err != nil {
			t.Fatal(err)
		}
	}
	if files < 100 {
		t.Errorf("only %d files: the test looks in the wrong place", files)
	}
}
