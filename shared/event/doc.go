// Package event reads the notifications of Tencent Cloud VOD: the body of a
// normal callback, an element of what PullEvents gives, and the old 2.0 format.
//
// # From bytes to an Event
//
// [Parse] checks the bytes once and takes note of where things stand in them.
// [ParseScanned] takes bytes that were checked already, such as the elements
// that PullEvents gives. Nothing is decoded and encoded again, so every byte of
// the payload stays as VOD sent it: unknown fields, integers above 2^53, the
// spelling of numbers. What JSON in UTF-8 cannot show is in [Event.RawData].
// VOD's envelope has neither an id, nor a time, nor the application; ID is made
// of the payload, the rest is in [Origin].
//
// # From an Event to your types
//
// [Event.Decode] gives the payload as a Go type, for all kinds in [Kinds], or
// an [Unknown] for a kind that came after this release.
//
// # To a CloudEvent and back
//
// [Event.AppendCloudEvent] writes the one JSON object that every sink gets, and
// [ParseCloudEvent] reads it back for a replay.
//
// # Signatures
//
// [Verify] checks what VOD adds to a callback when a SignKey is set; [Sign]
// makes such bodies for the tests of a receiver.
package event
