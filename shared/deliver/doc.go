// Package deliver brings events to the user's code and to the sinks, once as
// far as that can be, and puts aside what can never be delivered.
//
// [Pipeline.Deliver] is an event's way, one file a step:
//
//	claim.go   the dedup store says whose the event is: ours, done, or claimed
//	handle.go  the user's code, for each event by itself
//	send.go    every sink, side by side; one that has it is not asked again
//	park.go    what failed for good goes to the dead letters, or into the log
//	settle.go  the log and the store learn what became of it
//
// fate.go is what can become of an event. way.go is the policy, a row for each
// way in which events come: read it to know what is guaranteed. budget.go is
// every time limit, drawn as a line.
//
// A crash at any step loses nothing: the claim runs out and the event comes
// again. What it can do is bring an event twice to a sink that cannot tell.
//
// # Whose fault a failure is
//
// A sink answers each event of a batch with nil or an error: [Permanent],
// [Unavailable], [Answered], [Untried], or any other. A sink is down only if
// nothing of a batch got through; that costs no event an attempt. An event that
// fails while others of its batch get through has used one, and is suspect from
// then on: an answer to it that may be about it is another attempt, also when
// nothing got through.
//
// # Stores and sinks
//
// The package knows no sink. [Sink] and [Store] are implemented elsewhere, but
// for [Memory] and [Off], and [vodevents/shared/deliver/delivertest] is what
// each of them passes.
package deliver
