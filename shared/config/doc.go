// Package config reads the environment of both functions into one checked
// value.
//
// SCF sets a function's variables at each invocation, so [Read] is called at
// the start of each one and the [Config] is passed down. The secrets
// VOD_SECRET_ID, VOD_SECRET_KEY and VOD_TOKEN, and the temporary keys that SCF
// provides, are checked here for a missing substitution but not kept: the VOD
// client looks them up when it signs, because they rotate. LISTEN_ADDR is
// checked here too, but package scf reads it by itself, before there is any
// invocation: it chooses the run mode.
//
// An empty variable is unset. A value "undefined", or one that holds "${env:",
// is an error: a deployment tool left it there because a variable of its own
// was missing. Every error names its variable and shows, of a URL, at most the
// scheme and the host.
//
//	variable           default                          meaning
//	VOD_SUB_APP_IDS    none                             application IDs, by commas
//	VOD_ENDPOINT       https://vod.tencentcloudapi.com  the VOD API; scheme optional
//	VOD_REGION         none                             only if an account needs one
//	CALLBACK_SIGN_KEY  none                             keys by commas, any may match
//	SINK               stdout:                          URLs by spaces; every one gets each event
//	DEAD_LETTER        none                             URL for events that can never be delivered
//	DEDUP              memory:                          memory:, postgres://… or off
//	PULL_UNTIL         empty                            empty or deadline
//	PULL_RATE          100                              PullEvents calls a second; 0 pauses
//	PULL_CONCURRENCY   16                               most pulls in flight
//	MAX_ATTEMPTS       5                                failures of one event before it is parked
//	LISTEN_ADDR        :8080                            address of callback on an ordinary host
//	LOG_LEVEL          info                             debug, info, warn or error
package config
