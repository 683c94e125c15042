// Package vod calls the API of Tencent Cloud VOD (version 2018-07-17): the
// actions that event notification needs.
//
// # Reliable callbacks
//
// Events wait in a queue, one for each application (SubAppId), for at most 4
// days. [Client.PullEvents] takes up to 16 of them and hides them from other
// pulls for 30 s; [Client.ConfirmEvents] takes them out for good. An event that
// is not confirmed within 30 s comes again. An empty queue is [ErrEmpty], which
// is not a failure. Events come out as raw bytes, so unknown members and the
// spelling of numbers are kept. Package event parses them.
//
// # What VOD knows
//
// Whoever missed an event can ask. [Client.DescribeTasks] lists the tasks of the
// last 72 h and [Client.DescribeTaskDetail] has the payload of a task's event under
// another name. [Client.SearchMedia] finds uploads and [Client.DescribeMediaInfos]
// tells which files are there. A [Pace] keeps such calls within VOD's limits.
//
// # Clients
//
// Keys may change between two invocations of a function, but connections can
// stay. So make one [Transport] for the process, and at each invocation a client:
//
//	var transport = vod.NewTransport()
//
//	func invoke(ctx context.Context) error {
//		client, err := vod.Connect(os.Getenv, onSCF, vod.Options{Transport: transport})
//		…
//	}
//
// # Errors
//
// A call is made once, unless [Options] has a Retry. Its error is an [Error],
// whose text says what to do next. Ask [errors.Is] whether it is [ErrEmpty],
// [ErrRateLimited], [ErrBadHandle], [ErrUnknown], [ErrRefused], [ErrAuth], [ErrRetry] or
// [ErrStrange]. If the caller's context ended, the error is
// [context.DeadlineExceeded] or [context.Canceled], and not ErrRetry. A call that
// took longer than [Timeout] is both DeadlineExceeded and ErrRetry.
package vod
