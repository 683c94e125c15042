package standin

import (
	"time"

	"vodevents/shared/vodfake"
)

// Alternatives are what VOD may do where its documents leave it open: how it tells of
// events, and what it answers to those who ask, as a callback with CALLBACK_VERIFY=ask
// does.
type Alternatives struct {
	vodfake.Alternatives

	// These are those of [vodfake.Asking]; late is by lateness.
	OddTaskTypes, AliasTaskIds, OnlyOldKinds, MasterInTranscodeSet, SearchExcludesEnd bool
	DetailLate, SearchLate                                                            bool
}

// lateness is how late VOD knows of a task or a file, on demand. A callback that asks
// has 15 s, so that it can see the end of it.
const lateness = 5 * time.Second

// asking is what the stand-in answers to those who ask.
func (a Alternatives) asking() vodfake.Asking {
	late := map[bool]time.Duration{true: lateness}
	return vodfake.Asking{
		OddTaskTypes: a.OddTaskTypes, AliasTaskIds: a.AliasTaskIds, OnlyOldKinds: a.OnlyOldKinds,
		MasterInTranscodeSet: a.MasterInTranscodeSet, SearchExcludesEnd: a.SearchExcludesEnd,
		DetailDelay: late[a.DetailLate], SearchDelay: late[a.SearchLate],
	}
}

// Alternatives are those that are followed now.
func (s *StandIn) Alternatives() Alternatives {
	asking := s.Server.Asking()
	return Alternatives{
		Alternatives: s.Server.Alternatives(),
		OddTaskTypes: asking.OddTaskTypes, AliasTaskIds: asking.AliasTaskIds, OnlyOldKinds: asking.OnlyOldKinds,
		MasterInTranscodeSet: asking.MasterInTranscodeSet, SearchExcludesEnd: asking.SearchExcludesEnd,
		DetailLate: asking.DetailDelay > 0, SearchLate: asking.SearchDelay > 0,
	}
}

// SetAlternatives changes them.
func (s *StandIn) SetAlternatives(a Alternatives) {
	s.Server.SetAlternatives(a.Alternatives)
	s.SetAsking(a.asking())
}

// Alternative is one of [Alternatives], in words for people.
type Alternative struct {
	Name string `json:"name"` // as in Alternatives
	Flag string `json:"flag"` // of dev
	Text string `json:"text"` // what VOD does then

	// Of gives the member that is meant.
	Of func(*Alternatives) *bool `json:"-"`
}

// AllAlternatives are all of them.
var AllAlternatives = []Alternative{
	{"SameHandle", "same-handle", "An event keeps its handle when it comes again", func(a *Alternatives) *bool { return &a.SameHandle }},
	{"ConfirmGood", "confirm-good", "Good handles beside a bad one are confirmed", func(a *Alternatives) *bool { return &a.ConfirmGood }},
	{"NullMembers", "null-members", "Members of other kinds are null, not left out", func(a *Alternatives) *bool { return &a.NullMembers }},
	{"RequireSubAppId", "require-sub-app-id", "Calls without SubAppId are refused", func(a *Alternatives) *bool { return &a.RequireSubAppId }},
	{"OddTaskTypes", "odd-task-types", "Asked: TaskType is procedurev2, as in samples", func(a *Alternatives) *bool { return &a.OddTaskTypes }},
	{"AliasTaskIds", "alias-task-ids", "Asked: a task has another TaskId inside", func(a *Alternatives) *bool { return &a.AliasTaskIds }},
	{"OnlyOldKinds", "only-old-kinds", "Asked: DescribeTasks lists the old kinds alone", func(a *Alternatives) *bool { return &a.OnlyOldKinds }},
	{"MasterInTranscodeSet", "master-in-transcode-set", "Asked: TranscodeSet has adaptive streams too", func(a *Alternatives) *bool { return &a.MasterInTranscodeSet }},
	{"SearchExcludesEnd", "search-excludes-end", "Asked: SearchMedia leaves out its last second", func(a *Alternatives) *bool { return &a.SearchExcludesEnd }},
	{"DetailLate", "detail-late", "Asked: a task is PROCESSING for 5 s after its event", func(a *Alternatives) *bool { return &a.DetailLate }},
	{"SearchLate", "search-late", "Asked: a file is found 5 s after its upload", func(a *Alternatives) *bool { return &a.SearchLate }},
}
