package vodfake

import (
	"slices"
	"time"

	"vodevents/shared/event"
)

// outputs are the results that a file has.
type outputs struct {
	transcodes []*event.MediaTranscodeItem
	adaptive   []*event.AdaptiveDynamicStreamingInfoItem
	graphics   []*event.MediaAnimatedGraphicsItem
	samples    []*event.MediaSampleSnapshotItem
	sprites    []*event.MediaImageSpriteItem
	snapshots  []*event.MediaSnapshotByTimeOffsetItem
	coverMade  bool // the cover was made by processing
}

// hold keeps the results of a procedure that succeeded. A new result takes the place
// of the one of the same template.
func (f *file) hold(results []*event.MediaProcessTaskResult, at time.Time) {
	for _, r := range results {
		if t := r.TranscodeTask; t != nil && t.Status == event.SubTaskSuccess && t.Output != nil {
			f.transcodes = replace(f.transcodes, t.Output, func(o *event.MediaTranscodeItem) int64 { return o.Definition })
		}
		if t := r.AdaptiveDynamicStreamingTask; t != nil && t.Status == event.SubTaskSuccess && t.Output != nil {
			f.adaptive = replace(f.adaptive, t.Output, func(o *event.AdaptiveDynamicStreamingInfoItem) int64 { return o.Definition })
		}
		if t := r.AnimatedGraphicTask; t != nil && t.Status == event.SubTaskSuccess && t.Output != nil {
			f.graphics = replace(f.graphics, t.Output, func(o *event.MediaAnimatedGraphicsItem) int64 { return o.Definition })
		}
		if t := r.SampleSnapshotTask; t != nil && t.Status == event.SubTaskSuccess && t.Output != nil {
			f.samples = replace(f.samples, t.Output, func(o *event.MediaSampleSnapshotItem) int64 { return o.Definition })
		}
		if t := r.ImageSpriteTask; t != nil && t.Status == event.SubTaskSuccess && t.Output != nil {
			f.sprites = replace(f.sprites, t.Output, func(o *event.MediaImageSpriteItem) int64 { return o.Definition })
		}
		if t := r.SnapshotByTimeOffsetTask; t != nil && t.Status == event.SubTaskSuccess && t.Output != nil {
			f.snapshots = replace(f.snapshots, t.Output, func(o *event.MediaSnapshotByTimeOffsetItem) int64 { return o.Definition })
		}
		if t := r.CoverBySnapshotTask; t != nil && t.Status == event.SubTaskSuccess && t.Output != nil {
			f.coverUrl, f.coverMade = t.Output.CoverUrl, true
		}
	}
	f.updated = at
}

func replace[T any](list []T, item T, definition func(T) int64) []T {
	list = slices.DeleteFunc(list, func(o T) bool { return definition(o) == definition(item) })
	return append(list, item)
}

// remove deletes a file, or only parts of it (266/31764).
func (a *app) remove(fileId string, parts []*event.MediaDeleteItem, at time.Time) {
	f := a.files[fileId]
	if f == nil {
		return
	}
	if len(parts) == 0 {
		delete(a.files, fileId)
		return
	}
	for _, part := range parts {
		gone := func(definition int64) bool { return part.Definition == 0 || part.Definition == definition }
		switch part.Type {
		case event.DeletedOriginalFiles:
			f.mediaUrl = ""
			if !f.coverMade {
				f.coverUrl = ""
			}
		case event.DeletedTranscodeFiles:
			f.transcodes = slices.DeleteFunc(f.transcodes, func(o *event.MediaTranscodeItem) bool { return gone(o.Definition) })
			if part.Definition == 0 && f.coverMade {
				f.coverUrl, f.coverMade = "", false
			}
		case event.DeletedAdaptiveDynamicStreamingFiles:
			f.adaptive = slices.DeleteFunc(f.adaptive, func(o *event.AdaptiveDynamicStreamingInfoItem) bool { return gone(o.Definition) })
		}
	}
	f.updated = at
}
