// Package handler is the user's code of a soak. The mark in an event says what it does
// with the event. "Once" means once among all processes.
package handler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"vodevents/shared/event"
)

func Event(ctx context.Context, e *event.Event) error {
	if !bytes.Contains(e.Payload, []byte(`"do":"`)) {
		return nil
	}
	var payload struct {
		Soak struct {
			N  int
			Do string
		}
	}
	if err := json.Unmarshal(e.Payload, &payload); err != nil {
		return err
	}
	mark := payload.Soak
	switch mark.Do {
	case "never":
		return Permanent(errors.New("no such tenant"))
	case "always":
		return errors.New("not now, and never")
	case "refused": // by the receiver, not here
		return nil
	}
	if err := os.Mkdir(filepath.Join(os.Getenv("SOAK_DIR"), strconv.Itoa(mark.N)), 0o700); err != nil {
		return nil // it was done before
	}
	switch mark.Do {
	case "fails":
		return errors.New("not now")
	case "panics":
		panic("a bug in the handler")
	case "hangs":
		<-ctx.Done()
		return ctx.Err()
	case "sticks":
		select {} // it does not even honor its context
	}
	return nil
}
