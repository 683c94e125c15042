package vodfake

import (
	"fmt"
	"net/url"
	"regexp"
)

// The two ways in which an application can get its events. It has one or the
// other, never both.
const (
	Push = "PUSH" // normal callbacks to NotificationUrl
	Pull = "PULL" // the queue
)

// EventConfig says how an application gets its events. ModifyEventConfig sets it.
type EventConfig struct {
	Mode            string // Push or Pull
	NotificationUrl string // for Push; empty: events go nowhere

	// ON or OFF: whether VOD sends NewFileUpload, FileDeleted and
	// PersistenceComplete. It always sends all other kinds (266/33781).
	UploadMediaCompleteEventSwitch string
	DeleteMediaCompleteEventSwitch string
	PersistenceCompleteEventSwitch string

	// SignKey signs callbacks: letters and digits, at most 32. Empty: they are
	// not signed. DescribeEventConfig does not return it.
	SignKey string `json:"-"`
}

// defaultConfig is what an application starts with. That the switches are OFF is
// documented. That the Mode is PUSH is inferred.
var defaultConfig = EventConfig{
	Mode:                           Push,
	UploadMediaCompleteEventSwitch: "OFF",
	DeleteMediaCompleteEventSwitch: "OFF",
	PersistenceCompleteEventSwitch: "OFF",
}

// EventConfig returns how an application gets its events.
func (s *Server) EventConfig(subAppId uint64) EventConfig {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.app(subAppId).config
}

// SetEventConfig changes how an application gets its events, at once. Empty
// members stay as they are, except NotificationUrl and SignKey.
func (s *Server) SetEventConfig(subAppId uint64, c EventConfig) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.app(subAppId)
	c = c.over(a.config)
	if err := c.check(); err != nil {
		return fmt.Errorf("vodfake: %w", err)
	}
	a.config, a.active = c, c
	return nil
}

// over fills c's empty members from old.
func (c EventConfig) over(old EventConfig) EventConfig {
	for _, f := range []struct{ new, old *string }{
		{&c.Mode, &old.Mode},
		{&c.UploadMediaCompleteEventSwitch, &old.UploadMediaCompleteEventSwitch},
		{&c.DeleteMediaCompleteEventSwitch, &old.DeleteMediaCompleteEventSwitch},
		{&c.PersistenceCompleteEventSwitch, &old.PersistenceCompleteEventSwitch},
	} {
		if *f.new == "" {
			*f.new = *f.old
		}
	}
	return c
}

var signKeyForm = regexp.MustCompile(`^[A-Za-z0-9]{0,32}$`)

// check returns the API error for a bad value.
func (c EventConfig) check() error {
	bad := func(name, rule string) error {
		return apiError("InvalidParameterValue", name+" must be "+rule+".")
	}
	if c.Mode != Push && c.Mode != Pull {
		return bad("Mode", "PUSH or PULL")
	}
	for name, value := range map[string]string{
		"UploadMediaCompleteEventSwitch": c.UploadMediaCompleteEventSwitch,
		"DeleteMediaCompleteEventSwitch": c.DeleteMediaCompleteEventSwitch,
		"PersistenceCompleteEventSwitch": c.PersistenceCompleteEventSwitch,
	} {
		if value != "ON" && value != "OFF" {
			return bad(name, "ON or OFF")
		}
	}
	if c.NotificationUrl != "" {
		if u, err := url.Parse(c.NotificationUrl); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return bad("NotificationUrl", "an address that begins with http:// or https://, or empty")
		}
	}
	if !signKeyForm.MatchString(c.SignKey) {
		return bad("SignKey", "at most 32 letters and digits")
	}
	return nil
}

// tells says whether VOD sends events of a kind.
func (c EventConfig) tells(kind string) bool {
	switch kind {
	case "NewFileUpload":
		return c.UploadMediaCompleteEventSwitch == "ON"
	case "FileDeleted":
		return c.DeleteMediaCompleteEventSwitch == "ON"
	case "PersistenceComplete":
		return c.PersistenceCompleteEventSwitch == "ON"
	}
	return true
}
