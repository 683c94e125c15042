package api

import (
	"net/http"
	"slices"
	"strings"
)

// Sample is the body of a callback for people to try.
const Sample = `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5285890784273533167"}}`

// call is a call of the API as the page explains it.
type call struct {
	Method string `json:"method"` // one or more
	Path   string `json:"path"`
	Text   string `json:"text"` // what it does; empty: another call's text says it
	Curl   string `json:"curl"` // to try it

	handlers map[string]handler // by method
}

// calls are all calls of the API.
func (a *API) calls() []call {
	list := slices.Concat(a.callsOfEvents(), a.callsOfMedia(), a.callsOfLetters(), a.callsOfVOD(), a.callsOfDev())
	if a.Functions == nil {
		list = append(a.callsOfLetters(), a.callsOfDev()...)
	}
	for i := range list {
		list[i].Curl = a.command(list[i].Curl)
	}
	return list
}

const get, post, put = http.MethodGet, http.MethodPost, http.MethodPut

// callsOfEvents are those about events.
func (a *API) callsOfEvents() []call {
	return []call{
		{"GET", "/api/events",
			"The events, newest first. Filters: type and state (also repeated), mode (reliable, normal), q for a text, limit (1 to 10000), before=ID for the older ones.",
			`curl 'BASE/api/events?state=parked&limit=10'`,
			map[string]handler{get: a.getEvents}},
		{"GET", "/api/events/{id}",
			"One event: its history, its body, the CloudEvent that came out, the log lines, a curl line that sends it again. The id is that of the list or the CloudEvents id.",
			`curl BASE/api/events/1`,
			map[string]handler{get: a.getEvent}},
		{"POST", "/api/events",
			"Sends an event: the body is kept to the byte. mode=reliable puts it into the queue, mode=normal sends it to the callback, without it the config decides. n sends it up to 10000 times.",
			`curl JSON -d 'SAMPLE' 'BASE/api/events?mode=reliable'`,
			map[string]handler{post: a.postEvents}},
		{"POST", "/api/events?kind=",
			"Makes n different events of a kind, or of another form of it, such as FileDeleted/parts. The body may set members of their payload.",
			`curl JSON -d '{"SessionContext":"try"}' 'BASE/api/events?kind=PullComplete&n=1000'`,
			nil},
		{"POST", "/api/events/{id}/resend",
			"Sends it again, to the byte, or as the body says. mode changes the way.",
			`curl JSON -X POST BASE/api/events/1/resend`,
			map[string]handler{post: a.postResend}},
		{"GET", "/api/kinds",
			"All kinds of events and their other forms, with a sample of each; /api/kinds/{type} makes another of one.",
			`curl BASE/api/kinds/ProcedureStateChanged`,
			map[string]handler{get: a.getKinds}},
		{"GET", "/api/kinds/{type}", "", "",
			map[string]handler{get: a.getKind}},
	}
}

// callsOfMedia are those about the state of each media.
func (a *API) callsOfMedia() []call {
	return []call{
		{"GET", "/api/media",
			"What delivered events tell of each media, in the columns of vod_media, the one that was heard of last in front. Filters: state (also repeated), q for a text, limit (1 to 10000).",
			`curl 'BASE/api/media?state=failed'`,
			map[string]handler{get: a.getMedia}},
		{"GET", "/api/media/{id}",
			"One media by its FileId: its row and outputs, the events that told of it, and for each value which event set it and which values it beat. source=/tencentcloud/vod/ID chooses between applications.",
			`curl BASE/api/media/5285890784273533167`,
			map[string]handler{get: a.getOneMedia}},
		{"GET", "/api/media/{id}/cover",
			"A placeholder for the cover that events tell of, as SVG; 404 where there is none.",
			`curl BASE/api/media/5285890784273533167/cover`,
			map[string]handler{get: a.getCover}},
		{"POST", "/api/media",
			"Uploads a media into the stand-in. With process it is processed at once. Its events follow as VOD's configuration says.",
			`curl JSON -d '{"name":"harbor.mp4","process":true}' BASE/api/media`,
			map[string]handler{post: a.postMedia}},
		{"POST", "/api/media/{id}/process",
			"Processes it: templates to transcode, adaptive and cover, the types of sub-tasks that fail, notifyMode Finish, Change or None. Without any template, with those of the page.",
			`curl JSON -d '{"transcode":[10],"fails":["Transcode"]}' BASE/api/media/5285890784273533167/process`,
			map[string]handler{post: a.postProcess}},
		{"POST", "/api/media/{id}/delete",
			"Deletes it, or only parts, each with a type such as TranscodeFiles and a definition, 0 for all.",
			`curl JSON -d '{"parts":[{"type":"TranscodeFiles","definition":10}]}' BASE/api/media/5285890784273533167/delete`,
			map[string]handler{post: a.postDelete}},
	}
}

