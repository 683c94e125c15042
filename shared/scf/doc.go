// Package scf is the seam between Tencent Cloud's Serverless Cloud Functions
// and ordinary Go: an HTTP trigger event becomes an [http.Request] for an
// [http.Handler], a timer event becomes a [Timer], and the same binary runs on
// a host without SCF.
//
// # Three ways to run
//
// [Main] looks at the environment. Under SCF the Go runtime sets
// _LAMBDA_SERVER_PORT and calls the function over net/rpc on TCP; scf-go-lib
// answers. A program on this machine, such as scripts/dev, sets VOD_RPC_SOCKET
// and makes the same calls on a unix socket. Without these variables, or when
// LISTEN_ADDR is set, the process is an ordinary one: a server or a loop that
// SIGTERM or SIGINT ends.
//
//	scf.Main(scf.OnHTTP(handler), func(ctx context.Context) error {
//		return scf.ListenAndServe(ctx, handler)
//	})
//
//	scf.Main(scf.OnTimer(pull), loop)
//
// # What a handler may rely on, in each way
//
//   - The body is there, whole, as the very bytes that were sent, and at most
//     [MaxBody] long; a longer one was answered 413.
//   - The request's context has a deadline, and nothing else ends it: that the
//     caller has hung up is no reason to drop what it sent.
//   - The answer is sent when the handler returns. It must be text (UTF-8): a
//     function URL has no way to send anything else.
//   - A panic is logged with its stack and answered 500; the process lives on.
//     A panic in a goroutine that the handler started ends the process.
//
// # The log
//
// [Main] makes the default [log/slog] logger write JSON lines, unbuffered, with
// the attribute request_id where the context is that of an invocation.
// [LogLevel] sets its level. On an ordinary host the log is standard error, and
// standard output has nothing but events. Under SCF, and on a socket, the log
// is standard output too: that is all that Tencent documents as collected
// (583/60336, 858/18032). There a line of the log has a member level, and an
// event has specversion. Under SCF the stack of a crash goes there as well.
//
// Package [vodevents/shared/scf/local] runs a built function on this machine
// under SCF's protocol.
package scf
