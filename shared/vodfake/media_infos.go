package vodfake

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"vodevents/shared/event"
)

// The blocks of MediaInfoSet that the stand-in fills, in VOD's order.
type transcodeInfo struct {
	TranscodeSet []*event.MediaTranscodeItem
}

type animatedGraphicsInfo struct {
	AnimatedGraphicsSet []*event.MediaAnimatedGraphicsItem
}

type sampleSnapshotInfo struct {
	SampleSnapshotSet []*event.MediaSampleSnapshotItem
}

type imageSpriteInfo struct {
	ImageSpriteSet []*event.MediaImageSpriteItem
}

type snapshotByTimeOffsetInfo struct {
	SnapshotByTimeOffsetSet []*event.MediaSnapshotByTimeOffsetItem
}

type adaptiveDynamicStreamingInfo struct {
	AdaptiveDynamicStreamingSet []*event.AdaptiveDynamicStreamingInfoItem
}

// block is one member of an element of MediaInfoSet.
type block struct {
	name, filter string
	value        any // nil: the file has no such block
}

// blocks are what VOD tells of a file. What the stand-in does not simulate is null.
func (f *file) blocks(masters bool) []block {
	list := []block{
		{name: "BasicInfo", filter: "basicInfo", value: f.basicInfo()},
		{name: "MetaData", filter: "metaData", value: f.metaData()},
		{name: "TranscodeInfo", filter: "transcodeInfo"},
		{name: "AnimatedGraphicsInfo", filter: "animatedGraphicsInfo"},
		{name: "SampleSnapshotInfo", filter: "sampleSnapshotInfo"},
		{name: "ImageSpriteInfo", filter: "imageSpriteInfo"},
		{name: "SnapshotByTimeOffsetInfo", filter: "snapshotByTimeOffsetInfo"},
		{name: "KeyFrameDescInfo", filter: "keyFrameDescInfo"},
		{name: "AdaptiveDynamicStreamingInfo", filter: "adaptiveDynamicStreamingInfo"},
		{name: "MiniProgramReviewInfo", filter: "miniProgramReviewInfo"},
		{name: "SubtitleInfo", filter: "subtitleInfo"},
		{name: "ReviewInfo", filter: "reviewInfo"},
		{name: "MPSAiMediaInfo", filter: "mpsAiMediaInfo"},
		{name: "KnowledgeBasesInfo", filter: "knowledgeBasesInfo"},
	}
	set := func(name string, there bool, value any) {
		if there {
			list[slices.IndexFunc(list, func(b block) bool { return b.name == name })].value = value
		}
	}
	transcodes := f.transcodeSet(masters)
	set("TranscodeInfo", len(transcodes) > 0, &transcodeInfo{transcodes})
	set("AnimatedGraphicsInfo", len(f.graphics) > 0, &animatedGraphicsInfo{f.graphics})
	set("SampleSnapshotInfo", len(f.samples) > 0, &sampleSnapshotInfo{f.samples})
	set("ImageSpriteInfo", len(f.sprites) > 0, &imageSpriteInfo{f.sprites})
	set("SnapshotByTimeOffsetInfo", len(f.snapshots) > 0, &snapshotByTimeOffsetInfo{f.snapshots})
	set("AdaptiveDynamicStreamingInfo", len(f.adaptive) > 0, &adaptiveDynamicStreamingInfo{f.adaptive})
	return list
}

// transcodeSet begins with the original, as Definition 0.
func (f *file) transcodeSet(masters bool) (set []*event.MediaTranscodeItem) {
	if f.mediaUrl != "" {
		set = append(set, &event.MediaTranscodeItem{Url: f.mediaUrl, Size: f.size, Width: f.width, Height: f.height, Bitrate: f.bitrate, Duration: f.duration, Container: container, Md5: f.md5})
	}
	set = append(set, f.transcodes...)
	if masters {
		for _, m := range f.adaptive {
			set = append(set, &event.MediaTranscodeItem{Url: m.Url, Definition: m.Definition, Size: m.Size, Duration: f.duration, Container: "hls,applehttp"})
		}
	}
	return set
}

// appendInfo appends an element of MediaInfoSet. Blocks that were not asked for are
// null.
func (s *Server) appendInfo(dst []byte, f *file, filters []string) []byte {
	dst = fmt.Appendf(dst, `{"FileId":%s`, quote(f.id))
	for _, b := range f.blocks(s.opt.Asking.MasterInTranscodeSet) {
		dst = fmt.Appendf(dst, `,%q:`, b.name)
		if b.value == nil || len(filters) > 0 && !slices.Contains(filters, b.filter) {
			dst = append(dst, "null"...)
			continue
		}
		dst = appendValue(dst, reflect.ValueOf(b.value))
	}
	return append(dst, '}')
}

