// Package reconcile asks VOD two things: whether a callback is true, and which events
// a receiver has missed.
//
// # Callbacks
//
// A callback's signature does not cover its body, so whoever has seen one callback
// can send another for ten minutes. [Verifier.Verify] looks an event up before it is
// delivered (CALLBACK_VERIFY=ask).
//
// # What VOD knows
//
// DescribeTaskDetail has the payload of a task's event, under another member name,
// for 3 days (266/34129): [Event] makes the event again. Uploads and deletions have
// no task. DescribeMediaInfos tells which files are there (266/31763), but
// not when a file was deleted.
//
// # What was missed
//
// [Run] looks at the tasks and uploads that finished over an hour ago, and at the files
// of all rows of vod_media. A task or an upload without an event in the table becomes an
// event of its kind. A row that differs from VOD's answer becomes a MediaRead, an event
// of our own. Both go to every sink like other events.
package reconcile
