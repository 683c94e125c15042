package vod

import "context"

// PullUploadRequest asks VOD to fetch a media file (266/35575). The fields are
// those that a demonstration needs; VOD knows more.
type PullUploadRequest struct {
	MediaUrl       string // where VOD can fetch it: HTTP or HTTPS, HLS but not DASH
	MediaName      string `json:",omitempty"`
	SessionContext string `json:",omitempty"` // comes back in the events; at most 1000 characters
	SessionId      string `json:",omitempty"` // a second request with the same one is refused; at most 50 characters
}

// PullUpload starts to fetch a media file and returns the id of the task. In
// the end there is a PullComplete event and, if it is switched ON, a
// NewFileUpload.
func (c *Client) PullUpload(ctx context.Context, subAppId uint64, r PullUploadRequest) (taskId string, err error) {
	return c.task(ctx, "PullUpload", struct {
		application
		PullUploadRequest
	}{application{subAppId}, r})
}

// ProcessMediaRequest asks VOD to work on a media file that it holds
// (266/34125). The fields are those that a demonstration needs; VOD knows more.
type ProcessMediaRequest struct {
	FileId           string
	MediaProcessTask MediaProcessTaskInput
	SessionContext   string `json:",omitempty"` // as in PullUploadRequest
	SessionId        string `json:",omitempty"`
}

// MediaProcessTaskInput is a set of tasks; each ends in a result of one
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

// ProcessMedia starts to work on a media file and returns the id of the task.
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
