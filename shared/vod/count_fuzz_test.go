package vod

import (
	"encoding/json"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// FuzzCount holds readCount to math/big, for any value of JSON: a count is a whole
// number from 0 to 2^64-1 in decimal digits, maybe with a fraction and an exponent, and
// maybe in quotes. It is read exactly. Everything else is no count.
func FuzzCount(f *testing.F) {
	for _, seed := range []string{`23`, `"23"`, `23.0`, `2.3e1`, `" 7\n"`, `"007"`, `0.99999999999999999999`, `"0x1p4"`, `-0`, `1e400`, `18446744073709551616`, `"+5"`, `"Inf"`, `null`, `[1]`, `""`, `"1_0"`} {
		f.Add([]byte(seed))
	}
	spelling := regexp.MustCompile(`^[0-9]+$|^(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE]([+-]?[0-9]+))?$`)
	f.Fuzz(func(t *testing.T, value []byte) {
		var v any
		d := json.NewDecoder(strings.NewReader(string(value)))
		d.UseNumber()
		if !json.Valid(value) || d.Decode(&v) != nil || strings.TrimSpace(string(value)) != string(value) {
			return // what the scanner gives has no space around it
		}
		var text string
		switch v := v.(type) {
		case string:
			text = strings.TrimSpace(v)
		case json.Number:
			text = v.String()
		}
		n, ok := readCount(value)
		parts := spelling.FindStringSubmatch(text)
		if parts == nil {
			if ok {
				t.Fatalf("%s is read as %d", value, n)
			}
			return
		}
		if e, err := strconv.Atoi(parts[1]); parts[1] != "" && (err != nil || e < -1000 || e > 1000) {
			return // big would make all the digits
		}
		exact, valid := new(big.Rat).SetString(decimal(text))
		if !valid {
			t.Fatalf("%q is no number to big", text)
		}
		want := exact.IsInt() && exact.Num().IsUint64()
		if ok != want || ok && n != exact.Num().Uint64() {
			t.Fatalf("%s is read as %d, %v; it is %s", value, n, ok, exact)
		}
	})
}

// decimal spells digits so that big does not take them for octal ones.
func decimal(text string) string {
	if trimmed := strings.TrimLeft(text, "0"); trimmed != "" && trimmed[0]-'0' <= 9 {
		return trimmed
	}
	return text
}
