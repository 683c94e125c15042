// Package media keeps the state of each media: is it there, does it play, with
// which URL, what did the review say. It needs no database, no clock and no
// network.
//
// # From events to a row
//
// [Of] reads what one event tells: a [Media] for each FileId that it names.
// [Merge] puts two tellings of one media together, and [Apply] is both in one.
// [Media.Row] computes the columns of vod_media and vod_media_output.
//
//	var m = media.Media{Source: e.Source(), FileId: "5285890784273533167"}
//	m = media.Apply(m, e)
//	fmt.Println(m.Row().State, m.Row().PlayUrl)
//
// # Any order, any number of times
//
// VOD's events have no number, come twice, and come in any order. So every value
// is a [Register] with a [Version], and the larger version stays: all orders of the
// same events give the same Media. The time in a version is a sub-task's
// FinishTime, or else when the event was received first. Give a repetition the
// time of the first receipt, as vod_events does.
//
// # What no event tells
//
// Nobody sends an event when a media is renamed, banned, or moved to another
// storage class by a rule. Only asking VOD shows that. Its answer is an event of our
// own, MediaRead: it sets URLs and figures, and never the status or the error of a
// result that an event told.
//
// Two sub-tasks of one Type and Definition in one procedure, such as two
// watermarks, share a row: the later one wins.
//
// A procedure that ProcessMediaByUrl began has the caller's own id for a FileId.
// It makes a row that is no media of VOD.
package media
