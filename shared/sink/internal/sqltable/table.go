package sqltable

import (
	"fmt"
	"strings"
)

// Table is how a table comes to be.
type Table struct {
	Name    string   // as it stands in SQL
	Create  string   // makes it
	Beside  []string // make the tables that are kept with it
	Upgrade []string // add what an earlier version of it lacks
}

// upgradeError is a table of an earlier version that could not be changed.
type upgradeError struct {
	err error
	sql []string
}

func (u *upgradeError) Error() string {
	return fmt.Sprintf("the table is of an earlier version, or another one, and cannot be changed: %v; let somebody who may do so run: %s",
		u.err, strings.Join(u.sql, "; "))
}

func (u *upgradeError) Unwrap() error { return u.err }
