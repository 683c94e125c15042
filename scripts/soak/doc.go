// Command soak attacks the guarantees: nothing is lost, nothing is confirmed before
// it is durable, and no event has two rows.
//
// It runs both functions as built processes under SCF's protocol, the stand-in for
// VOD, a PostgreSQL or a MariaDB that is SINK, DEDUP and DEAD_LETTER with media=,
// and a webhook beside it. Over a simulated week it pushes half of the events as
// callbacks and queues the other half, while everything goes wrong that can: calls
// of the API, callbacks, the webhook, the database, the functions' processes, and
// the user's code. Then it looks for every event in the database.
//
//	go run ./scripts/soak [-events 100000] [-seed N] [-db postgres|mysql] [-write]
//
// A seed fixes what is sent and what goes wrong, and at which event. It does not
// fix how processes interleave. The exit status is 1 if a guarantee was broken; then
// the whole history of the first event that went wrong is printed, with the seed.
//
// # The clock
//
// VOD's clock is the real one, moved ahead. It jumps from one round of the week to
// the next, when nothing is left in the queue. It jumps over the 30 s of a lease
// only while no pull runs, so that it never ends the lease of a running instance.
package main
