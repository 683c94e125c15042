package vodfake

import (
	"context"
	"time"
)

type modifyEventConfigRequest struct {
	target
	Mode                           string
	NotificationUrl                *string
	UploadMediaCompleteEventSwitch string
	DeleteMediaCompleteEventSwitch string
	PersistenceCompleteEventSwitch string
	SignKey                        *string
}

// ModifyEventConfig changes what the request names; an empty NotificationUrl
// clears it. A change shows in DescribeEventConfig at once, and has its effect
// Options.ConfigDelay later: at the real VOD about 10 minutes.
func (s *Server) modifyEventConfig(_ context.Context, c *Call, p *modifyEventConfigRequest, dst []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	a := s.app(c.SubAppId)
	config := EventConfig{
		Mode:                           p.Mode,
		NotificationUrl:                a.config.NotificationUrl,
		UploadMediaCompleteEventSwitch: p.UploadMediaCompleteEventSwitch,
		DeleteMediaCompleteEventSwitch: p.DeleteMediaCompleteEventSwitch,
		PersistenceCompleteEventSwitch: p.PersistenceCompleteEventSwitch,
		SignKey:                        a.config.SignKey,
	}.over(a.config)
	if p.NotificationUrl != nil {
		config.NotificationUrl = *p.NotificationUrl
	}
	if p.SignKey != nil {
		config.SignKey = *p.SignKey
	}
	if err := config.check(); err != nil {
		return nil, err
	}
	a.config = config
	s.after(s.opt.ConfigDelay, func(time.Time) { a.active = config })
	s.advance() // without a delay that is now
	return dst, nil
}
