// Mkzip packs a folder of executables into a zip for SCF and prints their sizes.
// The same executables give the same bytes.
//
//	go run ./scripts/internal/mkzip FILE.zip DIR
//
// It sets the exec bit in the zip, because SCF unpacks the zip as it is. It takes
// the place of a zip program, which may be missing on a fresh machine and writes
// the current time into the file.
package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"time"
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
	files, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for _, file := range files {
		path := filepath.Join(dir, file.Name())
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		header := &zip.FileHeader{
			Name:     file.Name(),
			Method:   zip.Deflate,
			Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC), // the earliest that a zip can hold
		}
		header.SetMode(0o755)
		w, err := z.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
		report(path, len(text))
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := os.WriteFile(name, packed.Bytes(), 0o644); err != nil {
		return err
	}
	report(name, packed.Len())
	fmt.Printf("sha256 %x\n", sha256.Sum256(packed.Bytes()))
	return nil
}

func report(name string, size int) {
	fmt.Printf("%-16s %6.2f MB\n", name, float64(size)/1e6)
}