// callsOfVOD are those about the stand-in, the timer, and what happens.
func (a *API) callsOfVOD() []call {
	return []call{
		{"GET PUT", "/api/config",
			"How VOD delivers events, as in ModifyEventConfig (Mode, NotificationUrl, three switches), whether callbacks are signed, what VOD does where its pages are silent, how often the timer fires.",
			`curl -X PUT JSON -d '{"Mode":"PUSH","signed":true}' BASE/api/config`,
			map[string]handler{get: a.getConfig, put: a.putConfig}},
		{"GET PUT", "/api/faults",
			"What goes wrong by chance at which action, and the sink that fails or sleeps. An empty list ends the faults.",
			`curl -X PUT JSON -d '{"faults":[{"action":"ConfirmEvents","kind":"lost","probability":0.2}],"sink":{"probability":0.5,"status":503,"delayMs":0}}' BASE/api/faults`,
			map[string]handler{get: a.getFaults, put: a.putFaults}},
		{"POST", "/api/clock",
			"Moves the clock of the stand-in ahead, by a duration or to a time. Leases that end on the way are redelivered.",
			`curl JSON -d '{"forward":"30s"}' BASE/api/clock`,
			map[string]handler{post: a.postClock}},
		{"POST", "/api/timer",
			"Fires the timer of pull now and answers with its result.",
			`curl -X POST JSON BASE/api/timer`,
			map[string]handler{post: a.postTimer}},
		{"GET", "/api/figures",
			"Totals, and the last 300 seconds.",
			`curl BASE/api/figures`,
			map[string]handler{get: a.getFigures}},
		{"GET", "/api/stream",
			"Everything as it happens: server-sent events named change, log, figures and state.",
			`curl -N BASE/api/stream`,
			map[string]handler{get: a.getStream}},
	}
}

// callsOfLetters are those about what was parked.
func (a *API) callsOfLetters() []call {
	return []call{
		{"GET", "/api/letters",
			"The parked events, the oldest first, and who did what with them, and when. Filters: reason, type, subject (both may hold a *), limit (1 to 1000), after=PLACE, the next of an answer, for the younger ones.",
			`curl 'BASE/api/letters?reason=permanent'`,
			map[string]handler{get: a.getLetters}},
		{"GET", "/api/letters/{id}",
			"One of them by its CloudEvents id, with its data and as the CloudEvent.",
			`curl BASE/api/letters/51a6fae2de21aa08aadeb1d6c805be21`,
			map[string]handler{get: a.getLetter}},
		{"POST", "/api/letters/deliver",
			"Delivers them again, through DEDUP and the handler to every sink: those with the ids, or all that match a filter. count is matched of GET /api/letters: if more match by now, nothing is done.",
			`curl JSON -d '{"filter":{"reason":"permanent"},"count":1}' BASE/api/letters/deliver`,
			map[string]handler{post: a.postDeliver}},
		{"POST", "/api/letters/discard",
			"Gives them up for good. Choose them as for deliver.",
			`curl JSON -d '{"ids":["51a6fae2de21aa08aadeb1d6c805be21"]}' BASE/api/letters/discard`,
			map[string]handler{post: a.postDiscard}},
		{"POST", "/api/letters/curl",
			"Commands that post the exact bytes of at most 1000 of them, chosen as for deliver, to dev's callback URL or to callback.",
			`curl JSON -d '{"filter":{},"count":1}' BASE/api/letters/curl`,
			map[string]handler{post: a.postCurl}},
	}
}

// callsOfDev are those about dev itself.
func (a *API) callsOfDev() []call {
	return []call{
		{"GET", "/api/about",
			"What can be chosen: states, kinds of faults, switches, and these calls. The page is made from it.",
			`curl BASE/api/about`,
			map[string]handler{get: a.getAbout}},
	}
}

// command puts the words in capitals into a command.
func (a *API) command(curl string) string {
	return strings.NewReplacer("BASE", a.Base, "JSON", `-H 'Content-Type: application/json'`, "SAMPLE", Sample).Replace(curl)
}

// try is a command for the first minute.
type try struct {
	Text    string `json:"text"`
	Curl    string `json:"curl"`
	StandIn bool   `json:"standIn,omitempty"` // not with -real
}

func (a *API) tries() []try {
	if a.Functions == nil {
		return []try{}
	}
	return []try{
		{"As VOD calls back", a.command(`curl JSON -d 'SAMPLE' BASE/callback`), false},
		{"One event into the queue, of a kind that VOD knows", a.command(`curl -X POST JSON 'BASE/api/events?kind=ProcedureStateChanged&mode=reliable'`), true},
		{"And a thousand, all different", a.command(`curl -X POST JSON 'BASE/api/events?kind=NewFileUpload&mode=reliable&n=1000'`), true},
	}
}
