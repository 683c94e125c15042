// Package vodfake is a local stand-in for the event notification of Tencent
// Cloud VOD: its API with queue, leases and limits, its sender of callbacks, a
// clock that can be moved and faults that can be injected. You need no account,
// no network and no Docker to run a receiver against it.
//
// # Start
//
// A test that wants a server on 127.0.0.1 calls [RunT] and gives its URL to the
// client. A test in a testing/synctest bubble calls [New] inside the bubble and
// gives the client [Server.Transport], which opens no socket. There five days pass
// in a millisecond. Sign calls with [SecretId] and [SecretKey].
//
// # Events
//
// [Server.Queue] puts an event into the queue of an application, and
// [Server.Callback] sends one to a URL; both take any JSON and keep its bytes.
// [Make] makes a plausible event of any kind, in which you can override any
// member. It also makes the forms in [Makings], which real events have and
// receivers get wrong. [Server.Notify] queues or sends an event according to the
// application's [EventConfig], as VOD does. The usual steps work, too:
// [Server.Upload] or PullUpload leads to a NewFileUpload event, and ProcessMedia
// on its FileId leads to ProcedureStateChanged.
//
// Who asks what happened is told the truth. DescribeTasks and DescribeTaskDetail know
// the tasks of three days; DescribeMediaInfos and SearchMedia know the files. An event
// that the stand-in was given becomes true: its task and its file are there from then
// on. [Server.Process] and [Server.Delete] do what ProcessMedia and DeleteMedia do,
// with sub-tasks that fail and deletions of parts; [Server.ChangeMedia] changes what
// no event tells of.
//
// [Server.Event], [Server.App] and [Server.Dump] say what became of events.
// [Server.Watch] reports each change as it happens. [Server.Calls] lists the calls
// of the API.
//
// # The clock
//
// [Server.FastForward] and [Server.SetTime] move the Server's clock. It rules how
// long polls are held, when leases end and events expire, and how long tasks take.
// Signatures, the limit of calls a second, the timeout of callbacks, latency and
// delays go by the real time, or by the bubble's.
//
// # Faults
//
// [Server.Next] makes the next calls of an action go wrong. [Server.Control] asks
// a function about each call. [Server.SetFaults] leaves it to chance.
//
// # What VOD does not say
//
// This is what the stand-in does where the documents do not say. Where two ways
// are likely, one of the [Alternatives], named in parentheses, chooses the other.
//
//   - Each delivery has a new handle (SameHandle). It is good for one confirm: a
//     second one is refused, as is one after 30 s.
//   - One bad handle fails its whole group with InvalidParameterValue, and none
//     is confirmed (ConfirmGood).
//   - Events whose lease ran out come before those that were never pulled;
//     otherwise the queue is first in, first out.
//   - The payload members of other kinds are left out, not null (NullMembers).
//   - PullEvents gives out what is in the queue even in Mode PUSH. Nothing new
//     gets there, so sooner or later it answers only ResourceNotFound.
//   - If an application does not exist, or is not named where it must be, the
//     error is InvalidParameterValue.SubAppId.
//   - A callback is sent again at once after its timeout.
//   - In Mode PUSH without a NotificationUrl events go nowhere.
//   - A call that the limit refuses does not count toward the limit.
//
// What it answers to those who ask has switches in [Asking].
package vodfake
