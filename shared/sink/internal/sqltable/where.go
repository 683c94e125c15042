package sqltable

import (
	"strings"

	"vodevents/shared/sink/stored"
)

// Where is a filter as a WHERE clause, empty where it asks for all rows, and its
// arguments: texts and times in UTC. mark writes the placeholder of the argument
// with a number, from 1 on; of is its type in PostgreSQL.
func Where(f stored.Filter, mark func(number int, of string) string) (clause string, args []any) {
	w := &where{mark: mark}
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
	mark func(number int, of string) string
	all  []string
	args []any
}

func (w *where) add(parts ...string) { w.all = append(w.all, strings.Join(parts, "")) }

// arg adds an argument and returns its placeholder.
func (w *where) arg(of string, value any) string {
	w.args = append(w.args, value)
	return w.mark(len(w.args), of)
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
	if !stored.IsPattern(values[0]) {
		w.add(column, " IN (", w.texts(values...), ")")
		return
	}
	either := make([]string, len(values))
	for i, v := range values {
		either[i] = column + " LIKE " + w.arg("text", stored.Like(v)) + " ESCAPE '!'"
	}
	w.add("(", strings.Join(either, " OR "), ")")
}
