package media

import (
	"cmp"
	"encoding/json"

	"vodevents/shared/event"
)

// result reads an element of MediaProcessResultSet, and its Output. It returns false
// for one without a sub-task. The element's Type is not needed: the sub-task's own name
// says the same.
func (q *quick) result(t *toldResult) (found bool) {
	q.object(&q.shapes.element, func(name []byte) bool {
		if q.Peek() != '{' {
			return q.noSubtask(name)
		}
		q.odd = q.odd || found // of two, Decode knows which counts
		found = true
		switch string(name) {
		case "TranscodeTask":
			t.output = q.subtask(&t.subtask, event.ProcessTranscode, q.transcoded)
		case "AdaptiveDynamicStreamingTask":
			t.output = q.subtask(&t.subtask, event.ProcessAdaptiveDynamicStreaming, q.adaptive)
		case "CoverBySnapshotTask":
			t.output = q.subtask(&t.subtask, event.ProcessCoverBySnapshot, q.covered)
		default:
			q.rareSubtask(name, t)
		}
		return true
	})
	return found
}

// noSubtask reads a member that is no object. Events name the sub-tasks that an
// element is not, with null.
func (q *quick) noSubtask(name []byte) bool {
	switch string(name) {
	case "TranscodeTask", "AdaptiveDynamicStreamingTask", "CoverBySnapshotTask", "AnimatedGraphicTask", "SnapshotByTimeOffsetTask",
		"SampleSnapshotTask", "ImageSpriteTask":
		q.odd = q.odd || !q.null()
	case "Type":
		q.skip()
	default:
		return false
	}
	return true
}

// subtask reads what all sub-tasks have, with the figures of the Output.
func (q *quick) subtask(t *subtask, kind event.MediaProcessType, figures func(t *subtask, name []byte) bool) (output json.RawMessage) {
	t.kind = kind
	var asked int64
	q.object(&q.shapes.subtask, func(name []byte) bool {
		switch string(name) {
		case "Status":
			q.string((*string)(&t.status))
		case "ErrCodeExt":
			q.string(&t.ext)
		case "ErrCode":
			q.int(&t.code)
		case "Message":
			q.string(&t.message)
		case "FinishTime":
			q.string(&t.finish)
		case "Input":
			q.object(&q.shapes.input, func(name []byte) bool {
				if string(name) != "Definition" {
					return false
				}
				q.natural(&asked)
				return true
			})
		case "Output":
			from := q.Pos()
			object := q.Peek() == '{'
			q.object(&q.shapes.output, func(name []byte) bool { return figures(t, name) })
			if object {
				output = json.RawMessage(q.Since(from))
			}
		default:
			return false
		}
		return true
	})
	t.definition = cmp.Or(t.definition, asked)
	return output
}

func (q *quick) transcoded(t *subtask, name []byte) bool {
	switch string(name) {
	case "Url":
		q.string(&t.figures.Url)
	case "Definition":
		q.int(&t.definition)
	case "Bitrate":
		q.int(&t.figures.Bitrate)
	case "Height":
		q.int(&t.figures.Height)
	case "Width":
		q.int(&t.figures.Width)
	case "Size":
		q.int(&t.figures.Size)
	case "Duration":
		q.float(&t.figures.Duration)
	case "Container":
		q.string(&t.figures.Container)
	case "Md5":
		q.skip()
	default:
		return false
	}
	return true
}

func (q *quick) adaptive(t *subtask, name []byte) bool {
	switch string(name) {
	case "Url":
		q.string(&t.figures.Url)
	case "Definition":
		q.int(&t.definition)
	case "Package":
		q.string(&t.figures.Container)
	case "DrmType":
		q.string(&t.figures.DrmType)
	case "Size":
		q.int(&t.figures.Size)
	case "SubStreamSet":
		q.list(func(int) { q.stream(&t.figures) })
	default:
		return false
	}
	return true
}

// stream reads one of an adaptive result: the size of the largest counts.
func (q *quick) stream(f *Figures) {
	var width, height int64
	q.object(&q.shapes.stream, func(name []byte) bool {
		switch string(name) {
		case "Width":
			q.natural(&width)
		case "Height":
			q.natural(&height)
		default:
			return false
		}
		return true
	})
	if height > f.Height {
		f.Width, f.Height = width, height
	}
}

func (q *quick) covered(t *subtask, name []byte) bool {
	if string(name) != "CoverUrl" {
		return false
	}
	q.string(&t.figures.Url)
	return true
}

// rareSubtask reads a sub-task of another kind.
func (q *quick) rareSubtask(name []byte, t *toldResult) {
	var one event.MediaProcessTaskResult
	from := q.Pos()
	switch string(name) {
	case "AnimatedGraphicTask":
		q.decode(&one.AnimatedGraphicTask)
	case "SnapshotByTimeOffsetTask":
		q.decode(&one.SnapshotByTimeOffsetTask)
	case "SampleSnapshotTask":
		q.decode(&one.SampleSnapshotTask)
	case "ImageSpriteTask":
		q.decode(&one.ImageSpriteTask)
	default:
		q.odd = true
	}
	if !q.odd {
		t.subtask, t.output = *procedureSubtask(&one), outputIn(q.Since(from), 1)
	}
}
