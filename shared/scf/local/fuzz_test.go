package local_test

import (
	"bytes"
	"strings"
	"testing"

	"vodevents/shared/scf/local"
)

// FuzzLines holds the splitting to package bytes, whatever pieces the stream comes in:
// each line goes to one of the two, whole and in order.
func FuzzLines(f *testing.F) {
	f.Add([]byte("{\"specversion\":\"1.0\"}\n\n{\"level\":1}\nrest"), uint8(3))
	f.Add([]byte("\n\xff\n{\"specversion\":null,\"level\":null}\r\n"), uint8(1))
	f.Fuzz(func(t *testing.T, text []byte, size uint8) {
		var got [][]byte
		take := func(event bool) func([]byte) {
			return func(line []byte) {
				if got = append(got, line); local.IsEvent(line) != event {
					t.Errorf("%q is an event: %v", line, !event)
				}
			}
		}
		l := &local.Lines{Event: take(true), Log: take(false)}
		for piece := bytes.Clone(text); len(piece) > 0; {
			n := min(int(size)+1, len(piece))
			if m, err := l.Write(piece[:n]); m != n || err != nil {
				t.Fatal(m, err)
			}
			clear(piece[:n]) // the writer may use it again
			piece = piece[n:]
		}
		l.Flush()
		want := strings.Split(string(text), "\n")
		if last := len(want) - 1; want[last] == "" {
			want = want[:last]
		}
		if len(got) != len(want) {
			t.Fatalf("%d lines of %q, want %d", len(got), text, len(want))
		}
		for i := range want {
			if string(got[i]) != want[i] {
				t.Errorf("line %d is %q, want %q", i, got[i], want[i])
			}
		}
	})
}
