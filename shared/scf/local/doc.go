// Package local runs a built function on this machine the way SCF's Go runtime
// does: as a process of its own that is called over net/rpc, with a deadline,
// a request id and an environment for each invocation.
//
// [Start] starts one instance; [Function.Invoke] gives it an event. As on the
// platform an instance takes one event at a time, and one that exceeds its time
// is killed. A [Pool] does what the platform does about both: it starts another
// instance when all are busy, and a new one for one that is gone.
//
// An instance listens on a unix socket in a folder of its starter's user alone.
// Its calls set the variables of the process, so nobody else may reach it. It
// ends with its starter, however that ends.
// What an instance writes is as under SCF: events and the log are lines of its
// standard output, which [Lines] tells apart.
//
// [HTTPEvent], [PostEvent] and [TimerEvent] make the events of triggers.
//
// The cost of a start, against a function that has scf-go-lib and nothing else:
//
//	go test -run xxx -bench Start ./shared/scf/local
package local
