package standin

import "vodevents/shared/vodfake"

// FaultGroup are the faults of one action, in words for people.
type FaultGroup struct {
	Action string      `json:"action"`
	Title  string      `json:"title"`
	Kinds  []FaultName `json:"kinds"`
}

// FaultName is a kind of fault and what it is called.
type FaultName struct {
	Kind vodfake.FaultKind `json:"kind"`
	Name string            `json:"name"`
}

// Faults are the faults that people choose from. PUT /api/faults takes every
// other kind of vodfake too.
var Faults = []FaultGroup{
	{"PullEvents", "When events are pulled", []FaultName{
		{vodfake.Delay, "Late"}, {vodfake.Status, "Bad gateway, 502"}, {vodfake.Limit, "Too many calls"}, {vodfake.Lost, "Answer lost"},
		{vodfake.Cut, "Answer cut off"}, {vodfake.Duplicate, "An event twice"}, {vodfake.Reorder, "Out of order"},
	}},
	{"ConfirmEvents", "When they are confirmed", []FaultName{
		{vodfake.Delay, "Late"}, {vodfake.Status, "Bad gateway, 502"}, {vodfake.Limit, "Too many calls"}, {vodfake.Lost, "Answer lost"},
		{vodfake.Stale, "A lease is over"},
	}},
	{"Callback", "When they are pushed", []FaultName{
		{vodfake.Delay, "Late"}, {vodfake.Drop, "Never arrives"}, {vodfake.Lost, "Answer lost"}, {vodfake.Duplicate, "Sent twice"},
		{vodfake.SignatureExpired, "Signature expired"},
	}},
}

// Alternative is one of [vodfake.Alternatives], in words for people.
type Alternative struct {
	Name string `json:"name"` // as in vodfake.Alternatives
	Flag string `json:"flag"` // of dev
	Text string `json:"text"` // what VOD does then

	// Of gives the member that is meant.
	Of func(*vodfake.Alternatives) *bool `json:"-"`
}

// Alternatives are what VOD may do where its documents leave it open.
var Alternatives = []Alternative{
	{"SameHandle", "same-handle", "An event keeps its handle when it comes again", func(a *vodfake.Alternatives) *bool { return &a.SameHandle }},
	{"ConfirmGood", "confirm-good", "Good handles beside a bad one are confirmed", func(a *vodfake.Alternatives) *bool { return &a.ConfirmGood }},
	{"NullMembers", "null-members", "Members of other kinds are null, not left out", func(a *vodfake.Alternatives) *bool { return &a.NullMembers }},
	{"RequireSubAppId", "require-sub-app-id", "Calls without SubAppId are refused", func(a *vodfake.Alternatives) *bool { return &a.RequireSubAppId }},
}
