package mysql

import (
	"database/sql/driver"
	"strconv"
	"strings"
)

// list is n times the same, with commas between.
func list(n int, one string) string {
	return strings.TrimSuffix(strings.Repeat(one+", ", n), ", ")
}

func anys(texts []string) []any {
	all := make([]any, len(texts))
	for i, t := range texts {
		all[i] = t
	}
	return all
}

// text is a value of a column that holds text, and empty for null.
func text(v driver.Value) string {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case string:
		return v
	}
	return ""
}

// integer is a value of a column that holds a number, or a truth value: 0 for
// null.
func integer(v driver.Value) int {
	if i, ok := v.(int64); ok {
		return int(i)
	}
	i, _ := strconv.Atoi(text(v)) // what is no number is no column of ours
	return i
}
