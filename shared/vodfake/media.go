package vodfake

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"vodevents/shared/event"
)

// account is the number of an application that has none of its own.
const account = 1500012345

// maker makes ids and files. The same random source and time give the same
// output.
type maker struct {
	rand *rand.Rand
	now  time.Time
	app  uint64
}

func (s *Server) maker(subAppId uint64) maker { return maker{s.rand, s.now(), subAppId} }

// owner returns the number at the front of TaskIds and in the names of hosts.
func (m maker) owner() uint64 { return cmp.Or(m.app, account) }

// fileID returns a number of 19 digits. It is below 2^63 and above 2^53, so a
// receiver that reads it as a float changes it.
func (m maker) fileID() string {
	return strconv.FormatUint(5_285_000_000_000_000_000+m.rand.Uint64N(3_000_000_000_000_000_000), 10)
}

func (m maker) hex(digits int) string {
	s := fmt.Sprintf("%016x%016x", m.rand.Uint64(), m.rand.Uint64())
	return s[:digits]
}

func (m maker) taskID(kind string) string {
	return fmt.Sprintf("%d-%s-%st0", m.owner(), kind, m.hex(32))
}

// file is a file in VOD. Whatever an event says of it comes from here.
type file struct {
	id, name, kind   string // kind: mp4
	dir              string // the URL up to the file's own name, with a slash at the end
	size, bitrate    int64  // bytes, bits a second
	width, height    int64
	duration         float64 // seconds
	md5              string
	created, updated time.Time
	sourceContext    string
	mediaUrl         string // empty: the original was deleted
	coverUrl         string
	status           event.MediaStatus  // empty: Normal
	storageClass     event.StorageClass // empty: STANDARD
	expireTime       string             // ISO 8601; empty: never, or what the event said
	runs             int                // procedures so far
	outputs

	// What an event told of a file that the Server did not make.
	basic *event.MediaBasicInfo // nil: the Server made it
	meta  *event.MediaMetaData
}

var words = []string{"Harbor", "Morning", "Lecture", "Interview", "Garden", "Concert", "Highlights", "Trailer"}

// file makes up a file; name and kind may be empty.
func (m maker) file(name, kind string) *file {
	shape := [][2]int64{{640, 360}, {1280, 720}, {1920, 1080}}[m.rand.IntN(3)]
	f := &file{
		id:       m.fileID(),
		name:     cmp.Or(name, fmt.Sprintf("%s %d", words[m.rand.IntN(len(words))], 1+m.rand.IntN(99))),
		kind:     cmp.Or(kind, "mp4"),
		width:    shape[0],
		height:   shape[1],
		duration: float64(20_000+m.rand.IntN(580_000)) / 1000,
		md5:      m.hex(32),
		created:  m.now,
		updated:  m.now,
	}
	f.bitrate = audioBitrate + f.width*f.height*2 + m.rand.Int64N(10_000)
	f.size = size(f.bitrate, f.duration)
	f.dir = fmt.Sprintf("https://%d.vod2.example.com/%s/%s/", m.owner(), m.hex(10), f.id)
	f.mediaUrl = f.url("original." + f.kind)
	return f
}

const audioBitrate = 128_000

func size(bitrate int64, duration float64) int64 { return int64(float64(bitrate) * duration / 8) }

