package main

import (
	"bufio"
	"bytes"
	"io"
	"testing"
)

// FuzzReadLine holds the reading of lines to bytes.Split: every line comes once, in
// order and whole, with the \n taken off. One of more than most bytes is told to be too
// long, and nothing of it is kept; its neighbours are as they were.
func FuzzReadLine(f *testing.F) {
	f.Add([]byte("a\n\nbcd\nbcde\nbcdef\n"), uint8(4), uint8(0))
	f.Add([]byte("abcde"), uint8(4), uint8(0))
	f.Add([]byte("0123456789abcdefg\n0123456789abcdefgh\r\nx"), uint8(17), uint8(0))
	f.Add(bytes.Repeat([]byte("y"), 100), uint8(30), uint8(9))
	f.Fuzz(func(t *testing.T, text []byte, most, size uint8) {
		var want [][]byte
		for line := range bytes.Lines(text) {
			want = append(want, bytes.TrimSuffix(line, []byte("\n")))
		}
		r := bufio.NewReaderSize(bytes.NewReader(text), 16+int(size)) // 16 is the smallest
		var buf []byte
		for i, line := range want {
			got, tooLong, err := readLine(r, buf[:0], int(most))
			if err != nil || tooLong != (len(line) > int(most)) || !tooLong && !bytes.Equal(got, line) || tooLong && len(got) > 0 {
				t.Fatalf("line %d of %q, at most %d bytes, is %q, %t, %v", i+1, text, most, got, tooLong, err)
			}
			buf = got
		}
		if line, _, err := readLine(r, buf[:0], int(most)); err != io.EOF {
			t.Fatalf("behind %q comes %q, %v", text, line, err)
		}
	})
}
