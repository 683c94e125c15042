package jsonscan

import (
	"math/big"
	"strconv"
	"strings"
	"testing"
)

// A number is spelled as an integer only if it is one, to the last digit.
func TestWholeIsExact(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"0": "0", "-0.00": "0", "0e99999999999": "0", "41": "41", "41.0": "41", "4.1e1": "41", "4.1E+1": "41", "4100e-2": "41", "-0.041e3": "-41", "1e2": "100",
		"18446744073709551615": "18446744073709551615", "1844674407370955161.5e1": "18446744073709551615", "9007199254740993.0": "9007199254740993", "1e19": "10000000000000000000",
		"0.99999999999999999999": "", "6.00000000000000000001": "", "41.5": "", "4.11e1": "", "1e-1": "", "9007199254740992.5": "",
		"1e20": "", "1e2147483647": "", "1e-2147483648": "", "1e9223372036854775807": "", "1e-9223372036854775808": "", "1e99999999999999999999": "",
	} {
		if got, ok := Whole(number); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v, want %q", number, got, ok, want)
		}
	}
}

// FuzzWhole holds Whole to math/big, for any number of JSON: a number is spelled exactly
// if it is an integer of at most 20 digits.
func FuzzWhole(f *testing.F) {
	for _, seed := range []string{"7", "7.0", "-70e-1", "0.7e1", "1e19", "1e20", "0.99999999999999999999", "0E+7"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, number string) {
		to, _, ok := numberEnd([]byte(number), 0)
		if !ok || to != len(number) {
			return
		}
		if _, exponent, power := strings.Cut(strings.ToLower(number), "e"); power {
			if e, err := strconv.Atoi(exponent); err != nil || e < -1000 || e > 1000 {
				return // big would make all the digits
			}
		}
		exact, ok := new(big.Rat).SetString(number)
		if !ok {
			t.Fatalf("%q is no number to big", number)
		}
		want := exact.Num().String()
		fits := exact.IsInt() && len(strings.TrimPrefix(want, "-")) <= 20
		if got, ok := Whole(number); ok != fits || ok && got != want {
			t.Fatalf("%s: %q, %v; it is %s", number, got, ok, exact)
		}
	})
}
