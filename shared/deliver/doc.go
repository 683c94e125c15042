// Package deliver brings events to the user's code and to the sinks, once if
// possible, and parks those that can never be delivered.
//
// [Pipeline.Deliver] is an event's way, one file a step:
//
//	claim.go   the dedup store says whose the event is: ours, done, or claimed
//	handle.go  the user's code, for each event by itself
//	send.go    every sink, side by side; one that has it is not asked again
//	park.go    what failed for good goes to the dead letters, or into the log
//	settle.go  the log and the store learn what became of it
//
// fate.go lists what can become of an event. way.go is the table of guarantees,
// with a row for each way in which events come. budget.go has every time limit,
// drawn as a time line.
//
// A crash at any step loses nothing: the claim runs out and the event comes again.
// But a sink that does not recognize repetitions may then get it twice.
//
// # Whose fault a failure is
//
// A sink answers each event of a batch with nil or an error: [Permanent],
// [Unavailable], [Answered], [Untried], or any other. A sink is down only if no
// event of a batch got through, and that is not an attempt of any event. If an
// event fails while others of its batch get through, that is an attempt of it, and
// the event is suspect from then on. Each later answer that may be about a suspect
// is another attempt, even if nothing got through.
//
// # Stores and sinks
//
// [Sink] and [Store] are implemented elsewhere, except the stores [Memory] and
// [Off]. Each implementation passes the tests of
// [vodevents/shared/deliver/delivertest].
package deliver
