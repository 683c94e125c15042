// Package vodfake is a local stand-in of the event notification of Tencent
// Cloud VOD: its API with queue, lease and limits, its sender of callbacks, a
// clock that can be moved and faults that can be injected. Nobody needs an
// account, a network or Docker to run a receiver against it.
//
// # Start
//
// A test that wants a server on 127.0.0.1 calls [RunT] and gives its URL to the
// client. A test in a testing/synctest bubble calls [New], inside the bubble,
// and gives the client [Server.Transport], which opens no socket: five days
// pass in a millisecond. Calls are signed with [SecretId] and [SecretKey].
//
// # Events
//
// [Server.Queue] puts an event into the queue of an application, and
// [Server.Callback] sends one to a URL; both take any JSON and keep its bytes.
// [Make] makes a plausible event of any kind, any member overridden, and the
// forms in [Makings], which real events have and receivers get wrong.
// [Server.Notify] goes by the application's [EventConfig], as VOD does. And the
// classic walk works: [Server.Upload] or PullUpload tells NewFileUpload,
// ProcessMedia on its FileId tells ProcedureStateChanged.
//
// What became of an event is in [Server.Event], [Server.App] and
// [Server.Dump]; [Server.Watch] tells of it as it happens; [Server.Calls] lists
// the calls of the API.
//
// # The clock
//
// [Server.FastForward] and [Server.SetTime] move the clock by which polls are
// held, leases run, events expire and tasks take their time. Signatures, the
// limit of calls a second, the timeout of callbacks, latency and delays go by
// the real time, or by the bubble's.
//
// # Faults
//
// [Server.Next] has the next calls of an action go wrong, [Server.Control] asks
// a function about each, and [Server.SetFaults] leaves it to chance.
//
// # What VOD does not say
//
// Where the documents leave it open, this is what the stand-in does; where two
// answers are likely, one of the [Alternatives] gives the other.
//
//   - A handle is new with each delivery (SameHandle), and good for one
//     confirmation: a second is refused, as is one after 30 s.
//   - One bad handle fails its whole group with InvalidParameterValue, and none
//     is confirmed (ConfirmGood).
//   - Events whose lease ran out come before those that were never pulled;
//     otherwise the queue is first in, first out.
//   - Kinds other than an event's own are left out, not null (NullMembers).
//   - PullEvents serves what is in the queue in Mode PUSH too; nothing new
//     comes there then, so that it is soon ResourceNotFound forever.
//   - An application that does not exist, or is not named where it must be, is
//     InvalidParameterValue.SubAppId.
//   - A callback is sent again at once after its timeout.
//   - In Mode PUSH without a NotificationUrl events go nowhere.
//   - Calls that are refused by the limit do not count toward it.
package vodfake
