package vod

import "context"

// PullUploadRequest asks VOD to fetch a media file (266/35575). It has the fields
// that a demonstration needs; VOD has more.
type PullUploadRequest struct {
	MediaUrl       string // where VOD can fetch it: HTTP or HTTPS, HLS but not DASH
	MediaName      string `json:",omitempty"`
	SessionContext string `json:",omitempty"` // comes back in the events; at most 1000 characters
	SessionId      string `json:",omitempty"` // a second request with the same one is refused; at most 50 characters
}

// PullUpload starts to fetch a media file and returns the id of the task. When it
// has ended, VOD sends a PullComplete event and, if its switch is ON, a
// NewFileUpload.
func (c *Client) PullUpload(ctx context.Context, subAppId uint64, r PullUploadRequest) (taskId string, err error) {
	return c.task(ctx, "PullUpload", struct {
		application
		PullUploadRequest
	}{application{subAppId}, r})
}

// ProcessMediaRequest asks VOD to process a media file (266/34125). It has the
// fields that a demonstration needs; VOD has more.
type ProcessMediaRequest struct {
	FileId           string
	MediaProcessTask MediaProcessTaskInput
	SessionContext   string `json:",omitempty"` // as in PullUploadRequest
	SessionId        string `json:",omitempty"`
}

// MediaProcessTaskInput is a set of tasks. Each has a result in the
// ProcedureStateChanged event.
type MediaProcessTaskInput struct {
	TranscodeTaskSet       []TranscodeTaskInput       `json:",omitempty"`
	CoverBySnapshotTaskSet []CoverBySnapshotTaskInput `json:",omitempty"`
}

// TranscodeTaskInput names a transcoding template; 10 is one that every
// application has.
type TranscodeTaskInput struct {
	Definition uint64
}

// CoverBySnapshotTaskInput makes a picture of the video its cover.
type CoverBySnapshotTaskInput struct {
	Definition    uint64  // the template of the picture; 10 is one that every application has
	PositionType  string  // Time or Percent
	PositionValue float64 // seconds or percent
}

// ProcessMedia starts to process a media file and returns the id of the task.
func (c *Client) ProcessMedia(ctx context.Context, subAppId uint64, r ProcessMediaRequest) (taskId string, err error) {
	return c.task(ctx, "ProcessMedia", struct {
		application
		ProcessMediaRequest
	}{application{subAppId}, r})
}

// task calls an action that starts a task.
func (c *Client) task(ctx context.Context, action string, params any) (string, error) {
	var r struct{ TaskId string }
	err := c.describe(ctx, action, params, &r)
	return r.TaskId, err
}
