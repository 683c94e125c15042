// Package config describes the environment of both functions and reads it into
// one checked value.
//
// SCF sets a function's variables at each invocation, so [Read] is called at
// the start of each one and the [Config] is passed down. [Variables] is the one
// list of them: the table in the README, the check of serverless.yml and what
// scripts/dev shows are made from it.
//
// An empty variable is unset. A value "undefined", or one that holds "${env:",
// is an error: a deployment tool left it there because a variable of its own
// was missing. A function is stopped only by a bad value of a variable that it
// uses. Every error names its variable and shows, of a URL, at most the scheme
// and the host.
//
// Some variables are checked here but read elsewhere. The keys to VOD rotate,
// so the VOD client looks them up when it signs. LISTEN_ADDR chooses how the
// process runs, so package scf reads it before there is any invocation.
package config
