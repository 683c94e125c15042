// Package term makes text from outside safe to print on a terminal. An EventType,
// a subject or a server's error message may contain escape sequences. They move
// the cursor, rename the window or reverse the direction of writing, so that the
// screen shows lines that no program wrote.
package term

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Harmless returns s with a "_" in place of every invisible character: controls
// (C0, DEL and C1), which include line breaks, marks that change the direction of
// writing or have no width, and line and paragraph separators. Bytes that are not
// UTF-8 become U+FFFD.
func Harmless(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return '_'
		}
		return r
	}, s)
}

// Lines is [Harmless] for text of several lines, such as a joined error. The
// line breaks stay, and each further line is indented, so that text from outside
// cannot pass for a line of the program.
func Lines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = Harmless(line)
		if i > 0 && line != "" && line[0] != ' ' {
			lines[i] = "  " + lines[i]
		}
	}
	return strings.Join(lines, "\n")
}

// JSON returns JSON with the same meaning as b. Each invisible character is written
// as \u and its number, except white space between tokens. Text that is not JSON
// is made harmless, too.
func JSON(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		switch {
		case unicode.IsGraphic(r) && !(r == utf8.RuneError && size == 1), r == '\n', r == '\t':
			out = append(out, b[:size]...)
		case r == '\r': // in JSON it is white space
			out = append(out, ' ')
		case r > 0xffff:
			high, low := (r-0x10000)>>10+0xd800, (r-0x10000)&0x3ff+0xdc00
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		b = b[size:]
	}
	return out
}

// Sprintf is fmt.Sprintf with harmless arguments: strings go through [Harmless],
// errors through [Lines]. The format is the program's own, so it is kept.
func Sprintf(format string, args ...any) string {
	safe := make([]any, len(args))
	for i, arg := range args {
		safe[i] = harmlessArg(arg)
	}
	return fmt.Sprintf(format, safe...)
}

func harmlessArg(arg any) any {
	switch arg := arg.(type) {
	case nil:
		return nil
	case error:
		return Lines(arg.Error())
	case fmt.Stringer:
		if v := reflect.ValueOf(arg); v.Kind() == reflect.Pointer && v.IsNil() {
			return arg
		}
		return Harmless(arg.String())
	case []byte:
		return Harmless(string(arg))
	case []string:
		safe := make([]string, len(arg))
		for i, s := range arg {
			safe[i] = Harmless(s)
		}
		return safe
	}
	if v := reflect.ValueOf(arg); v.Kind() == reflect.String {
		return Harmless(v.String())
	}
	return arg
}
