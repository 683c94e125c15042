// Package handler is a user's code for the tests of the built functions: what
// it does with an event stands in the event's Name.
package handler

import (
	"context"
	"errors"
	"strings"

	"vodevents/shared/event"
)

func Event(ctx context.Context, e *event.Event) error {
	payload, err := e.Decode()
	if err != nil {
		return err
	}
	upload, ok := payload.(*event.FileUploadTask)
	if !ok || upload.MediaBasicInfo == nil {
		return nil
	}
	switch name := upload.MediaBasicInfo.Name; {
	case name == "fails":
		return errors.New("not now")
	case name == "never":
		return Permanent(errors.New("no such tenant"))
	case name == "panics":
		panic("a bug in the handler")
	case strings.HasPrefix(name, "hangs"):
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}
