package deliver

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"
)

// Every constant of the type Fate is in Fates: what is counted by fate misses none.
func TestFatesAreAll(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "fate.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []Fate
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			if name, ok := v.Type.(*ast.Ident); ok && name.Name == "Fate" {
				text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				declared = append(declared, Fate(text))
			}
		}
	}
	if len(declared) == 0 || !slices.Equal(slices.Sorted(slices.Values(declared)), slices.Sorted(slices.Values(Fates))) {
		t.Errorf("declared are %v, in Fates are %v", declared, Fates)
	}
}
