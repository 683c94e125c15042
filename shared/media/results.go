package media

import (
	"cmp"
	"encoding/json"

	"vodevents/shared/event"
	"vodevents/shared/internal/jsonscan"
)

// subtask is what the seven kinds of sub-tasks have in common.
type subtask struct {
	kind       event.MediaProcessType
	definition int64
	status     event.SubTaskStatus
	ext        string
	code       int64
	message    string
	finish     string
	figures    Figures
}

// toldResult is a sub-task, its place in the list, and its Output as VOD sent it.
type toldResult struct {
	subtask
	index  int
	output json.RawMessage
}

// processed is MediaProcessResultSet of a procedure.
func processed(payload []byte, p *event.ProcedureTask) (all []toldResult) {
	outputs := outputsOf(payload)
	for i, one := range p.MediaProcessResultSet {
		if t := procedureSubtask(one); t != nil {
			all = append(all, toldResult{*t, i, at(outputs, i)})
		}
	}
	return all
}

func procedureSubtask(one *event.MediaProcessTaskResult) *subtask {
	switch {
	case one == nil:
		return nil
	case one.TranscodeTask != nil:
		t := one.TranscodeTask
		o := value(t.Output)
		return &subtask{event.ProcessTranscode, definition(o.Definition, value(t.Input).Definition), t.Status, t.ErrCodeExt, t.ErrCode, t.Message, t.FinishTime, transcoded(&o)}
	case one.AdaptiveDynamicStreamingTask != nil:
		t := one.AdaptiveDynamicStreamingTask
		o := value(t.Output)
		return &subtask{event.ProcessAdaptiveDynamicStreaming, definition(o.Definition, value(t.Input).Definition), t.Status, t.ErrCodeExt, t.ErrCode, t.Message, t.FinishTime, adaptive(&o)}
	case one.CoverBySnapshotTask != nil:
		t := one.CoverBySnapshotTask
		return &subtask{event.ProcessCoverBySnapshot, definition(0, value(t.Input).Definition), t.Status, t.ErrCodeExt, t.ErrCode, t.Message, t.FinishTime, Figures{Url: value(t.Output).CoverUrl}}
	case one.AnimatedGraphicTask != nil:
		t := one.AnimatedGraphicTask
		o := value(t.Output)
		return &subtask{event.ProcessAnimatedGraphics, definition(o.Definition, value(t.Input).Definition), t.Status, t.ErrCodeExt, t.ErrCode, t.Message, t.FinishTime, animated(&o)}
	case one.SnapshotByTimeOffsetTask != nil:
		t := one.SnapshotByTimeOffsetTask
		o := value(t.Output)
		return &subtask{event.ProcessSnapshotByTimeOffset, definition(o.Definition, value(t.Input).Definition), t.Status, t.ErrCodeExt, t.ErrCode, t.Message, t.FinishTime, Figures{Url: firstPicture(o.PicInfoSet)}}
	case one.SampleSnapshotTask != nil:
		t := one.SampleSnapshotTask
		o := value(t.Output)
		return &subtask{event.ProcessSampleSnapshot, definition(o.Definition, value(t.Input).Definition), t.Status, t.ErrCodeExt, t.ErrCode, t.Message, t.FinishTime, Figures{Url: cmp.Or(at(o.ImageUrlSet, 0), firstPicture(o.PicInfoSet))}}
	case one.ImageSpriteTask != nil:
		t := one.ImageSpriteTask
		o := value(t.Output)
		return &subtask{event.ProcessImageSprites, definition(o.Definition, value(t.Input).Definition), t.Status, t.ErrCodeExt, t.ErrCode, t.Message, t.FinishTime, sprites(&o)}
	default:
		return nil
	}
}

