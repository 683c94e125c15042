// Package servertest runs the servers of databases as processes of a test, on a
// free port of 127.0.0.1, and stands between them and their clients. Packages
// such as pgtest say how a server is made and started.
//
// A [Process] is stopped and made to hang by signals, so it needs Unix.
package servertest
