package vodfake

import (
	"vodevents/shared/event"
)

// MediaChange is a change of a file that no event tells of. What is empty stays.
type MediaChange struct {
	Name         string             // renamed, as by ModifyMediaInfo
	Status       event.MediaStatus  // banned or allowed again, as by ForbidMediaDistribution
	StorageClass event.StorageClass // moved, as by a rule of the application
	ExpireTime   string             // ISO 8601, as by ModifyMediaInfo (266/31762)
}

// ChangeMedia changes a file. The error says that there is no such file.
func (s *Server) ChangeMedia(subAppId uint64, fileId string, c MediaChange) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	a := s.app(subAppId)
	s.learn(a)
	f := a.files[fileId]
	if f == nil {
		return errNoFile
	}
	if c.Name != "" {
		f.name = c.Name
	}
	if c.Status != "" {
		f.status = c.Status
	}
	if c.StorageClass != "" {
		f.storageClass = c.StorageClass
	}
	if c.ExpireTime != "" {
		f.expireTime = c.ExpireTime
	}
	f.updated = s.now()
	return nil
}
