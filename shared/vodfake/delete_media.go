package vodfake

import (
	"context"
	"time"

	"vodevents/shared/event"
)

type deleteMediaRequest struct {
	target
	FileId      string
	DeleteParts []*event.MediaDeleteItem
}

var errNoFile = apiError("InvalidParameterValue.FileId", "There is no file of this FileId in the application.")

// DeleteMedia removes a file, or parts of it, at once (266/31764). If its switch is
// ON, the event FileDeleted follows after Options.TaskTime.
func (s *Server) deleteMedia(_ context.Context, c *Call, p *deleteMediaRequest, dst []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	return dst, s.deleteFile(s.app(c.SubAppId), p.FileId, p.DeleteParts)
}

// Delete removes a file, or only the parts that are given, as DeleteMedia does. The
// error says that there is no such file.
func (s *Server) Delete(subAppId uint64, fileId string, parts ...*event.MediaDeleteItem) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	return s.deleteFile(s.app(subAppId), fileId, parts)
}

func (s *Server) deleteFile(a *app, fileId string, parts []*event.MediaDeleteItem) error {
	s.learn(a)
	if a.files[fileId] == nil {
		return errNoFile
	}
	a.remove(fileId, parts, s.now())
	told := deleted(fileId)
	told.FileDeleteResultInfo[0].DeleteParts = parts
	s.after(s.opt.TaskTime, func(at time.Time) {
		s.notify(a, encode("FileDeleted", told), at)
	})
	return nil
}

func deleted(fileID string) *event.FileDeleteTask {
	return &event.FileDeleteTask{
		FileIdSet:            []string{fileID},
		FileDeleteResultInfo: []*event.FileDeleteResultItem{{FileId: fileID}},
	}
}
