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
