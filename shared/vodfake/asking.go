package vodfake

import "time"

// Asking chooses what DescribeTasks, DescribeTaskDetail, DescribeMediaInfos and
// SearchMedia do where VOD's documents do not say. It can be changed while a
// [Server] runs; see [Server.SetAsking].
type Asking struct {
	// OddTaskTypes: TaskType is spelled as in published samples, such as
	// procedurev2 or editmedia. Default: as in the text, Procedure and EditMedia.
	OddTaskTypes bool

	// AliasTaskIds: the TaskId within the task's own member differs from the one
	// that was asked for, as in one published sample. Default: it is the same.
	AliasTaskIds bool

	// OnlyOldKinds: DescribeTasks lists only the kinds that its page names. The
	// detail of the others is there. Default: all kinds are listed.
	OnlyOldKinds bool

	// MasterInTranscodeSet: TranscodeSet also lists the playlists of adaptive
	// streams, as in one published sample. Default: it does not.
	MasterInTranscodeSet bool

	// SearchExcludesEnd: SearchMedia does not find a file that was made exactly
	// at CreateTime.Before. Default: it does.
	SearchExcludesEnd bool

	// DetailDelay is how long after its event a task is still PROCESSING for
	// DescribeTaskDetail, by the Server's clock. Default: 0.
	DetailDelay time.Duration

	// SearchDelay is how long a new file is not found by SearchMedia, by the
	// Server's clock. Default: 0.
	SearchDelay time.Duration
}

// Asking returns what the Server follows now.
func (s *Server) Asking() Asking {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opt.Asking
}

// SetAsking changes it.
func (s *Server) SetAsking(a Asking) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opt.Asking = a
}
