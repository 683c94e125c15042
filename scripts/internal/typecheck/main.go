// Typecheck tells whether all packages and their tests compile for another
// operating system:
//
//	go run ./scripts/internal/typecheck windows
//
// With an empty build cache it takes 8 s of a core, where go vet takes 110 s: vet
// has the compiler make machine code of every package and of the standard
// library first. It does not do vet's checks.
package main

import (
	"fmt"
	"os"

	"golang.org/x/tools/go/packages"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: typecheck GOOS")
		os.Exit(2)
	}
	faults, err := check(os.Args[1], ".", "./...")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, fault := range faults {
		fmt.Fprintln(os.Stderr, fault)
	}
	if len(faults) > 0 {
		os.Exit(1)
	}
}

// check returns the type errors that the packages and their tests have on an
// operating system. Those of what they import count as well.
func check(system, dir string, patterns ...string) (faults []packages.Error, err error) {
	roots, err := packages.Load(&packages.Config{
		Mode:  packages.LoadAllSyntax,
		Dir:   dir,
		Env:   append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0"),
		Tests: true,
	}, patterns...)
	if err != nil {
		return nil, err
	}
	seen := map[packages.Error]bool{} // a package and its test variants have the same
	packages.Visit(roots, nil, func(p *packages.Package) {
		for _, fault := range p.Errors {
			if !seen[fault] {
				seen[fault] = true
				faults = append(faults, fault)
			}
		}
	})
	return faults, nil
}
