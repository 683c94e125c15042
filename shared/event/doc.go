// Package event reads the notifications of Tencent Cloud VOD: the body of a
// normal callback, an element of PullEvents' answer, and the old 2.0 format.
//
// # From bytes to an Event
//
// [Parse] checks the bytes once and notes where the members are. [ParseScanned]
// takes bytes that were checked already, such as the elements of PullEvents'
// answer. Nothing is decoded and encoded again, so every byte of the payload stays
// as VOD sent it: unknown fields, integers above 2^53, the spelling of numbers.
// [Event.RawData] has the bytes that JSON in UTF-8 cannot show. VOD's envelope has
// no id, no time and no application. The ID is made from the payload, and the rest
// is in [Origin].
//
// # From an Event to your types
//
// [Event.Decode] returns the payload as a Go type, for all [Kinds], or an [Unknown]
// for a kind that is newer than this release.
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
