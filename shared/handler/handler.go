package handler

import (
	"context"

	"vodevents/shared/event"
)

// Event is your code. It is called for each event before the sinks get it. Calls
// run concurrently, and an event may come twice. Event must return when ctx ends.
// The package's example shows the payloads.
//
// Return nil when your code is done, [Permanent] to park the event, and any other
// error to get the event again.
func Event(ctx context.Context, e *event.Event) error {
	return nil
}
