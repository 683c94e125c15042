// Package handler is where your code goes. Edit [Event] in handler.go; nothing
// else in this repository needs to change.
//
// # What an error means
//
//   - nil: your code is done. The sinks get the event next.
//   - An error: try again later. An event from the queue comes back after 30 s
//     (266/33433). If there is a DEAD_LETTER, the event is parked there after
//     MAX_ATTEMPTS failures. A callback is tried again until the invocation's
//     time is nearly over, and then parked.
//   - [Permanent]: no try will ever succeed. The event is parked at once.
//   - A panic counts as an error. It affects only its own event.
//
// If Decode can read only a part of an event, do not park the event. Go on with
// the members that are there, or read its Payload, or return the error as it is.
//
// # What your code must bear
//
// It runs concurrently. It may get one event twice: after a crash, or after a
// sink failed. It must return when its context ends. If it does not, that counts
// as a failed attempt of the event, and the code goes on running after the answer,
// where SCF may freeze it.
package handler
