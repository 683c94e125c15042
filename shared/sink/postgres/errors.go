package postgres

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"vodevents/shared/sink/internal/sqltable"
)

// connectError is what a connection attempt failed of, without user and
// database and in one line: pgx tries each address, with and without TLS.
func connectError(err error) error {
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		err = errors.Unwrap(connect)
	}
	return oneLine{err}
}

type oneLine struct{ error }

func (o oneLine) Error() string { return strings.ReplaceAll(o.error.Error(), "\n", "; ") }
func (o oneLine) Unwrap() error { return o.error }

// sqlState is the SQLSTATE of an error that the server reported, else empty.
func sqlState(err error) string {
	if err == nil {
		return "" // nearly always, and errors.As needs memory
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// isMissing tells that the table is not there: undefined_table, or
// invalid_schema_name.
func isMissing(err error) bool {
	state := sqlState(err)
	return state == "42P01" || state == "3F000"
}

// lacksColumn tells that the table is there without a column that we name:
// undefined_column.
func lacksColumn(err error) bool { return sqlState(err) == "42703" }

// isSerialization tells that another transaction was in the way, which does not
// happen under read committed.
func isSerialization(err error) bool { return sqlState(err) == "40001" }

// isParameterRefused tells that the server does not know a session parameter
// (undefined_object) or that a pooler does not take it (protocol_violation of
// PgBouncer, feature_not_supported of others).
func isParameterRefused(err error) bool {
	state := sqlState(err)
	return state == "42704" || state == "08P01" || state == "0A000"
}

// isCrowded tells that the server has no room for another connection.
func isCrowded(err error) bool { return sqlState(err) == "53300" }

// isReadOnly tells that the server takes no writes: it has become a standby.
func isReadOnly(err error) bool { return sqlState(err) == "25006" }

func faultOf(err error) sqltable.Fault {
	state := sqlState(err)
	switch {
	case state == "":
	case state == "23514": // check_violation
		return sqltable.OfData
	case state == "23502": // not_null_violation: we leave no column of ours empty
	case strings.HasPrefix(state, "22"), // data_exception
		strings.HasPrefix(state, "54"): // program_limit_exceeded: too deep, too long for an index
		return sqltable.OfData
	case strings.HasPrefix(state, "23"), // integrity_constraint_violation
		strings.HasPrefix(state, "P0"): // raised by a trigger
		return sqltable.OfEvent
	}
	return sqltable.OfServer
}

// advice says what to do about an error that needs somebody to do something.
var advice = map[string]string{
	"28P01": "check user and password of the URL",
	"28000": "check the user of the URL, and pg_hba.conf: the server may want TLS, sslmode=require",
	"3D000": "make the database, or correct its name in the URL",
	"3F000": "make the schema, or correct its name in the URL",
	"42501": "grant the user the rights that the package comment lists",
	"42703": "the table is another one: name another with table= or dedup_table=, or add the column",
	"53100": "the server's disk is full: make room there",
	"53300": "raise max_connections, lower pool_max_conns, or put PgBouncer between",
	"25006": "the address leads to a standby: use that of the primary, or target_session_attrs=read-write",
}

// inTable wraps an error of the server.
func inTable(table string, err error) error {
	if todo := advice[sqlState(err)]; todo != "" {
		err = fmt.Errorf("%w (%s)", err, todo)
	}
	if sqlState(err) == "" {
		return fmt.Errorf("postgres: %w", err)
	}
	return fmt.Errorf("postgres: table %s: %w", table, err)
}
