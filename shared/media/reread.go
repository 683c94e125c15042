package media

import (
	"encoding/json"
	"slices"

	"vodevents/shared/event"
)

// mediaInfo is an element of MediaInfoSet (266/31763), or the word that VOD knows
// no such file. Whole elements of the sets are kept for Result.Data.
type mediaInfo struct {
	FileId        string
	NotExist      bool
	BasicInfo     *event.MediaBasicInfo
	MetaData      *event.MediaMetaData
	TranscodeInfo *struct{ TranscodeSet []json.RawMessage }

	AdaptiveDynamicStreamingInfo *struct {
		AdaptiveDynamicStreamingSet []json.RawMessage
	}
	SnapshotByTimeOffsetInfo *struct{ SnapshotByTimeOffsetSet []json.RawMessage }
	SampleSnapshotInfo       *struct{ SampleSnapshotSet []json.RawMessage }
	ImageSpriteInfo          *struct{ ImageSpriteSet []json.RawMessage }
	AnimatedGraphicsInfo     *struct{ AnimatedGraphicsSet []json.RawMessage }
	ReviewInfo               *struct{ MediaReviewInfo, CoverReviewInfo *reviewInfo }
}

type reviewInfo struct {
	Suggestion event.Suggestion
	TypeSet    []string
	ReviewTime string
}

// reread reads a MediaRead, an event of our own. Its time is that of the call.
func (r *reader) reread(data []byte) {
	var info mediaInfo
	_ = json.Unmarshal(data, &info) // what cannot be read is as if it were not there
	m := r.of(info.FileId)
	m.Exists = Register[bool]{!info.NotExist, r.version(rankOwn, 0)}
	if info.NotExist {
		return
	}
	r.basic(m, info.BasicInfo, 0)
	r.meta(m, info.MetaData, rankOwn, 0)
	var masters []int64
	if b := info.AdaptiveDynamicStreamingInfo; b != nil {
		masters = list(r, m, event.ProcessAdaptiveDynamicStreaming, b.AdaptiveDynamicStreamingSet, nil, func(o *event.AdaptiveDynamicStreamingInfoItem) (int64, Figures) {
			return o.Definition, adaptive(o)
		})
	}
	if b := info.TranscodeInfo; b != nil {
		// Definition 0 is the original, and the masters of adaptive streaming are
		// listed here too.
		list(r, m, event.ProcessTranscode, b.TranscodeSet, append(masters, 0), func(o *event.MediaTranscodeItem) (int64, Figures) {
			return o.Definition, transcoded(o)
		})
	}
	if b := info.SnapshotByTimeOffsetInfo; b != nil {
		list(r, m, event.ProcessSnapshotByTimeOffset, b.SnapshotByTimeOffsetSet, nil, func(o *event.MediaSnapshotByTimeOffsetItem) (int64, Figures) {
			return o.Definition, Figures{Url: firstPicture(o.PicInfoSet)}
		})
	}
	if b := info.SampleSnapshotInfo; b != nil {
		list(r, m, event.ProcessSampleSnapshot, b.SampleSnapshotSet, nil, func(o *event.MediaSampleSnapshotItem) (int64, Figures) {
			return o.Definition, Figures{Url: at(o.ImageUrlSet, 0)}
		})
	}
	if b := info.ImageSpriteInfo; b != nil {
		list(r, m, event.ProcessImageSprites, b.ImageSpriteSet, nil, func(o *event.MediaImageSpriteItem) (int64, Figures) {
			return o.Definition, sprites(o)
		})
	}
	if b := info.AnimatedGraphicsInfo; b != nil {
		list(r, m, event.ProcessAnimatedGraphics, b.AnimatedGraphicsSet, nil, func(o *event.MediaAnimatedGraphicsItem) (int64, Figures) {
			return o.Definition, animated(o)
		})
	}
	if b := info.ReviewInfo; b != nil {
		r.rereadReview(m, b.MediaReviewInfo, b.CoverReviewInfo)
	}
}

// list reads one block: what VOD lists now. A definition in skip makes no result, but it
// is listed, so a result that an event told of is not gone.
func list[T any](r *reader, m *Media, kind event.MediaProcessType, set []json.RawMessage, skip []int64, read func(*T) (int64, Figures)) []int64 {
	definitions := []int64{}
	for i, raw := range set {
		item := new(T)
		_ = json.Unmarshal(raw, item)
		definition, f := read(item)
		definitions = append(definitions, definition)
		if slices.Contains(skip, definition) {
			continue
		}
		f.Url, f.Container, f.DrmType = text(f.Url), text(f.Container), text(f.DrmType)
		one := Result{Kind: kind, Definition: definition, Status: event.SubTaskSuccess, At: r.at, Read: true, Figures: f, Event: r.event.ID, Index: i, Data: raw}
		m.Results = insert(m.Results, one, Result.place, Result.merge)
	}
	slices.Sort(definitions)
	definitions = slices.Compact(definitions)
	m.Listed = insert(m.Listed, Listed{kind, definitions, r.version(rankOwn, 0)}, Listed.place, Listed.merge)
	return definitions
}

// rereadReview has the time of the review itself, so that it does not beat the
// verdict of a later procedure, of which DescribeMediaInfos knows nothing.
func (r *reader) rereadReview(m *Media, reviews ...*reviewInfo) {
	one := Review{Read: true, Event: r.event.ID}
	for _, v := range reviews {
		if v == nil || worst(v.Suggestion) <= worst(one.Suggestion) {
			continue
		}
		one.Suggestion, one.Label, one.At = v.Suggestion, text(at(v.TypeSet, 0)), moment(v.ReviewTime)
		if one.At.IsZero() {
			one.At = r.at
		}
	}
	if one.Suggestion != "" {
		m.Reviews = insert(m.Reviews, one, Review.place, Review.merge)
	}
}