// iso writes a time as VOD does: ISO 8601, in UTC, in whole seconds.
func iso(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

const never = "9999-12-31T23:59:59Z"

func (f *file) url(name string) string { return f.dir + name }

func (f *file) basicInfo() *event.MediaBasicInfo {
	info := f.madeInfo()
	if f.basic != nil {
		told := *f.basic
		info = &told
		info.Name, info.UpdateTime, info.CoverUrl, info.MediaUrl = f.name, iso(f.updated), f.coverUrl, f.mediaUrl
		info.CreateTime = cmp.Or(info.CreateTime, iso(f.created))
		info.Type, info.Category = cmp.Or(info.Type, f.kind), cmp.Or(info.Category, "Video")
		info.StorageRegion = cmp.Or(info.StorageRegion, "ap-chongqing")
		if info.SourceInfo == nil {
			info.SourceInfo = &event.MediaSourceData{SourceType: "Upload"}
		}
	}
	info.Status = cmp.Or(f.status, info.Status, event.MediaNormal)
	info.StorageClass = cmp.Or(f.storageClass, info.StorageClass, "STANDARD")
	info.ExpireTime = cmp.Or(f.expireTime, info.ExpireTime)
	return info
}

// madeInfo is the BasicInfo of a file that the Server made.
func (f *file) madeInfo() *event.MediaBasicInfo {
	return &event.MediaBasicInfo{
		Name:          f.name,
		CreateTime:    iso(f.created),
		UpdateTime:    iso(f.updated),
		ExpireTime:    never,
		ClassName:     "Other",
		ClassPath:     "Other",
		CoverUrl:      f.coverUrl,
		Type:          f.kind,
		MediaUrl:      f.mediaUrl,
		SourceInfo:    &event.MediaSourceData{SourceType: "Upload", SourceContext: f.sourceContext},
		StorageRegion: "ap-chongqing",
		TagSet:        []string{},
		Vid:           f.id,
		Category:      "Video",
	}
}

const container = "mov,mp4,m4a,3gp,3g2,mj2"

func (f *file) metaData() *event.MediaMetaData {
	if f.meta != nil {
		return f.meta
	}
	return &event.MediaMetaData{
		Size:           f.size,
		Container:      container,
		Bitrate:        f.bitrate,
		Height:         f.height,
		Width:          f.width,
		Duration:       f.duration,
		VideoStreamSet: videoStream(f.bitrate-audioBitrate, f.width, f.height),
		AudioStreamSet: audioStream(),
		VideoDuration:  f.duration,
		AudioDuration:  f.duration,
		Md5:            f.md5,
	}
}

func videoStream(bitrate, width, height int64) []*event.MediaVideoStreamItem {
	return []*event.MediaVideoStreamItem{{Bitrate: bitrate, Width: width, Height: height, Codec: "h264", Fps: 25}}
}

func audioStream() []*event.MediaAudioStreamItem {
	return []*event.MediaAudioStreamItem{{Bitrate: audioBitrate, SamplingRate: 44100, Codec: "aac"}}
}

// templates are the widths and video bit rates of VOD's first preset transcoding
// templates. Any other template is treated like the one of 1280 pixels.
var templates = map[int64][2]int64{
	10: {320, 256_000},
	20: {640, 512_000},
	30: {1280, 1_024_000},
	40: {1920, 2_500_000},
}

func (f *file) transcoded(definition int64) *event.MediaTranscodeItem {
	t, ok := templates[definition]
	if !ok {
		t = templates[30]
	}
	width := min(t[0], f.width)
	height := f.height * width / f.width / 2 * 2
	bitrate := t[1] + audioBitrate
	version := ""
	if f.runs > 1 { // a later run does not write over what plays
		version = strconv.Itoa(f.runs)
	}
	return &event.MediaTranscodeItem{
		Url:            f.url(fmt.Sprintf("v%s.f%d.mp4", version, definition)),
		Definition:     definition,
		Bitrate:        bitrate,
		Height:         height,
		Width:          width,
		Size:           size(bitrate, f.duration),
		Duration:       f.duration,
		Md5:            fmt.Sprintf("%s%03d", f.md5[min(3, len(f.md5)):], definition%1000),
		Container:      container,
		VideoStreamSet: videoStream(t[1], width, height),
		AudioStreamSet: audioStream(),
	}
}

// streamed is an adaptive stream of two sizes.
func (f *file) streamed(definition int64) *event.AdaptiveDynamicStreamingInfoItem {
	small, large := f.transcoded(10), f.transcoded(30)
	return &event.AdaptiveDynamicStreamingInfoItem{
		Definition: definition,
		Package:    "HLS",
		Url:        f.url(fmt.Sprintf("adp.%d.%d.m3u8", definition, max(f.runs, 1))),
		Size:       small.Size + large.Size,
		SubStreamSet: []*event.MediaSubStreamInfoItem{
			{Type: "video", Width: uint64(small.Width), Height: uint64(small.Height), Size: uint64(small.Size)},
			{Type: "video", Width: uint64(large.Width), Height: uint64(large.Height), Size: uint64(large.Size)},
		},
	}
}
