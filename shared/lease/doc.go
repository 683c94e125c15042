// Package lease drains VOD's queue of reliable events: it calls PullEvents,
// delivers what comes, and calls ConfirmEvents.
//
// The queue is harder than most. A pull brings at most 16 events and leases them
// for 30 s (266/33433). The lease cannot be renewed, and an event does not say
// how often it was delivered. A confirm names at most 16 handles and gives one
// answer for all of them (266/33434). Each call may be made 100 times a second.
// An event that is not confirmed in time comes back, to whoever pulls next.
//
// # How it keeps up
//
// Pulls, deliveries and confirms overlap. The number of pulls in flight starts
// at one, doubles while batches come full, and falls to one on a short batch.
// So a backlog drains at the API's limit, and an idle queue costs one poll.
//
// # What it promises
//
//   - An event is confirmed only after its delivery said that it may be.
//   - An event that fails leaves only itself for redelivery.
//   - No delivery starts that cannot end within the lease and the invocation.
//   - Memory is bounded by the pulls in flight and by 8 MB of answers, never by
//     the backlog.
//   - When [Drain] has returned, nothing of it still runs, unless the delivery
//     ignores its context.
//
// It does not promise order, because VOD does not. It does not promise that an
// event comes only once: after a crash, or a confirm whose answer was lost, it
// comes again. The delivery's dedup store catches that.
//
// # How to read it
//
//   - lease.go: what goes in and what comes out.
//   - engine.go: the state, and the one goroutine that owns it.
//   - pull.go: a batch from its pull to the end of its delivery. Start at
//     startPulls.
//   - confirm.go: from the delivered events to their confirm. Start at
//     startConfirms.
//   - pacer.go: the rate of calls.
package lease
