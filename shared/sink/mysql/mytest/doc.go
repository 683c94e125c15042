// Package mytest runs a real MariaDB for tests: the server installed on this
// machine, in a temporary folder and on a free port of 127.0.0.1, gone when the
// test is over. It is pgtest's sister: a test is skipped where there is no
// MariaDB unless CI is "true", and the server can be stopped, killed, made to
// hang and started again; data and address stay.
//
// The server is stopped and made to hang by signals, so it needs Unix. On
// Windows the package compiles, and [Run] gives [ErrMissing].
package mytest
