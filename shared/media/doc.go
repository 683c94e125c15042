// Package media computes the state of each media from its events: whether it exists,
// whether it plays and with which URL, and what the review said. It needs no database,
// no clock and no network.
//
// # From events to a row
//
// [Of] reads one event and returns a [Media] for each FileId that it names. [Merge]
// combines what two events say about one media. [Apply] does both.
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
// VOD sends no event when a media is renamed, banned, given another expiry, or moved to
// another storage class by a rule. Only asking VOD shows that (DescribeMediaInfos,
// 266/31763). Its answer becomes an event of our own, MediaRead. It sets URLs and figures,
// but never the status or the error of a result that an event reported.
//
// Two sub-tasks of one Type and Definition in one procedure, such as two
// watermarks, share a row: the later one wins.
//
// In a procedure that ProcessMediaByUrl began, the FileId is the caller's own id. Its
// row is not a media of VOD.
package media
