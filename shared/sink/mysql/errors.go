package mysql

import (
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"

	"vodevents/shared/sink/internal/sqltable"
)

// number is the number of an error that the server reported, else 0.
func number(err error) uint16 {
	var my *mysql.MySQLError
	if errors.As(err, &my) {
		return my.Number
	}
	return 0
}

// isCrowded tells that the server has no room for another connection: of
// anybody, or of this user.
func isCrowded(err error) bool {
	n := number(err)
	return n == 1040 || n == 1203 || n == 1226
}

// isReadOnly tells that the server takes no writes: --read-only, a transaction
// that may not write, or a mode of the engine.
func isReadOnly(err error) bool {
	n := number(err)
	return n == 1290 || n == 1792 || n == 1836
}

// isShutDown tells that the server is about to close the connection: it stops,
// somebody killed the session, or it was idle for too long.
func isShutDown(err error) bool {
	n := number(err)
	return n == 1053 || n == 1927 || n == 4031
}

// faultOf says whose fault an error is. It goes by the number, for MySQL's
// SQLSTATE is HY000 for nearly everything.
func faultOf(err error) sqltable.Fault {
	if errors.Is(err, mysql.ErrPktTooLarge) {
		return sqltable.OfData
	}
	switch number(err) {
	case 1153, // more than max_allowed_packet
		1406, 1366, 1264, 1301, // too long, no text of the character set, out of range, a result too long
		3140, 3141, 3144, 3157, 3158, 3819, // no JSON for MySQL, too deep for it; a CHECK
		4025, 4038: // a CHECK of MariaDB, of which json_valid is one; too deep
		return sqltable.OfData
	case 1048, // our own guard against another unique key, see insertEvents
		1062,       // such a key
		1644,       // raised by a trigger
		1451, 1452: // a foreign key
		return sqltable.OfEvent
	}
	return sqltable.OfServer
}

// advice says what to do about an error that needs somebody to do something.
var advice = map[uint16]string{
	1040: "raise max_connections, lower pool_max_conns, or put a proxy between",
	1203: "raise max_user_connections, or put a proxy between",
	1226: "raise max_user_connections, or put a proxy between",
	1044: "grant the user the rights that the package comment lists",
	1142: "grant the user the rights that the package comment lists",
	1143: "grant the user the rights that the package comment lists",
	1045: "check user and password of the URL, and from which hosts the user may connect",
	1698: "check the user of the URL: it is not one with a password",
	1048: "another unique key of the table refuses the event",
	1049: "make the database, or correct its name in the URL",
	1054: "the table is another one: name another with table= or dedup_table=, or add the column",
	1114: "the server's disk or tablespace is full: make room there",
	1021: "the server's disk is full: make room there",
	1290: "the address leads to a replica: use that of the primary",
	1665: "the server needs binlog_format=ROW or MIXED",
	1836: "the address leads to a replica: use that of the primary",
}

// inTable wraps an error of the server.
func inTable(table string, err error) error {
	n := number(err)
	if todo := advice[n]; todo != "" {
		err = fmt.Errorf("%w (%s)", err, todo)
	}
	if n == 0 {
		return fmt.Errorf("mysql: %w", err)
	}
	return fmt.Errorf("mysql: table %s: %w", table, err)
}
