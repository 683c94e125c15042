package vodfake

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"

	"vodevents/shared/event"
)

type pullUploadRequest struct {
	target
	MediaUrl         string
	MediaName        string
	CoverUrl         string
	Procedure        string
	ExpireTime       string
	StorageRegion    string
	MediaStoragePath string
	ClassId          int64
	TasksPriority    int64
	SessionContext   string
	SessionId        string
	SourceContext    string
	Tags             []string
}

// PullUpload, 266/35575: VOD fetches a file. Nothing is fetched here: after
// Options.TaskTime there is a file of that name, told by NewFileUpload (where
// its switch is ON) and PullComplete. With a Procedure, whatever its name, the
// file is then processed with template 10 and a cover.
func (s *Server) pullUpload(_ context.Context, c *Call, p *pullUploadRequest, dst []byte) ([]byte, error) {
	u, err := url.Parse(p.MediaUrl)
	if p.MediaUrl == "" {
		return nil, apiError("MissingParameter", "The request is missing MediaUrl.")
	}
	if err != nil || u.Host == "" {
		return nil, apiError("InvalidParameterValue", "MediaUrl must be an address.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	a := s.app(c.SubAppId)
	if err := s.session(a, p.SessionId, p.SessionContext); err != nil {
		return nil, err
	}
	m := s.maker(a.id)
	task := m.taskID("Pull")
	f := m.file(cmp.Or(p.MediaName, strings.TrimSuffix(path.Base(u.Path), path.Ext(u.Path))), strings.TrimPrefix(path.Ext(u.Path), "."))
	f.sourceContext, f.coverUrl = p.SourceContext, p.CoverUrl
	t := s.newTask(a, task, "PullComplete", "", m.now)
	t.sessionId, t.sessionContext = p.SessionId, p.SessionContext
	t.update(processing, encodePayload(&event.PullUploadTask{TaskId: task, Status: event.TaskProcessing, SessionContext: p.SessionContext, SessionId: p.SessionId}), m.now)
	s.after(s.opt.TaskTime, func(at time.Time) {
		procedure := s.stored(a, f, p.Procedure, at)
		t.fileId = f.id
		s.finishTask(a, t, &event.PullUploadTask{
			TaskId:          task,
			Status:          "FINISH",
			Message:         "SUCCESS",
			FileId:          f.id,
			MediaBasicInfo:  f.basicInfo(),
			MetaData:        f.metaData(),
			FileUrl:         f.mediaUrl,
			ProcedureTaskId: procedure,
			SessionContext:  p.SessionContext,
			SessionId:       p.SessionId,
			Progress:        100,
		}, at)
	})
	return fmt.Appendf(dst, `"TaskId":%q`, task), nil
}

// Upload is what a client may say of a file that it uploads.
type Upload struct {
	Name          string // with its ending: "holiday.mp4"; empty: one is made up
	SourceContext string // comes back in MediaBasicInfo.SourceInfo
	Procedure     string // any name: the file is processed once it is there
}

// Upload is what a client does with one of VOD's upload SDKs, and what no call
// of the API does: after Options.TaskTime there is a file of that name, told by
// NewFileUpload, where its switch is ON. It returns the FileId to be.
func (s *Server) Upload(subAppId uint64, u Upload) (fileId string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	a := s.app(subAppId)
	ext := path.Ext(u.Name)
	f := s.maker(a.id).file(strings.TrimSuffix(u.Name, ext), strings.TrimPrefix(ext, "."))
	f.sourceContext = u.SourceContext
	s.after(s.opt.TaskTime, func(at time.Time) { s.stored(a, f, u.Procedure, at) })
	return f.id
}

// stored makes a file available, and starts the task flow that was asked for.
func (s *Server) stored(a *app, f *file, procedure string, at time.Time) (taskID string) {
	f.created, f.updated = at, at
	a.files[f.id] = f
	if procedure != "" {
		taskID = s.process(a, f, &processMediaRequest{MediaProcessTask: defaultProcedure()}, at)
	}
	s.notify(a, encode("NewFileUpload", &event.FileUploadTask{
		FileId:          f.id,
		MediaBasicInfo:  f.basicInfo(),
		ProcedureTaskId: taskID,
		MetaData:        f.metaData(),
	}), at)
	return taskID
}
