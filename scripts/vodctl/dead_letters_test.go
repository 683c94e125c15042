package main

import (
	"bufio"
	"strings"
	"testing"
)

// A line that is too long is left out, also the last one of a file that does not end
// with a line break.
func TestReadLineLeavesOutLongLines(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1234\n123\n": "1234|123", "12345\n1\n": "-|1", "12345": "-", "1234": "1234", "1\n12345": "1|-", strings.Repeat("5", 40): "-", "1234\r\n": "-",
	} {
		var got []string
		for r := bufio.NewReaderSize(strings.NewReader(text), 16); ; {
			line, tooLong, err := readLine(r, nil, 4)
			if err != nil {
				break
			}
			if tooLong {
				line = append(line, '-')
			}
			got = append(got, string(line))
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("%q is read as %s, want %s", text, s, want)
		}
	}
}
