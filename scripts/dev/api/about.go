package api

import (
	"net/http"
	"time"

	"vodevents/scripts/dev/journal"
	"vodevents/scripts/dev/standin"
	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// choice is a value that can be set, and what it is called.
type choice struct {
	Value any    `json:"value"`
	Name  string `json:"name"`
	Text  string `json:"text,omitempty"`
}

// about is what GET /api/about answers: everything that the page would have to
// know of dev otherwise.
type about struct {
	Real         bool                  `json:"real"`
	From         bool                  `json:"from"`    // there are dead letters of a table, and nothing else
	Keep         int                   `json:"keep"`    // events
	LeaseMs      int64                 `json:"leaseMs"` // time to confirm
	SendMs       int64                 `json:"sendMs"`  // time to answer a callback
	States       []journal.State       `json:"states"`
	Modes        []choice              `json:"modes"`
	Switches     []choice              `json:"switches"` // of kinds of events
	Alternatives []standin.Alternative `json:"alternatives"`
	Forward      []choice              `json:"forward"`
	Every        []choice              `json:"every"`
	Faults       []standin.FaultGroup  `json:"faults"`
	Delays       []int                 `json:"delays"` // of a fault, ms
	Sink         []choice              `json:"sink"`   // statuses
	Ways         []choice              `json:"ways"`   // to send an event
	Counts       []int                 `json:"counts"` // how many to send
	MediaStates  []journal.MediaState  `json:"mediaStates"`
	Fails        []choice              `json:"fails"` // sub-tasks of a procedure
	Parts        []choice              `json:"parts"` // of a media, to delete
	Letters      lettersAbout          `json:"letters"`
	Reasons      []choice              `json:"reasons"` // why events are parked
	Calls        []call                `json:"calls"`
	Tries        []try                 `json:"tries"`
}

// lettersAbout says where parked events are.
type lettersAbout struct {
	Place     string `json:"place,omitempty"`
	Elsewhere string `json:"elsewhere,omitempty"` // they cannot be dealt with here
}

func (a *API) aboutLetters() lettersAbout {
	if a.Letters.Letters == nil {
		return lettersAbout{Elsewhere: a.Letters.Elsewhere}
	}
	return lettersAbout{Place: a.Letters.Place.String()}
}

func (a *API) about() about {
	all := about{
		Real:    a.StandIn == nil,
		From:    a.Functions == nil,
		Keep:    journal.MaxEvents,
		LeaseMs: vodfake.Lease.Milliseconds(),
		SendMs:  vodfake.CallbackTimeout.Milliseconds(),
		States:  journal.States,
		Modes: []choice{
			{vodfake.Pull, "PULL", "Events wait in the queue until pull confirms them."},
			{vodfake.Push, "PUSH", "Each event is sent to the NotificationUrl."},
		},
		Switches: []choice{
			{"UploadMediaCompleteEventSwitch", "Upload done", ""},
			{"DeleteMediaCompleteEventSwitch", "Media deleted", ""},
			{"PersistenceCompleteEventSwitch", "Persistence done", ""},
		},
		Alternatives: standin.AllAlternatives,
		Forward: []choice{
			{(30 * time.Second).String(), "Forward 30 s", "Forward the clock by 30 seconds"},
			{(5 * time.Minute).String(), "5 min", "Forward the clock by 5 minutes"},
			{vodfake.Retention.String(), "4 days", "Forward the clock by 4 days"},
		},
		Every: []choice{
			{"off", "off", ""}, {"300ms", "every 0.3 s", ""}, {"1s", "every second", ""}, {"10s", "every 10 s", ""}, {"1m0s", "every minute", ""}, {"cron", "as deployed", ""},
		},
		Faults: standin.Faults,
		Delays: []int{500, 2000, 6000, 35000},
		Sink: []choice{
			{0, "takes it", "Takes every event."},
			{http.StatusServiceUnavailable, "503, is down", "Down: pulled events stay in the queue, callbacks are tried again."},
			{http.StatusBadRequest, "400, refuses it", "Refused for good: these events are parked."},
		},
		Ways: []choice{
			{event.Reliable, "Put it in the queue", "pull fetches and confirms it"},
			{event.Normal, "Send it by push", "POST to callback, three sends at most"},
		},
		Counts:      []int{1, 10, 100, 1000},
		MediaStates: journal.MediaStates,
		Fails:       fails,
		Parts:       parts,
		Letters:     a.aboutLetters(),
		Reasons:     reasons,
		Tries:       a.tries(),
	}
	for _, c := range a.calls() {
		if c.Text != "" {
			all.Calls = append(all.Calls, c)
		}
	}
	return all
}

func (a *API) getAbout(w http.ResponseWriter, _ *http.Request) error {
	return reply(w, http.StatusOK, a.about())
}
