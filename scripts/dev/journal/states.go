package journal

import (
	"vodevents/shared/media"
	"vodevents/shared/vodfake"
)

// The states that the stand-in does not know. They are seen in what comes out
// of the functions.
const (
	Handled   vodfake.State = "handled"   // the handler let it pass and stdout has it; other sinks may be at work
	Delivered vodfake.State = "delivered" // every sink has it
	Parked    vodfake.State = "parked"    // given up: in DEAD_LETTER, or whole in the log
)

// State is a state of an event as people are shown it.
type State struct {
	Name vodfake.State `json:"name"`
	Sign string        `json:"sign"`           // the drawing beside it
	Tone string        `json:"tone,omitempty"` // move: on its way; warn; done; bad. None: it waits
}

// MediaState is a state of a media as people are shown it.
type MediaState struct {
	Name media.State `json:"name"`
	Sign string      `json:"sign"`
	Tone string      `json:"tone,omitempty"`
	Text string      `json:"text"` // in words
}

// MediaStates are all states of a media.
var MediaStates = []MediaState{
	{media.Ready, "confirmed", "done", "plays"},
	{media.Processing, "handled", "move", "a procedure runs"},
	{media.Failed, "failed", "bad", "its procedure failed, and no result plays"},
	{media.Known, "queued", "", "known, and nothing of it plays"},
	{media.Deleted, "parked", "", "deleted"},
}

// States are all states, in the order of an event's life.
var States = []State{
	{vodfake.Queued, "queued", ""},
	{vodfake.Sent, "sent", "move"},
	{vodfake.Pulled, "pulled", "move"},
	{Handled, "handled", "move"},
	{Delivered, "delivered", "move"},
	{vodfake.Redelivered, "redelivered", "warn"},
	{vodfake.TimedOut, "expired", "warn"},
	{vodfake.Confirmed, "confirmed", "done"},
	{vodfake.Answered, "confirmed", "done"},
	{Parked, "parked", "bad"},
	{vodfake.Expired, "expired", "bad"},
	{vodfake.Failed, "failed", "bad"},
}
