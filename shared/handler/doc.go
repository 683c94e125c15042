// Package handler is where your code goes: edit [Event] in handler.go, and
// nothing else in this repository needs to change.
//
// # What an error means
//
//   - nil: done. The sinks get the event next.
//   - An error: try again later. An event from the queue comes back after 30 s
//     (266/33433) and is parked after MAX_ATTEMPTS failures, if there is a
//     DEAD_LETTER; a callback is tried again until the invocation's time is
//     nearly over, and then parked.
//   - [Permanent]: no try will ever succeed. The event is parked at once.
//   - A panic is an error. It costs only its own event.
//
// An event that Decode reads in part is not poison, so do not park it: go on
// with the members that are there, or read its Payload, or return the error as
// it is.
//
// # What your code must bear
//
// It runs concurrently. It may see one event twice: after a crash, or when a
// sink failed behind it. It must return when its context ends; one that does
// not costs its own event an attempt and goes on running behind the answer,
// where SCF may freeze it.
package handler
