package postgres

import (
	"bytes"
	"strconv"
	"unicode/utf16"

	"vodevents/shared/internal/jsonscan"
)

// indexable is the most bytes of type and subject: what fits into an index.
const indexable = 1024

// holdable is JSON as jsonb can hold it: U+FFFD stands for \u0000 and for half a
// surrogate pair. It returns data itself when nothing has to change, and nil for
// what jsonb shall not hold. powers: data may have numbers with an exponent.
func holdable(data []byte, powers bool) []byte {
	if powers && swells(data) {
		return nil
	}
	if !bytes.Contains(data, []byte(`\u`)) {
		return data
	}
	var out []byte
	copied := 0 // how much of data is in out
	for i := 0; i < len(data); {
		if data[i] != '\\' {
			i++
			continue
		}
		r, size := jsonscan.Escaped(data[i:])
		if data[i+1] == 'u' && (r == 0 || utf16.IsSurrogate(r)) {
			out = append(append(out, data[copied:i]...), `\ufffd`...)
			copied = i + size
		}
		i += size
	}
	if copied == 0 {
		return data
	}
	return append(out, data[copied:]...)
}

// swells tells whether jsonb would print data much longer than it is. It keeps
// 1e131071 in a few bytes and prints 131,072 digits: every reader of a row that
// has many of those runs out of memory.
func swells(data []byte) bool {
	most := len(data) + 16<<10
	more := 0
	for scalar := range jsonscan.Scalars(data) {
		if c := scalar[0]; c != '-' && (c < '0' || c > '9') {
			continue
		}
		e := bytes.IndexAny(scalar, "eE")
		if e < 0 {
			continue
		}
		exponent, err := strconv.Atoi(string(scalar[e+1:]))
		if err != nil { // over 64 bits
			return true
		}
		if more += max(exponent, -exponent); more > most || more < 0 {
			return true
		}
	}
	return false
}
