// Package vodfake is a local stand-in of Tencent Cloud VOD's event
// notification: the API with its queue, lease and limits, and the sender of
// callbacks.
package vodfake
