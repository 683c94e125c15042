package handler

import (
	"context"

	"vodevents/shared/event"
)

// Event is your code. It is called for each event before the sinks have it:
// concurrently, perhaps again for one that was seen before, and it must return
// when ctx ends. See the package's example for the payloads.
//
// nil is done, [Permanent] parks the event, any other error brings it again.
func Event(ctx context.Context, e *event.Event) error {
	return nil
}
