package main

import (
	"net/http"
	"slices"
	"time"

	"vodevents/shared/vodfake"
)

// settings are what GET /api/config answers. The members in VOD's spelling are
// the event configuration of the application whose queue pull drains.
type settings struct {
	Real     bool   `json:"real"`
	Callback string `json:"callback"`
	API      string `json:"api,omitempty"`
	*vodfake.EventConfig
	Signed    bool       `json:"signed"`
	Every     string     `json:"every"`
	Cron      string     `json:"cron"`
	Next      time.Time  `json:"next,omitzero"`
	Clock     *clock     `json:"clock,omitempty"`
	Variables []variable `json:"variables"`
}

func (d *dev) settings() settings {
	every, next := d.timer.state()
	s := settings{
		Real: d.standIn == nil, Callback: d.base + "/callback", API: d.api,
		Signed: len(d.signKeys()) > 0, Every: every, Cron: d.timer.expression, Next: stamp(next),
	}
	env := slices.Clone(d.fenv)
	for name, value := range d.variables() {
		env = append(env, name+"="+value)
	}
	s.Variables = env.show()
	if d.standIn != nil {
		s.EventConfig = new(d.standIn.config())
		s.Clock = new(d.standIn.clock())
	}
	return s
}

func (d *dev) getConfig(w http.ResponseWriter, _ *http.Request) error {
	return reply(w, http.StatusOK, d.settings())
}

func (d *dev) putConfig(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Every  *string `json:"every"`
		Signed *bool   `json:"signed"`

		Mode, NotificationUrl, SignKey                                                                 *string
		UploadMediaCompleteEventSwitch, DeleteMediaCompleteEventSwitch, PersistenceCompleteEventSwitch *string
	}
	if err := read(r, &in); err != nil {
		return err
	}
	if in.Every != nil {
		if _, err := parseEvery(*in.Every, d.timer.expression); err != nil {
			return problemf(http.StatusBadRequest, "every: %v", err)
		}
	}

	// Nothing is changed unless all can be.
	var config, was vodfake.EventConfig
	if d.standIn != nil {
		was = d.standIn.config()
		config = was
	}
	for to, from := range map[*string]*string{
		&config.Mode:                           in.Mode,
		&config.NotificationUrl:                in.NotificationUrl,
		&config.SignKey:                        in.SignKey,
		&config.UploadMediaCompleteEventSwitch: in.UploadMediaCompleteEventSwitch,
		&config.DeleteMediaCompleteEventSwitch: in.DeleteMediaCompleteEventSwitch,
		&config.PersistenceCompleteEventSwitch: in.PersistenceCompleteEventSwitch,
	} {
		if from != nil {
			*to = *from
		}
	}
	switch {
	case in.Signed == nil:
	case !*in.Signed:
		config.SignKey = ""
	case config.SignKey == "" && d.standIn != nil:
		config.SignKey = d.standIn.newSignKey()
	}
	if config != was || in.Signed != nil && d.standIn == nil {
		if err := d.onlyStandIn(); err != nil {
			return err
		}
		if err := d.standIn.setConfig(config); err != nil {
			return err
		}
	}
	if in.Every != nil {
		if err := d.timer.set(*in.Every); err != nil {
			return err
		}
	}
	d.store.touchState()
	return d.getConfig(w, r)
}

// onlyStandIn refuses what the real VOD does not do.
func (d *dev) onlyStandIn() error {
	if d.standIn == nil {
		return problemf(http.StatusConflict, "with -real there is no stand-in whose configuration, faults or clock could be changed")
	}
	return nil
}

// faults are what GET /api/faults answers.
type faults struct {
	Faults []vodfake.Chance `json:"faults"`
	Sink   sinkFault        `json:"sink"`
}

func (d *dev) faults() faults {
	f := faults{Faults: []vodfake.Chance{}, Sink: d.sink.get()}
	if d.standIn != nil {
		f.Faults = append(f.Faults, d.standIn.fake.Faults()...)
	}
	return f
}

func (d *dev) getFaults(w http.ResponseWriter, _ *http.Request) error {
	return reply(w, http.StatusOK, d.faults())
}

func (d *dev) putFaults(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Faults *[]vodfake.Chance `json:"faults"`
		Sink   *sinkFault        `json:"sink"`
	}
	if err := d.onlyStandIn(); err != nil {
		return err
	}
	if err := read(r, &in); err != nil {
		return err
	}
	if in.Sink != nil {
		if err := in.Sink.check(); err != nil {
			return err
		}
	}
	if in.Faults != nil {
		if err := d.standIn.fake.SetFaults(*in.Faults...); err != nil {
			return problemf(http.StatusBadRequest, "%v", err)
		}
	}
	if in.Sink != nil {
		d.sink.set(*in.Sink)
	}
	d.store.touchState()
	return d.getFaults(w, r)
}

// within says whether the clock can be set to a time: what it is ahead of the
// real time must fit a Duration, 292 years.
func within(t time.Time) bool { return 2000 <= t.Year() && t.Year() < 2200 }

func (d *dev) postClock(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Forward string    `json:"forward"`
		Time    time.Time `json:"time"`
	}
	if err := d.onlyStandIn(); err != nil {
		return err
	}
	if err := read(r, &in); err != nil {
		return err
	}
	forward, err := time.ParseDuration(in.Forward)
	switch now := d.standIn.fake.Now(); {
	case in.Forward == "" && within(in.Time):
		d.standIn.fake.SetTime(in.Time)
	case err == nil && forward > 0 && in.Time.IsZero() && within(now.Add(forward)):
		d.standIn.fake.FastForward(forward)
	default:
		return problemf(http.StatusBadRequest, `give {"forward":"30s"}, a time longer than 0, or {"time":"2026-11-25T08:00:00Z"}, within 2000 to 2199`)
	}
	d.inbox.sync(d.done)
	d.store.touchState()
	return reply(w, http.StatusOK, d.standIn.clock())
}

func (d *dev) postTimer(w http.ResponseWriter, r *http.Request) error {
	if _, err := readBody(r); err != nil {
		return err
	}
	f := d.fire(r.Context())
	d.inbox.sync(d.done)
	return reply(w, http.StatusOK, f)
}

func (d *dev) getFigures(w http.ResponseWriter, _ *http.Request) error {
	totals, series := d.store.all()
	return reply(w, http.StatusOK, map[string]any{"totals": totals, "series": series})
}
