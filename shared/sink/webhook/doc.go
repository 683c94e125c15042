// Package webhook is the sink of http:// and https://: one POST for each
// event, in CloudEvents structured mode (application/cloudevents+json).
//
//	https://example.com/vod?secret=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
//
// With the parameter secret each request is signed as Standard Webhooks has
// it, in the headers webhook-id (the event's id), webhook-timestamp (unix
// seconds of this try) and webhook-signature; libraries in many languages
// verify it. A secret is whsec_ and base64, or base64 alone; any other text is
// itself the key, which the libraries call raw. A key has at least 24 bytes.
// While keys are rotated give the parameter twice: any one may match.
//
// A receiver answers 2xx once it has the event for good; it needs no body, and
// one that takes longer than 100 ms is not waited for. It may get an event
// again, after a lost answer: the id is the same. Events of one subject come in
// the order of their batch.
//
// # What a status means
//
//	2xx                                     the event is taken
//	400, 413, 415, 422                      it is refused for good
//	401, 403, 404, 405, 407, 408, 410,
//	421, 425, 429, 5xx                      the receiver is down or not set up
//	3xx, any other 4xx                      this event failed; it is tried again
//
// What a receiver says about a refusal is quoted in errors and logs. User,
// password, secrets, signatures, path and query are taken out of it first.
package webhook
