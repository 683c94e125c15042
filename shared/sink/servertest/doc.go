// Package servertest runs the servers of databases as processes of a test: those
// installed on this machine, in a temporary folder and on a free port of
// 127.0.0.1, gone when the test is over. A [Program] says how a server is made and
// started; pgtest and mytest have one each. A [Gateway] stands between a server
// and its clients.
//
// [RunT] skips a test where the server is not installed, unless CI is "true".
// Servers write through to the disk and trust everybody who connects. They can be
// stopped, killed, made to hang and started again; data and address stay. That
// takes signals, so it needs Unix: on Windows everything compiles, and
// [Program.Run] gives [ErrMissing].
package servertest
