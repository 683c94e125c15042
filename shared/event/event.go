package event

import (
	"encoding/json"
	"time"

	"vodevents/shared/internal/jsonscan"
)

// Mode says by which of VOD's two ways an event came. It is the CloudEvents
// attribute vodmode.
type Mode string

const (
	// Normal is a callback: one HTTP POST, sent again at most twice and only
	// after a timeout of 5 s (266/33948, 266/7829).
	Normal Mode = "normal"

	// Reliable is an event from PullEvents, which comes back after 30 s unless
	// ConfirmEvents names its handle (266/33433, 266/33434).
	Reliable Mode = "reliable"

	// Reconciled is an event without a notification. It was made from VOD's
	// answer to the question what was missed.
	Reconciled Mode = "reconciled"
)

// TypeUnparsed is the Type of a pulled element, or of a signed callback, that is
// not an event. Its data is what came, without the handle.
const TypeUnparsed = "Unparsed"

// TypeMediaRead is the Type of an event of our own: a media file as VOD described
// it when asked (266/31763). Its data is not a notification and has no EventType.
const TypeMediaRead = "MediaRead"

// Origin is what is known of an event beside its bytes.
type Origin struct {
	Mode     Mode
	SubAppId uint64    // 0: not known
	Received time.Time // when the bytes were here; the CloudEvents time

	// Sign and T are the query parameters sign and t of a callback. Those in
	// the body win.
	Sign, T string
}

// Event is one notification of VOD with its payload as it came. [Parse] makes it.
// Only Verified, SchemaBase and Parking change afterwards.
type Event struct {
	Origin // with Sign and T of the body, when the body has both

	// Type is the EventType as VOD spells it, known or not.
	Type string

	// Handle is the EventHandle to confirm; only pulled events have one. It may
	// change from one delivery to the next, so it is no identity.
	Handle string

	// Field is the name of the payload's member: FileUploadEvent for
	// NewFileUpload; "data" in the 2.0 format; empty when there is no payload
	// that is an object.
	Field string

	// Payload is the value of Field, every byte as VOD sent it. It shares
	// memory with the bytes that were parsed.
	Payload json.RawMessage

	// ID is 32 hex digits: the same for the same payload, whatever the white
	// space, the handle, the signature or the mode.
	ID string

	// StableID tells whether a repetition of the event has the same ID. If it is
	// false, the ID depends on the time of receipt. Such an event must bypass
	// dedup and may come twice.
	StableID bool

	// PayloadID is the ID without the handle, the T or the time of receipt, where
	// one of them is part of the ID: all deliveries of the event share it, and so
	// may two events that happen to be equal. Else it is empty.
	PayloadID string

	// Subject is FileId, else TaskId, else the first of FileIdSet, else empty.
	Subject string

	// Verified tells whether VOD, when asked, said that the callback is true.
	// nil: VOD was not asked.
	Verified *bool

	// SchemaBase is the URL of the folder with the kinds' schemas (SCHEMA_BASE),
	// for the CloudEvents attribute dataschema. Empty: no such attribute.
	SchemaBase string

	// Parking says why the event was parked. nil: it was not.
	Parking *Parking

	text jsonscan.Text     // what was parsed
	keep []jsonscan.Member // the members that make up data; nil: text is data as a whole
}

// Parking says why an event was parked. It becomes the CloudEvents extension
// attributes parkreason, parkattempts, parkfirsterror and parklasterror.
type Parking struct {
	Reason     string // permanent, attempts, unparsed, deadline, claimed, refuted, unverified or configuration
	Attempts   int    // attempts that failed because of the event
	FirstError string
	LastError  string
}
