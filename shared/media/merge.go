package media

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"vodevents/shared/event"
)

// Apply returns m after an event. An event that is not about the media changes
// nothing, and neither does one that was applied before.
func Apply(m Media, e *event.Event) Media {
	for _, told := range Of(e) {
		if told.Source == m.Source && told.FileId == m.FileId {
			m = Merge(m, told)
		}
	}
	return m
}

// Merge combines what a and b know of a media. Neither order nor repetition matters:
//
//	Merge(a, b) = Merge(b, a)
//	Merge(a, Merge(b, c)) = Merge(Merge(a, b), c)
//	Merge(a, a) = a
//
// Neither a nor b is changed.
func Merge(a, b Media) (m Media) {
	m.merge(&a, &b)
	return m
}

// merge sets m, which is neither a nor b, to [Merge] of them. A Media has 2 kB: by value
// it would take more of the stack than the goroutine of a batch has.
func (m *Media) merge(a, b *Media) {
	m.Source = cmp.Or(a.Source, b.Source)
	m.FileId = cmp.Or(a.FileId, b.FileId)

	m.Name = later(a.Name, b.Name)
	m.Category = later(a.Category, b.Category)
	m.Type = later(a.Type, b.Type)
	m.MediaUrl = later(a.MediaUrl, b.MediaUrl)
	m.UploadedCover = later(a.UploadedCover, b.UploadedCover)
	m.Size = later(a.Size, b.Size)
	m.Duration = later(a.Duration, b.Duration)
	m.Width = later(a.Width, b.Width)
	m.Height = later(a.Height, b.Height)
	m.CreatedAt = later(a.CreatedAt, b.CreatedAt)
	m.ExpiresAt = later(a.ExpiresAt, b.ExpiresAt)
	m.StorageClass = later(a.StorageClass, b.StorageClass)
	m.SourceContext = later(a.SourceContext, b.SourceContext)
	m.SessionContext = later(a.SessionContext, b.SessionContext)
	m.Ban = later(a.Ban, b.Ban)
	m.Md5 = later(a.Md5, b.Md5)
	m.Sha1 = later(a.Sha1, b.Sha1)
	m.DerivedFrom = later(a.DerivedFrom, b.DerivedFrom)
	m.Wechat = later(a.Wechat, b.Wechat)
	m.MiniProgram = later(a.MiniProgram, b.MiniProgram)

	m.Procedures = union(a.Procedures, b.Procedures, Procedure.place, Procedure.merge)
	m.Results = union(a.Results, b.Results, Result.place, Result.merge)
	m.Reviews = union(a.Reviews, b.Reviews, Review.place, Review.merge)

	m.Deleted = latest(a.Deleted, b.Deleted)
	m.Exists = later(a.Exists, b.Exists)
	m.DeletedParts = union(a.DeletedParts, b.DeletedParts, DeletedPart.place, DeletedPart.merge)
	m.Listed = union(a.Listed, b.Listed, Listed.place, Listed.merge)

	m.Last = latest(a.Last, b.Last)

	if m.withdrawn(event.DeletedWechatPublishFiles, m.Wechat.At) {
		m.Wechat = Register[Wechat]{}
	}
	if m.withdrawn(event.DeletedWechatMiniProgramPublishFiles, m.MiniProgram.At) {
		m.MiniProgram = Register[string]{}
	}
}

func latest(a, b Version) Version {
	if a.Compare(b) < 0 {
		return b
	}
	return a
}