// results reads the other kinds that tell of results, and returns false for all
// that do not.
func (r *reader) results(payload any) bool {
	switch p := payload.(type) {
	case *event.ReduceMediaBitrateTask:
		m := r.of(p.FileId)
		put(&m.Name, text(p.FileName), r.version(rankCopy, 0))
		put(&m.MediaUrl, text(p.FileUrl), r.version(rankCopy, 0))
		r.meta(m, p.MetaData, rankCopy, 0)
		put(&m.SessionContext, text(p.SessionContext), r.version(rankOwn, 0))
		r.reduced(m, p)
	case *event.TranscodeTask2017:
		m := r.of(p.FileId)
		put(&m.Name, text(p.FileName), r.version(rankCopy, 0))
		for i, o := range p.PlayInfoSet {
			if o != nil && p.ErrCode == 0 {
				f := Figures{Url: o.Url, Width: o.Width, Height: o.Height, Bitrate: o.Bitrate}
				r.tell(m, p.TaskId, toldResult{subtask{kind: event.ProcessTranscode, definition: o.Definition, status: event.SubTaskSuccess, figures: f}, i, encoded(o)})
			}
		}
		if p.CoverUrl != "" && p.ErrCode == 0 {
			f := Figures{Url: p.CoverUrl}
			r.tell(m, p.TaskId, toldResult{subtask{kind: event.ProcessCoverBySnapshot, status: event.SubTaskSuccess, figures: f}, len(p.PlayInfoSet), encoded(event.CoverBySnapshotTaskOutput{CoverUrl: p.CoverUrl})})
		}
	case *event.CreateImageSpriteTask2017:
		t := subtask{kind: event.ProcessImageSprites, definition: p.Definition, status: ended(p.ErrCode), code: p.ErrCode, message: p.Message}
		t.figures.Url = cmp.Or(p.WebVttUrl, at(p.ImageSpriteUrlSet, 0))
		r.tell(r.of(p.FileId), p.TaskId, toldResult{t, 0, r.event.Payload})
	case *event.SnapshotByTimeOffsetTask2017:
		r.snapshots(p)
	default:
		return false
	}
	return true
}

func (r *reader) reduced(m *Media, p *event.ReduceMediaBitrateTask) {
	outputs := outputsOf(r.event.Payload)
	for i, one := range p.MediaProcessResultSet {
		switch {
		case one == nil:
		case one.TranscodeTask != nil:
			t := one.TranscodeTask
			o := value(t.Output)
			r.tell(m, p.TaskId, toldResult{subtask{event.ProcessTranscode, definition(o.Definition, value(t.Input).Definition), t.Status, t.ErrCodeExt, 0, t.Message, t.FinishTime, transcoded(&o)}, i, at(outputs, i)})
		case one.AdaptiveDynamicStreamingTask != nil:
			t := one.AdaptiveDynamicStreamingTask
			o := value(t.Output)
			r.tell(m, p.TaskId, toldResult{subtask{event.ProcessAdaptiveDynamicStreaming, definition(o.Definition, value(t.Input).Definition), t.Status, t.ErrCodeExt, 0, t.Message, "", adaptive(&o)}, i, at(outputs, i)})
		}
	}
}

// snapshots reads CreateSnapshotByTimeOffsetComplete, in which each picture has
// an ErrCode. The first good one counts.
func (r *reader) snapshots(p *event.SnapshotByTimeOffsetTask2017) {
	t := subtask{kind: event.ProcessSnapshotByTimeOffset, definition: p.Definition}
	for _, one := range p.SnapshotInfoSet {
		switch {
		case one == nil:
		case one.ErrCode == 0 && one.Url != "":
			t.status, t.code, t.figures.Url = event.SubTaskSuccess, 0, cmp.Or(t.figures.Url, one.Url)
		case t.status == "":
			t.status, t.code = event.SubTaskFail, one.ErrCode
		}
	}
	r.tell(r.of(p.FileId), p.TaskId, toldResult{t, 0, r.event.Payload})
}

func ended(code int64) event.SubTaskStatus {
	if code != 0 {
		return event.SubTaskFail
	}
	return event.SubTaskSuccess
}

