package sqltable

import (
	"strings"
	"unicode/utf8"

	"vodevents/shared/event"
	"vodevents/shared/sink/stored"
)

// Unmark sets the columns of a parked row so that it is parked no longer.
const Unmark = "parkreason = NULL, parkattempts = NULL, parkfirsterror = NULL, parklasterror = NULL"

// Dialect is how a database writes conditions.
type Dialect struct {
	// Mark is the placeholder of the argument with a number, from 1 on, in the order
	// of the text; of is its type in PostgreSQL.
	Mark func(number int, of string) string

	// PadsTexts: texts compare as if spaces followed without end, as in MySQL's
	// utf8mb4_bin. "a\t" then comes before "a", and equals sees no space at the end.
	PadsTexts bool
}

// Where is a filter as a WHERE clause, empty where it asks for all rows, and its
// arguments: texts and times in UTC.
func (d Dialect) Where(f stored.Filter) (clause string, args []any) {
	w := &where{Dialect: d}
	if len(f.IDs) > 0 {
		w.add("id IN (", w.texts(f.IDs...), ")")
	}
	if types := f.Types(); types != nil {
		w.matches("type", types...)
	}
	if f.Subject != "" {
		w.matches("subject", f.Subject)
	}
	if !f.Since.IsZero() {
		w.add("received_at >= ", w.arg("timestamptz", f.Since.UTC()))
	}
	if !f.Until.IsZero() {
		w.add("received_at < ", w.arg("timestamptz", f.Until.UTC()))
	}
	if f.Parked != nil {
		w.add(map[bool]string{true: "parkreason IS NOT NULL", false: "parkreason IS NULL"}[*f.Parked])
	}
	if f.Reason != "" {
		w.add("parkreason = ", w.arg("text", f.Reason))
	}
	if f.Sent {
		w.add("mode <> ", w.arg("text", string(event.Reconciled)))
	}
	if f.Sunk {
		w.add("(sunk_at IS NOT NULL OR parkreason IS NULL)") // rows of an earlier version have no sunk_at
	}
	if !f.After.IsZero() {
		at := f.After.Received.UTC()
		w.add("received_at >= ", w.arg("timestamptz", at), // for the index
			" AND (received_at > ", w.arg("timestamptz", at), " OR id > ", w.arg("text", f.After.ID), ")")
	}
	if len(w.all) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(w.all, " AND "), w.args
}

type where struct {
	Dialect
	all  []string
	args []any
}

func (w *where) add(parts ...string) { w.all = append(w.all, strings.Join(parts, "")) }

// arg adds an argument and returns its placeholder.
func (w *where) arg(of string, value any) string {
	w.args = append(w.args, value)
	return w.Mark(len(w.args), of)
}

// texts adds arguments and returns their placeholders, with commas between.
func (w *where) texts(values ...string) string {
	marks := make([]string, len(values))
	for i, v := range values {
		marks[i] = w.arg("text", v)
	}
	return strings.Join(marks, ", ")
}

// matches asks for one of the values in a column. All of them are patterns of
// [stored.Like], or none.
func (w *where) matches(column string, values ...string) {
	if !w.PadsTexts && !stored.IsPattern(values[0]) {
		w.add(column, " IN (", w.texts(values...), ")")
		return
	}
	either := make([]string, len(values))
	for i, v := range values {
		if w.PadsTexts {
			either[i] = w.padded(column, v)
		} else {
			either[i] = column + w.like(v)
		}
	}
	w.add("(", strings.Join(either, " OR "), ")")
}

func (w *where) like(pattern string) string {
	return " LIKE " + w.arg("text", stored.Like(pattern)) + " ESCAPE '!'"
}

// padded asks for a value or a pattern where texts are padded. LIKE itself pads
// nothing, but the range of an index that MySQL and MariaDB make of it is wrong: it
// begins with the text before the first wildcard, and so "a%" misses "a\t", and it
// ends with U+FFFF. CONCAT keeps the index away from LIKE, and the range for it is
// made here. It is in the order of utf8mb4_bin, whatever collation the column has:
// in another one it is no range.
func (w *where) padded(column, value string) string {
	var all []string
	if !stored.IsPattern(value) {
		all = append(all, column+" = "+w.arg("text", value))
	} else {
		low, high := around(value[:strings.IndexAny(value, "*?")])
		if low != "" {
			all = append(all, column+" > "+w.arg("text", low)+" COLLATE utf8mb4_bin")
		}
		if high != "" {
			all = append(all, column+" < "+w.arg("text", high)+" COLLATE utf8mb4_bin")
		}
	}
	all = append(all, "CONCAT("+column+")"+w.like(value))
	return "(" + strings.Join(all, " AND ") + ")"
}

// around are texts before and behind all that begin with the prefix, in the order of
// code points. An empty one is no bound.
func around(prefix string) (low, high string) {
	last, size := utf8.DecodeLastRuneInString(prefix)
	if size == 0 || last == utf8.RuneError {
		return "", ""
	}
	before, behind := last-1, last+1
	if !utf8.ValidRune(before) { // half a surrogate pair
		before = 0xD7FF
	}
	if !utf8.ValidRune(behind) {
		behind = 0xE000
	}
	stem := prefix[:len(prefix)-size]
	if last > 0 {
		low = stem + string(before) + string(utf8.MaxRune)
	}
	if last < utf8.MaxRune {
		high = stem + string(behind)
	}
	return low, high
}
