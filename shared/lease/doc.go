// Package lease drains VOD's queue of reliable events: PullEvents, a delivery,
// ConfirmEvents.
//
// The queue is harder than most. A pull brings at most 16 events (266/33433)
// and leases them for 30 s; the lease cannot be renewed, an event carries no
// count of its deliveries, a confirm names at most 16 handles and says nothing
// of each (266/33434), and either call may be made 100 times a second. An event
// that is not confirmed in time comes back, to anybody.
//
// # How it keeps up
//
// Pulls, deliveries and confirms overlap. The number of pulls in flight starts
// at one, doubles while batches come full and falls to one on a short batch, so
// that a backlog drains at the API's limit and an idle queue costs one poll.
//
// # What it promises
//
//   - An event is confirmed only after its delivery said that it may be.
//   - One event that fails leaves only itself for redelivery.
//   - A batch whose delivery cannot end within its lease or the invocation is
//     not started.
//   - Memory is bounded by the pulls in flight and by 8 MB of answers, never by
//     the backlog.
//   - When [Drain] has returned, nothing of it runs any more.
//
// It promises no order, as VOD does not, and not that an event comes only once:
// a confirm whose answer is lost, or a crash, brings it again. That is for the
// delivery's dedup store.
//
// # How to read it
//
// lease.go is what goes in and out. engine.go is one goroutine that owns all
// state and decides; pullBatch there is the way of one pull. confirm.go confirms.
// pacer.go keeps the rate.
package lease
