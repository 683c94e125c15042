// Package codezip packs executables into a zip for SCF. The same executables give
// the same bytes, so that a hash of the zip tells whether code changed.
package codezip

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/flate"
)

// Pack returns a zip with the files at its root. It sets their exec bits, because
// SCF unpacks the zip as it is, and a fixed time.
//
// It packs densely, which takes some seconds: a request that uploads a zip may have
// 10 MB (1130/46710).
func Pack(files ...string) ([]byte, error) {
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		header := &zip.FileHeader{
			Name:     filepath.Base(file),
			Method:   zip.Deflate,
			Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC), // the earliest that a zip can hold
		}
		header.SetMode(0o755)
		w, err := z.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(text); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}
