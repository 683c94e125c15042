package api

import (
	"net/http"
	"time"

	"vodevents/scripts/dev/standin"
	"vodevents/shared/vodfake"
)

// faults are what GET /api/faults answers.
type faults struct {
	revision
	Faults []vodfake.Chance  `json:"faults"`
	Sink   standin.SinkFault `json:"sink"`
}

func (a *API) faults() faults {
	f := faults{revision: a.revision(), Faults: []vodfake.Chance{}, Sink: a.Sink.Fault()}
	if a.StandIn != nil {
		f.Faults = append(f.Faults, a.StandIn.Faults()...)
	}
	return f
}

func (a *API) getFaults(w http.ResponseWriter, _ *http.Request) error {
	return reply(w, http.StatusOK, a.faults())
}

func (a *API) putFaults(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Faults *[]vodfake.Chance  `json:"faults"`
		Sink   *standin.SinkFault `json:"sink"`
	}
	if err := a.onlyStandIn(); err != nil {
		return err
	}
	if err := read(r, &in); err != nil {
		return err
	}
	if in.Sink != nil {
		if err := in.Sink.Check(); err != nil {
			return problemf(http.StatusBadRequest, "%v", err)
		}
	}
	if in.Faults != nil {
		if err := a.StandIn.SetFaults(*in.Faults...); err != nil {
			return problemf(http.StatusBadRequest, "%v", err)
		}
	}
	if in.Sink != nil {
		a.Sink.SetFault(*in.Sink)
	}
	a.Journal.Touch()
	return a.getFaults(w, r)
}

// clock is the stand-in's.
type clock struct {
	Now      time.Time `json:"now"`
	OffsetMs int64     `json:"offsetMs"`
}

func (a *API) clock() clock {
	return clock{stamp(a.StandIn.Now()), a.StandIn.Ahead().Milliseconds()}
}

// within says whether the clock can be set to a time: what it is ahead of the
// real time must fit a Duration, 292 years.
func within(t time.Time) bool { return 2000 <= t.Year() && t.Year() < 2200 }

func (a *API) postClock(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Forward string    `json:"forward"`
		Time    time.Time `json:"time"`
	}
	if err := a.onlyStandIn(); err != nil {
		return err
	}
	if err := read(r, &in); err != nil {
		return err
	}
	forward, err := time.ParseDuration(in.Forward)
	switch now := a.StandIn.Now(); {
	case in.Forward == "" && within(in.Time):
		a.StandIn.SetTime(in.Time)
	case err == nil && forward > 0 && in.Time.IsZero() && within(now.Add(forward)):
		a.StandIn.FastForward(forward)
	default:
		return problemf(http.StatusBadRequest, `give {"forward":"30s"}, a time longer than 0, or {"time":"2026-11-25T08:00:00Z"}, within 2000 to 2199`)
	}
	a.Journal.Sync()
	a.Journal.Touch()
	return reply(w, http.StatusOK, a.clock())
}

func (a *API) postTimer(w http.ResponseWriter, r *http.Request) error {
	if _, err := readBody(r); err != nil {
		return err
	}
	f := a.Functions.Fire(r.Context())
	a.Journal.Sync()
	return reply(w, http.StatusOK, f)
}

func (a *API) getFigures(w http.ResponseWriter, _ *http.Request) error {
	return reply(w, http.StatusOK, a.Journal.Figures())
}
