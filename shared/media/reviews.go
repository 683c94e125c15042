package media

import (
	"slices"

	"vodevents/shared/event"
)

// worst orders suggestions; 0 is none.
func worst(s event.Suggestion) int {
	return 1 + slices.Index([]event.Suggestion{event.SuggestionPass, event.SuggestionReview, event.SuggestionBlock}, s)
}

// verdict is one of the reviews of a task.
type verdict struct {
	suggestion event.Suggestion
	label      string
}

func (r *reader) review(m *Media, task string, verdicts []verdict) {
	var v verdict
	for _, one := range verdicts {
		if worst(one.suggestion) > worst(v.suggestion) {
			v = one
		}
	}
	if worst(v.suggestion) > 0 {
		one := Review{Task: text(task), Suggestion: v.suggestion, Label: text(v.label), At: r.at, Event: r.event.ID}
		m.Reviews = insert(m.Reviews, one, Review.place, Review.merge)
	}
}

// reviewed reads ReviewAudioVideoComplete: the media's and the cover's review.
func (r *reader) reviewed(p *event.ReviewAudioVideoTask) {
	m := r.of(value(p.Input).FileId)
	put(&m.SessionContext, text(p.SessionContext), r.version(rankOwn, 0))
	if o := value(p.Output); p.ErrCodeExt == "" {
		cover := value(o.CoverReviewResult)
		r.review(m, p.TaskId, []verdict{{o.Suggestion, o.Label}, {cover.Suggestion, cover.Label}})
	}
}

// procedureReview is the worst of what the review tasks of a procedure suggest.
func (r *reader) procedureReview(m *Media, p *event.ProcedureTask) {
	var all []verdict
	add := func(status event.SubTaskStatus, s event.Suggestion, label string) {
		if status == event.SubTaskSuccess {
			all = append(all, verdict{s, label})
		}
	}
	for _, one := range p.AiContentReviewResultSet {
		if one == nil {
			continue
		}
		if t := one.PornTask; t != nil {
			add(t.Status, value(t.Output).Suggestion, value(t.Output).Label)
		}
		if t := one.TerrorismTask; t != nil {
			add(t.Status, value(t.Output).Suggestion, value(t.Output).Label)
		}
		if t := one.PoliticalTask; t != nil {
			add(t.Status, value(t.Output).Suggestion, value(t.Output).Label)
		}
		if t := one.PornAsrTask; t != nil {
			add(t.Status, value(t.Output).Suggestion, "")
		}
		if t := one.PornOcrTask; t != nil {
			add(t.Status, value(t.Output).Suggestion, "")
		}
		if t := one.PoliticalAsrTask; t != nil {
			add(t.Status, value(t.Output).Suggestion, "")
		}
		if t := one.PoliticalOcrTask; t != nil {
			add(t.Status, value(t.Output).Suggestion, "")
		}
		if t := one.TerrorismOcrTask; t != nil {
			add(t.Status, value(t.Output).Suggestion, "")
		}
		if t := one.ProhibitedOcrTask; t != nil {
			add(t.Status, value(t.Output).Suggestion, "")
		}
		if t := one.ProhibitedAsrTask; t != nil {
			add(t.Status, value(t.Output).Suggestion, "")
		}
	}
	r.review(m, p.TaskId, all)
}
