// Package sink is the one table of the places where events can go. The
// functions and vodctl open SINK, DEAD_LETTER and DEDUP through it.
//
//	stdout:                            JSON lines; see shared/sink/lines
//	file:PATH                          JSON lines, synced; see shared/sink/lines
//	http://…, https://…                CloudEvents by POST; see shared/sink/webhook
//	kafka://BROKER,BROKER/TOPIC        see shared/sink/kafka
//	postgres://HOST/DATABASE?table=…   see shared/sink/postgres
//	mysql://HOST/DATABASE?table=…      see shared/sink/mysql
//	cos://BUCKET/PREFIX?region=…       an object for each event; see shared/sink/cos
//
// A new kind of sink is a package of its own that implements [deliver.Sink],
// passes delivertest.TestSink, and has a line in the table here. It connects on
// first use and takes its own parameters off the URL. Its errors name, of a
// URL, scheme and host at most.
package sink
