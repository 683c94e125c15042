// Mkzip packs a folder of executables into a zip for SCF and prints their sizes.
// The same executables give the same bytes.
//
//	go run ./scripts/internal/mkzip FILE.zip DIR
//
// It takes the place of a zip program, which may be missing on a fresh machine and
// writes the current time into the file.
package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"vodevents/scripts/internal/codezip"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: mkzip FILE.zip DIR")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "mkzip:", err)
		os.Exit(1)
	}
}

func run(name, dir string) error {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return err
	}
	var files []string
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			return err
		}
		files = append(files, filepath.Join(dir, entry.Name()))
		report(files[len(files)-1], info.Size())
	}
	packed, err := codezip.Pack(files...)
	if err != nil {
		return err
	}
	if err := os.WriteFile(name, packed, 0o644); err != nil {
		return err
	}
	report(name, int64(len(packed)))
	fmt.Printf("sha256 %x\n", sha256.Sum256(packed))
	return nil
}

func report(name string, size int64) {
	fmt.Printf("%-16s %6.2f MB\n", name, float64(size)/1e6)
}