// tell adds results that the event tells of.
func (r *reader) tell(m *Media, task string, told ...toldResult) {
	if len(told) == 0 {
		return
	}
	all := r.memory.results.Take(len(told))[:0]
	for i := range told {
		if told[i].status != "" {
			all = append(all, r.result(text(task), &told[i]))
		}
	}
	m.Results = union(m.Results, ordered(all, Result.place, Result.merge), Result.place, Result.merge)
}

func (r *reader) result(task string, t *toldResult) Result {
	one := Result{Kind: t.kind, Definition: t.definition, Task: task, Status: event.SubTaskStatus(text(string(t.status))), At: r.at, Event: r.event.ID, Index: t.index}
	if hasEnded(&one) {
		if at := moment(t.finish); !at.IsZero() {
			one.At, one.Finished = at, true
		}
	}
	switch t.status {
	case event.SubTaskFail:
		one.Error = failure(t.ext, t.code, t.message)
	case event.SubTaskSuccess:
		one.Figures = t.figures
		one.Url, one.Container, one.DrmType = text(one.Url), text(one.Container), text(one.DrmType)
		one.Data = t.output
	}
	return one
}

// definition is Output's, else Input's: some events have 0 in Output.
func definition(output int64, input uint64) int64 { return cmp.Or(output, int64(input)) }

func transcoded(o *event.MediaTranscodeItem) Figures {
	return Figures{o.Url, o.Width, o.Height, o.Size, o.Bitrate, o.Duration, o.Container, ""}
}

// adaptive has the size of the largest stream.
func adaptive(o *event.AdaptiveDynamicStreamingInfoItem) Figures {
	f := Figures{Url: o.Url, Size: o.Size, Container: o.Package, DrmType: o.DrmType}
	for _, s := range o.SubStreamSet {
		if s := value(s); int64(s.Height) > f.Height {
			f.Width, f.Height = int64(s.Width), int64(s.Height)
		}
	}
	return f
}

func animated(o *event.MediaAnimatedGraphicsItem) Figures {
	return Figures{Url: o.Url, Width: o.Width, Height: o.Height, Size: o.Size, Bitrate: o.Bitrate, Container: o.Container}
}

func sprites(o *event.MediaImageSpriteItem) Figures {
	return Figures{Url: cmp.Or(o.WebVttUrl, at(o.ImageUrlSet, 0)), Width: o.Width, Height: o.Height}
}

func firstPicture(set []*event.MediaSnapshotByTimePicInfoItem) string { return value(at(set, 0)).Url }

// at is list[i], or nothing.
func at[T any](list []T, i int) (one T) {
	if i < len(list) {
		one = list[i]
	}
	return one
}

func encoded(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a payload's types always marshal
	}
	return b
}

// outputsOf finds the Output of each element of MediaProcessResultSet, as VOD sent
// it.
func outputsOf(payload []byte) (outputs []json.RawMessage) {
	s := jsonscan.New(payload)
	s.Space()
	s.Members(func(name []byte) bool {
		if string(name) != `"MediaProcessResultSet"` || !s.Take('[') {
			return s.Value()
		}
		outputs = outputs[:0]
		for s.Space() != ']' {
			from := s.Pos()
			if !s.Value() {
				return false
			}
			outputs = append(outputs, outputIn(s.Since(from), 2))
			if s.Space() == ',' {
				s.Take(',')
			}
		}
		return s.Take(']')
	})
	return outputs
}

// outputIn finds the member Output so many levels down.
func outputIn(object []byte, levels int) (output json.RawMessage) {
	s := jsonscan.New(object)
	s.Members(func(name []byte) bool {
		from := s.Pos()
		ok := s.Value()
		switch value := s.Since(from); {
		case !ok || value[0] != '{':
		case levels > 1:
			if inner := outputIn(value, levels-1); inner != nil {
				output = inner
			}
		case string(name) == `"Output"`:
			output = json.RawMessage(value)
		}
		return ok
	})
	return output
}
