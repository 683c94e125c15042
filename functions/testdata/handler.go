// Package handler stands for a user's code in the tests of the built functions.
// The event's Name says what it does with the event.
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
