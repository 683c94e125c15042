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

// DeleteMedia, 266/31764: the file is gone at once, and FileDeleted tells it
// after Options.TaskTime, where its switch is ON. Parts of a file cannot be
// deleted here.
func (s *Server) deleteMedia(_ context.Context, c *Call, p *deleteMediaRequest, dst []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	a := s.app(c.SubAppId)
	if a.files[p.FileId] == nil {
		return nil, &apiError{"InvalidParameterValue.FileId", "There is no file of this FileId in the application."}
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