// union merges two lists, both in the order of compare, in which no two elements
// are equal.
func union[T any](a, b []T, compare func(T, T) int, merge func(T, T) T) []T {
	switch {
	case len(a) == 0 && len(b) == 0:
		return nil
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	all := make([]T, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch c := compare(a[0], b[0]); {
		case c < 0:
			all, a = append(all, a[0]), a[1:]
		case c > 0:
			all, b = append(all, b[0]), b[1:]
		default:
			all, a, b = append(all, merge(a[0], b[0])), a[1:], b[1:]
		}
	}
	return append(append(all, a...), b...)
}

// ordered has the list in the order of compare, and equal elements merged.
func ordered[T any](all []T, compare func(T, T) int, merge func(T, T) T) []T {
	i := 1
	for i < len(all) && compare(all[i-1], all[i]) < 0 {
		i++
	}
	if i >= len(all) {
		return all // most events tell their results in this order
	}
	slices.SortStableFunc(all, compare)
	kept := all[:0]
	for _, one := range all {
		if n := len(kept); n > 0 && compare(kept[n-1], one) == 0 {
			kept[n-1] = merge(kept[n-1], one)
		} else {
			kept = append(kept, one)
		}
	}
	return kept
}

// insert is union with a list of one.
func insert[T any](all []T, one T, compare func(T, T) int, merge func(T, T) T) []T {
	return union(all, []T{one}, compare, merge)
}

func (p Procedure) place(q Procedure) int { return strings.Compare(p.Task, q.Task) }

// merge keeps the highest status and the earliest time.
func (p Procedure) merge(q Procedure) Procedure {
	if p.compareStatus(q) < 0 {
		p.Status, p.Told = q.Status, q.Told
	}
	if q.At.Before(p.At) {
		p.At = q.At
	}
	return p
}

// compareStatus orders what two events told of one run.
func (p Procedure) compareStatus(q Procedure) int {
	return cmp.Or(cmp.Compare(height(p.Status), height(q.Status)), cmp.Compare(p.Status, q.Status), p.Told.Compare(q.Told))
}

// height orders the status of a procedure. An end that FINISH does not name, such
// as ABORTED, is above PROCESSING.
func height(status string) int {
	switch event.TaskStatus(status) {
	case Pending:
		return 0
	case event.TaskWaiting:
		return 1
	case event.TaskProcessing:
		return 2
	case event.TaskFinish:
		return 4
	default:
		return 3
	}
}

// place distinguishes two sub-tasks of one task: their URLs or errors differ. There is
// one re-read for each Kind and Definition.
func (r Result) place(s Result) int {
	c := cmp.Or(cmp.Compare(r.Kind, s.Kind), cmp.Compare(r.Definition, s.Definition), compareBool(r.Read, s.Read))
	if c != 0 || r.Read {
		return c
	}
	return cmp.Or(cmp.Compare(r.Task, s.Task), cmp.Compare(r.Status, s.Status), cmp.Compare(r.Error, s.Error), cmp.Compare(r.Url, s.Url))
}

// merge combines two reports of the same result. The values are from the one with the
// larger (event id, index). The time is the FinishTime, or else the first receipt.
func (r Result) merge(s Result) Result {
	won, lost := r, s
	if r.Read {
		if r.Version().Compare(s.Version()) < 0 {
			won, lost = s, r
		}
	} else {
		if r.Version().told(s.Version()) < 0 {
			won, lost = s, r
		}
		won.At, won.Finished = first(r, s)
	}
	if won.Data == nil && won.Event == lost.Event && won.Index == lost.Index {
		won.Data = lost.Data // one of them was read from doc
	}
	return won
}

func first(r, s Result) (at time.Time, finished bool) {
	switch {
	case r.Finished != s.Finished && r.Finished, r.Finished && r.At.After(s.At), !r.Finished && !s.Finished && r.At.Before(s.At):
		return r.At, r.Finished
	default:
		return s.At, s.Finished
	}
}

func (r Review) place(s Review) int {
	if c := compareBool(r.Read, s.Read); c != 0 || r.Read {
		return c
	}
	return cmp.Or(cmp.Compare(r.Task, s.Task), cmp.Compare(r.Suggestion, s.Suggestion))
}

func (r Review) merge(s Review) Review {
	won := r
	if r.Read {
		if r.Version().Compare(s.Version()) < 0 {
			won = s
		}
		return won
	}
	if r.Version().told(s.Version()) < 0 {
		won = s
	}
	won.At = r.At
	if s.At.Before(r.At) {
		won.At = s.At
	}
	return won
}

func (d DeletedPart) place(e DeletedPart) int {
	return cmp.Or(cmp.Compare(d.Type, e.Type), cmp.Compare(d.Definition, e.Definition))
}

func (d DeletedPart) merge(e DeletedPart) DeletedPart {
	if d.Compare(e.Version) < 0 {
		return e
	}
	return d
}

func (l Listed) place(m Listed) int { return cmp.Compare(l.Kind, m.Kind) }

func (l Listed) merge(m Listed) Listed {
	if l.Compare(m.Version) < 0 {
		return m
	}
	return l
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}