func checkFilters(filters []string) error {
	known := (&file{}).blocks(false)
	for _, name := range filters {
		if !slices.ContainsFunc(known, func(b block) bool { return b.filter == name }) {
			return apiError("InvalidParameterValue.Filters", "Filters does not take "+strconv.Quote(name)+".")
		}
	}
	return nil
}

type describeMediaInfosRequest struct {
	target
	FileIds []string
	Filters []string
}

// DescribeMediaInfos, 266/31763: what there is of up to 20 files.
func (s *Server) describeMediaInfos(_ context.Context, c *Call, p *describeMediaInfosRequest, dst []byte) ([]byte, error) {
	switch n := len(p.FileIds); {
	case n == 0:
		return nil, apiError("InvalidParameterValue.FileIdsEmpty", "FileIds is empty.")
	case n > 20:
		return nil, apiError("InvalidParameterValue.FileIdsOverLimit", "FileIds has more than 20 elements.")
	}
	if err := checkFilters(p.Filters); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	a := s.app(c.SubAppId)
	s.learn(a)
	missing := []byte{'['}
	dst = append(dst, `"MediaInfoSet":[`...)
	for _, id := range p.FileIds {
		switch f := a.files[id]; {
		case f != nil:
			dst = s.appendInfo(comma(dst), f, p.Filters)
		default:
			missing = append(comma(missing), quote(id)...)
		}
	}
	dst = append(dst, `],"NotExistFileIdSet":`...)
	return append(append(dst, missing...), ']'), nil
}

// comma separates the elements of a list.
func comma(dst []byte) []byte {
	if dst[len(dst)-1] == '[' {
		return dst
	}
	return append(dst, ',')
}

type searchMediaRequest struct {
	target
	FileIds        []string
	Categories     []string
	StorageRegions []string
	SourceTypes    []string
	CreateTime     *timeRange
	Sort           *sortBy
	Offset         int
	Limit          *int
	Filters        []string
}

// maxSearch is as far as SearchMedia reaches, and the largest TotalCount (266/31813).
const maxSearch = 5000

// SearchMedia, 266/31813: the files of an application, by some of VOD's filters.
func (s *Server) searchMedia(_ context.Context, c *Call, p *searchMediaRequest, dst []byte) ([]byte, error) {
	limit := 10
	if p.Limit != nil {
		limit = *p.Limit
	}
	switch {
	case p.Offset < 0 || limit < 0 || p.Offset+limit > maxSearch:
		return nil, apiError("LimitExceeded", "Offset + Limit must not be over 5000.")
	case len(p.FileIds) > 10:
		return nil, apiError("InvalidParameterValue.FileIds", "FileIds has more than 10 elements.")
	case p.Sort != nil && (p.Sort.Field != "CreateTime" || p.Sort.Order != "Asc" && p.Sort.Order != "Desc"):
		return nil, apiError("InvalidParameterValue.Sort", "Sort takes the Field CreateTime, and the Orders Asc and Desc.")
	}
	after, before, err := p.CreateTime.check("CreateTime")
	if err == nil {
		err = checkFilters(p.Filters)
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	a := s.app(c.SubAppId)
	s.learn(a)
	var list []*file
	for _, f := range a.files {
		made := f.created.Truncate(time.Second)
		last := !s.opt.Asking.SearchExcludesEnd && made.Equal(before)
		if (within(made, after, before) || last) && p.fits(f) && !s.now().Before(f.created.Add(s.opt.Asking.SearchDelay)) {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(x, y *file) int { return cmp.Or(x.created.Compare(y.created), cmp.Compare(x.id, y.id)) })
	if p.Sort != nil && p.Sort.Order == "Desc" {
		slices.Reverse(list)
	}
	dst = fmt.Appendf(dst, `"TotalCount":%d,"MediaInfoSet":[`, min(len(list), maxSearch))
	for _, f := range list[min(p.Offset, len(list)):min(p.Offset+limit, len(list))] {
		dst = s.appendInfo(comma(dst), f, p.Filters)
	}
	return append(dst, ']'), nil
}

// fits tells whether a file fits the filters; a filter of several values takes any.
func (p *searchMediaRequest) fits(f *file) bool {
	info := f.basicInfo()
	for _, filter := range []struct {
		wanted []string
		value  string
	}{
		{p.FileIds, f.id}, {p.Categories, info.Category}, {p.StorageRegions, info.StorageRegion}, {p.SourceTypes, info.SourceInfo.SourceType},
	} {
		if len(filter.wanted) > 0 && !slices.Contains(filter.wanted, filter.value) {
			return false
		}
	}
	return true
}
