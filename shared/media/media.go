package media

import (
	"encoding/json"
	"time"

	"vodevents/shared/event"
)

// MaxFileId is the length of the longest FileId that makes a media, in bytes.
// Those of VOD have about 20 digits.
const MaxFileId = 255

// Media is what is known of one media: the registers that events have set. In the
// zero value nothing is known. As JSON it is the column doc; see [Media.AppendDoc].
type Media struct {
	Source string `json:"-"` // the CloudEvents source of its events
	FileId string `json:"-"`

	Name           Register[string]    `json:"name,omitzero"`
	Category       Register[string]    `json:"category,omitzero"` // Video, Audio or Image
	Type           Register[string]    `json:"type,omitzero"`     // the container, such as mp4
	MediaUrl       Register[string]    `json:"media_url,omitzero"`
	UploadedCover  Register[string]    `json:"uploaded_cover,omitzero"`
	Size           Register[int64]     `json:"size,omitzero"`     // bytes
	Duration       Register[float64]   `json:"duration,omitzero"` // seconds
	Width          Register[int64]     `json:"width,omitzero"`    // px
	Height         Register[int64]     `json:"height,omitzero"`   // px
	CreatedAt      Register[time.Time] `json:"created_at,omitzero"`
	ExpiresAt      Register[time.Time] `json:"expires_at,omitzero"`    // 9999-12-31T23:59:59Z: never
	StorageClass   Register[string]    `json:"storage_class,omitzero"` // STANDARD, STANDARD_IA, ARCHIVE or DEEP_ARCHIVE
	SourceContext  Register[string]    `json:"source_context,omitzero"`
	SessionContext Register[string]    `json:"session_context,omitzero"`

	// Ban is MediaBasicInfo.Status, Normal or Forbidden (266/31763). Only a re-read
	// tells a change of it.
	Ban  Register[string] `json:"ban,omitzero"`
	Md5  Register[string] `json:"md5,omitzero"`
	Sha1 Register[string] `json:"sha1,omitzero"`

	// DerivedFrom are the FileIds that the task which made the media was given.
	DerivedFrom Register[[]string] `json:"derived_from,omitzero"`

	Wechat      Register[Wechat] `json:"wechat,omitzero"`       // WechatPublishComplete
	MiniProgram Register[string] `json:"mini_program,omitzero"` // PublishResult

	Procedures []Procedure `json:"procedures,omitempty"`
	Results    []Result    `json:"results,omitempty"`
	Reviews    []Review    `json:"reviews,omitempty"`

	// Deleted is the FileDeleted of the whole media. It is final.
	Deleted Version `json:"deleted,omitzero"`

	// Exists is what the last re-read said.
	Exists Register[bool] `json:"exists,omitzero"`

	DeletedParts []DeletedPart `json:"deleted_parts,omitempty"`
	Listed       []Listed      `json:"listed,omitempty"`

	// Last is the event about the media that was received last.
	Last Version `json:"last,omitzero"`
}

// Wechat is a publication to WeChat (266/33795).
type Wechat struct {
	Status string `json:"status,omitempty"`
	Url    string `json:"url,omitempty"`
}

// Procedure is one run of a procedure over the media (266/33953).
type Procedure struct {
	Task   string    `json:"task"`
	Status string    `json:"status"` // PENDING, PROCESSING, FINISH, or what else VOD says
	At     time.Time `json:"at"`     // of the first event that named the task

	// Told is the event that told the status.
	Told Version `json:"told"`
}

// Pending is the status of a procedure that an upload announced, until an event of the
// procedure itself comes. VOD has no such status.
const Pending = "PENDING"

// Result is the outcome of one sub-task of one task, or its progress (266/33953). Events
// that repeat it are one Result; with TasksNotifyMode Change many do.
type Result struct {
	Kind       event.MediaProcessType `json:"kind"`
	Definition int64                  `json:"definition"`
	Task       string                 `json:"task,omitempty"`
	Status     event.SubTaskStatus    `json:"status"`
	Error      string                 `json:"error,omitempty"` // of a FAIL: its code and its message

	// At is the sub-task's FinishTime where Finished is set, else when the first
	// event that told of it was received.
	At       time.Time `json:"at"`
	Finished bool      `json:"finished,omitempty"`

	// Read: the result is from a re-read, which names no task.
	Read bool `json:"read,omitempty"`

	Figures

	Event string `json:"event"` // the event that the values are from
	Index int    `json:"index,omitempty"`

	// Data is the Output as VOD sent it. It is not in doc, but in a row of its
	// own: nil after a Media was read from doc.
	Data json.RawMessage `json:"-"`
}

// Figures are what is known of a file that a sub-task made.
type Figures struct {
	Url       string  `json:"url,omitempty"`
	Width     int64   `json:"width,omitempty"`    // px
	Height    int64   `json:"height,omitempty"`   // px
	Size      int64   `json:"size,omitempty"`     // bytes
	Bitrate   int64   `json:"bitrate,omitempty"`  // bits a second, of picture and sound
	Duration  float64 `json:"duration,omitempty"` // seconds
	Container string  `json:"container,omitempty"`
	DrmType   string  `json:"drm_type,omitempty"` // of an adaptive stream, such as SimpleAES; empty: open
}

// Version orders results of one Kind and Definition.
func (r *Result) Version() Version { return Version{rankOwn, r.At, r.Event, r.Index} }

// Review is what one review suggests, of ReviewAudioVideo (266/50677) or within a
// procedure (266/33953).
type Review struct {
	Task       string           `json:"task,omitempty"`
	Suggestion event.Suggestion `json:"suggestion"`
	Label      string           `json:"label,omitempty"`
	At         time.Time        `json:"at"`
	Read       bool             `json:"read,omitempty"` // VOD said so when it was asked
	Event      string           `json:"event"`
	Index      int              `json:"index,omitempty"`
}

// Version orders reviews.
func (r *Review) Version() Version { return Version{rankOwn, r.At, r.Event, r.Index} }

// DeletedPart is the last deletion of a part of the media (266/33952).
type DeletedPart struct {
	Type       event.DeletedPart `json:"type"`
	Definition int64             `json:"definition,omitempty"` // 0: all
	Version
}

// Listed are the Definitions of one kind that VOD listed at the last re-read.
type Listed struct {
	Kind        event.MediaProcessType `json:"kind"`
	Definitions []int64                `json:"definitions"` // in ascending order
	Version
}
