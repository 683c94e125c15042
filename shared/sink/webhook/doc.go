// Package webhook is the sink of http:// and https://: one POST for each
// event, in CloudEvents structured mode (application/cloudevents+json).
//
//	https://example.com/vod?secret=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
//
// With the parameter secret each request is signed as Standard Webhooks has
// it, in the headers webhook-id (the event's id), webhook-timestamp (unix
// seconds of this try) and webhook-signature; libraries in many languages
// verify it. A secret that does not begin with whsec_ is a plain text key.
// While keys are rotated give the parameter twice: any one may match.
//
// A receiver answers 2xx once it has the event for good. It may get an event
// again, after a lost answer: the id is the same. Events of one subject come in
// the order of their batch.
package webhook
