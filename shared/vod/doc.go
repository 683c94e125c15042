// Package vod calls the API of Tencent Cloud VOD (version 2018-07-17) as far as
// event notification needs it, over the SDK's common client, which signs the
// calls.
//
// # Reliable callbacks
//
// Events wait in a queue, one for each application (SubAppId), for at most 4
// days. [Client.PullEvents] takes up to 16 of them and hides them from other
// pulls for 30 s; [Client.ConfirmEvents] takes them out for good. What is not
// confirmed within its 30 s comes again. An empty queue is [ErrEmpty], which is
// no failure. Events come out as raw bytes: unknown members, numbers beyond 2^53
// and their spelling are all kept. Package event makes sense of them.
//
// # Clients
//
// Keys may change between two invocations of a function, connections need not.
// So make one [Transport] for the process, and at each invocation find the keys,
// close what is dead, and make a client:
//
//	var transport = vod.NewTransport()
//
//	func invoke(ctx context.Context) error {
//		transport.CloseIdle()
//		keys, err := vod.FindCredentials(os.Getenv, onSCF)
//		…
//		client, err := vod.New(vod.Options{Credentials: keys, Transport: transport})
//		…
//	}
//
// # Errors
//
// A call is made once and never repeated here. Its error is an [Error], whose
// text says what to do next, and answers [errors.Is] for [ErrEmpty],
// [ErrRateLimited], [ErrBadHandle], [ErrAuth] and [ErrRetry]; an error that is
// none of these will be the same the next time. Or the caller's context ended:
// then it is [context.DeadlineExceeded] or [context.Canceled], and not ErrRetry.
// A call that took [Timeout] is DeadlineExceeded and ErrRetry, too.
package vod
