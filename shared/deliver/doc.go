// Package deliver brings events to the user's code and to the sinks, once as
// far as that can be, and puts aside what can never be delivered.
//
// [Pipeline.Deliver] is an event's way:
//
//	claim   the dedup store says whose it is: ours, done before, or claimed
//	handle  the user's code, for each event by itself
//	send    every sink, side by side; one that has it is not asked again
//	park    what failed for good goes to the dead letters, or into the log
//	settle  the store learns how each claim ended
//
// A crash at any step loses nothing: the claim runs out and the event comes
// again. What it can do is bring an event twice to a sink that cannot tell.
//
// The package knows no sink. [Sink] and [Store] are implemented elsewhere, but
// for [Memory] and [Off], and [vodevents/shared/deliver/delivertest] is what
// each of them passes. Errors of sinks and handlers have three meanings:
// [Permanent], [Unavailable], and any other: try this event again.
package deliver
