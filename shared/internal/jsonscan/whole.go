package jsonscan

import (
	"strconv"
	"strings"
)

// maxWhole is how many digits the largest 64-bit number has.
const maxWhole = 20

// Whole spells a number of JSON as an integer if it is one: 23 for 23.0 and for 2.3e1. It
// is exact, so 0.99999999999999999999 is none. A number of over 20 digits is not
// spelled either.
func Whole(number string) (integer string, ok bool) {
	rest, negative := strings.CutPrefix(number, "-")
	mantissa, exponent, power := strings.Cut(strings.ToLower(rest), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimRight(whole+fraction, "0")
	significant := strings.TrimLeft(digits, "0")
	if significant == "" {
		return "0", true
	}
	var shift int64
	if power {
		var err error
		if shift, err = strconv.ParseInt(exponent, 10, 32); err != nil {
			return "", false
		}
	}
	zeros := int64(len(whole)) + shift - int64(len(digits))
	if zeros < 0 || int64(len(significant))+zeros > maxWhole {
		return "", false
	}
	integer = significant + strings.Repeat("0", int(zeros))
	if negative {
		integer = "-" + integer
	}
	return integer, true
}
