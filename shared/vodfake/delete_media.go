package vodfake

import (
	"context"
	"time"

	"vodevents/shared/event"
)

type deleteMediaRequest struct {
	target
	FileId string
}

// DeleteMedia removes the file at once (266/31764). If its switch is ON, the event
// FileDeleted follows after Options.TaskTime. The stand-in cannot delete parts of
// a file.
func (s *Server) deleteMedia(_ context.Context, c *Call, p *deleteMediaRequest, dst []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	a := s.app(c.SubAppId)
	if a.files[p.FileId] == nil {
		return nil, apiError("InvalidParameterValue.FileId", "There is no file of this FileId in the application.")
	}
	delete(a.files, p.FileId)
	s.after(s.opt.TaskTime, func(at time.Time) {
		s.notify(a, encode("FileDeleted", deleted(p.FileId)), at)
	})
	return dst, nil
}

func deleted(fileID string) *event.FileDeleteTask {
	return &event.FileDeleteTask{
		FileIdSet:            []string{fileID},
		FileDeleteResultInfo: []*event.FileDeleteResultItem{{FileId: fileID}},
	}
}
