// Package porttest keeps a port of 127.0.0.1 for a test whose server stops and starts
// again, or starts in another process.
//
// A port that is merely free now can be anybody's a moment later: tests of other
// packages run at the same time and listen on port 0, too.
package porttest
