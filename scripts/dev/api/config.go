package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"vodevents/scripts/dev/runner"
	"vodevents/scripts/dev/standin"
	"vodevents/shared/vodfake"
)

// settings are what GET /api/config answers. The members in VOD's spelling are
// the event configuration of the application whose queue pull drains.
type settings struct {
	revision
	Real     bool   `json:"real"`
	Callback string `json:"callback"`
	API      string `json:"api,omitempty"`
	*vodfake.EventConfig
	Alternatives *standin.Alternatives `json:"alternatives,omitempty"`
	Signed       bool                  `json:"signed"`
	Every        string                `json:"every"`
	Cron         string                `json:"cron"`
	Next         time.Time             `json:"next,omitzero"`
	Clock        *clock                `json:"clock,omitempty"`
	Variables    []runner.Variable     `json:"variables"`
}

func (a *API) settings() settings {
	revision := a.revision()
	timer := a.Functions.Timer
	every, next := timer.State()
	s := settings{
		revision: revision, Real: a.StandIn == nil, Callback: a.Base + "/callback", API: a.VOD,
		Signed: len(a.SignKeys()) > 0, Every: every, Cron: timer.Expression, Next: stamp(next),
	}
	env := slices.Clone(a.Environ)
	for name, value := range a.Variables() {
		env = append(env, name+"="+value)
	}
	s.Variables = env.Show()
	if a.StandIn != nil {
		s.EventConfig = new(a.StandIn.Config())
		s.Alternatives = new(a.StandIn.Alternatives())
		s.Clock = new(a.clock())
	}
	return s
}

func (a *API) getConfig(w http.ResponseWriter, _ *http.Request) error {
	return reply(w, http.StatusOK, a.settings())
}

// change is what PUT /api/config takes. What is left out stays as it is.
type change struct {
	Every        *string         `json:"every"`
	Signed       *bool           `json:"signed"`
	Alternatives json.RawMessage `json:"alternatives"`

	Mode, NotificationUrl, SignKey                                                                 *string
	UploadMediaCompleteEventSwitch, DeleteMediaCompleteEventSwitch, PersistenceCompleteEventSwitch *string
}

// over is a configuration with the change. newKey makes a key when callbacks
// shall be signed and there is none.
func (c *change) over(config vodfake.EventConfig, newKey func() string) vodfake.EventConfig {
	for to, from := range map[*string]*string{
		&config.Mode:                           c.Mode,
		&config.NotificationUrl:                c.NotificationUrl,
		&config.SignKey:                        c.SignKey,
		&config.UploadMediaCompleteEventSwitch: c.UploadMediaCompleteEventSwitch,
		&config.DeleteMediaCompleteEventSwitch: c.DeleteMediaCompleteEventSwitch,
		&config.PersistenceCompleteEventSwitch: c.PersistenceCompleteEventSwitch,
	} {
		if from != nil {
			*to = *from
		}
	}
	switch {
	case c.Signed == nil:
	case !*c.Signed:
		config.SignKey = ""
	case config.SignKey == "":
		config.SignKey = newKey()
	}
	return config
}

// ofVOD says whether anything changes that is VOD's own.
func (c *change) ofVOD() bool {
	return c.Alternatives != nil || c.Signed != nil || c.Mode != nil || c.NotificationUrl != nil || c.SignKey != nil ||
		c.UploadMediaCompleteEventSwitch != nil || c.DeleteMediaCompleteEventSwitch != nil || c.PersistenceCompleteEventSwitch != nil
}

// putConfig changes nothing unless all can be changed.
func (a *API) putConfig(w http.ResponseWriter, r *http.Request) error {
	var c change
	if err := read(r, &c); err != nil {
		return err
	}
	if c.Every != nil {
		if err := a.Functions.Timer.Check(*c.Every); err != nil {
			return problemf(http.StatusBadRequest, "every: %v", err)
		}
	}
	if c.ofVOD() {
		if err := a.putVOD(&c); err != nil {
			return err
		}
	}
	if c.Every != nil {
		if err := a.Functions.Timer.Set(*c.Every); err != nil {
			return err
		}
	}
	a.Journal.Touch()
	return a.getConfig(w, r)
}

func (a *API) putVOD(c *change) error {
	if err := a.onlyStandIn(); err != nil {
		return err
	}
	alternatives := a.StandIn.Alternatives()
	if c.Alternatives != nil {
		if err := decode(c.Alternatives, &alternatives); err != nil {
			return err
		}
	}
	was := a.StandIn.Config()
	if config := c.over(was, a.StandIn.NewSignKey); config != was {
		if err := a.StandIn.SetConfig(config); err != nil {
			return problemf(http.StatusBadRequest, "%v", err)
		}
	}
	a.StandIn.SetAlternatives(alternatives)
	return nil
}
