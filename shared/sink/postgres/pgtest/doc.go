// Package pgtest runs a real PostgreSQL for tests: the server installed on
// this machine, in a temporary folder and on a free port of 127.0.0.1, gone
// when the test is over.
//
// [RunT] skips the test where there is no PostgreSQL, unless CI is "true": then
// the test fails, so that nothing goes untested in silence. PostgreSQL refuses
// to run as root; a test that runs as root starts it as the user postgres.
//
// The server is stopped and made to hang by signals, so it needs Unix. On
// Windows the package compiles, and [Run] gives [ErrMissing].
//
// The server writes through to the disk (fsync is on) and trusts everybody who
// connects. It can be stopped, killed, made to hang and started again; data and
// address stay.
package pgtest
