package vodfake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"vodevents/shared/event"
)

// Make makes an event of one of the kinds of [event.Kinds], valid and
// plausible: a body for [Server.Queue], [Server.Callback] or [Server.Notify].
// The same seed and time give the same bytes.
//
// overrides, as JSON, are members of the payload to set: a map, a struct, a
// json.RawMessage, or nil for none. Objects are merged, lists and scalars
// replaced, and null takes a member away. A member that the kind does not have,
// or of another type, is an error.
func Make(seed uint64, at time.Time, eventType string, overrides any) ([]byte, error) {
	m := maker{rand.New(rand.NewPCG(seed, 1)), at, 0}
	return m.event(eventType, overrides)
}

// Make is the function [Make] with the Server's own seed and clock: each call
// gives another event.
func (s *Server) Make(eventType string, overrides any) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.maker(0).event(eventType, overrides)
}

func (m maker) event(eventType string, overrides any) ([]byte, error) {
	i := slices.IndexFunc(event.Kinds, func(k event.Kind) bool { return k.Type == eventType })
	if i < 0 {
		return nil, fmt.Errorf("vodfake: EventType %q: give one of event.Kinds, or write the JSON yourself", eventType)
	}
	payload := m.payload(event.Kinds[i])
	if overrides != nil {
		b, err := json.Marshal(overrides)
		if err != nil {
			return nil, fmt.Errorf("vodfake: overrides of %s: %w", eventType, err)
		}
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(payload); err != nil {
			return nil, fmt.Errorf("vodfake: overrides of %s: %w", eventType, err)
		}
	}
	return encode(eventType, payload), nil
}

func (m maker) payload(k event.Kind) any {
	f := m.file("", "")
	begin := m.now.Add(-8 * time.Second)
	f.created, f.updated = begin, begin
	switch k.Type {
	case "NewFileUpload":
		return &event.FileUploadTask{FileId: f.id, MediaBasicInfo: f.basicInfo(), MetaData: f.metaData()}
	case "PullComplete":
		return &event.PullUploadTask{
			TaskId: m.taskID("Pull"), Status: "FINISH", Message: "SUCCESS", FileId: f.id, FileUrl: f.url("original.mp4"),
			MediaBasicInfo: f.basicInfo(), MetaData: f.metaData(), Progress: 100,
		}
	case "ProcedureStateChanged":
		return &event.ProcedureTask{
			TaskId: m.taskID("Procedure"), Status: "FINISH", Message: "SUCCESS", FileId: f.id, FileName: f.name,
			FileUrl: f.url("original.mp4"), MetaData: f.metaData(), TasksNotifyMode: "Finish", Operator: "api", OperationType: "ProcessMedia",
			MediaProcessResultSet: f.results(defaultProcedure(), begin, m.now),
		}
	case "FileDeleted":
		return deleted(f.id)
	}
	p := k.New()
	g := filler{maker: m, source: f, made: m.file("", ""), task: m.taskID(taskKind(k.Type)), begin: begin}
	g.fill(reflect.ValueOf(p).Elem(), 0)
	return p
}

// taskKind is the word in a TaskId: ReviewAudioVideo for
// ReviewAudioVideoComplete.
func taskKind(eventType string) string {
	return strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(eventType, "Event"), "Complete"), "Task")
}

// filler fills a payload member by member, by their names.
type filler struct {
	maker
	source *file // which the task was about
	made   *file // which it made
	task   string
	begin  time.Time
	result bool // inside a member that tells of the file that was made
}

// maxDepth is how many objects deep a payload is filled.
const maxDepth = 5

func (g filler) fill(v reflect.Value, depth int) {
	t := v.Type()
	chosen := g.choose(t)
	for i := range t.NumField() {
		f, name := v.Field(i), t.Field(i).Name
		in := g
		in.result = g.result || name == "Output" || name == "MetaData" && makesFile(t) || strings.HasSuffix(f.Type().String(), "FileInfo2017")
		switch f.Kind() {
		case reflect.Pointer:
			if depth < maxDepth && (chosen < 0 || chosen == i) {
				f.Set(in.object(f.Type(), depth+1))
			}
		case reflect.Slice:
			item := reflect.New(f.Type().Elem()).Elem()
			switch {
			case item.Kind() != reflect.Pointer:
				in.set(item, t, strings.TrimSuffix(strings.TrimSuffix(name, "Set"), "s"), depth)
			case depth < maxDepth:
				item.Set(in.object(item.Type(), depth+1))
			}
			list := reflect.MakeSlice(f.Type(), 0, 1)
			if !item.IsZero() {
				list = reflect.Append(list, item)
			}
			f.Set(list)
		default:
			in.set(f, t, name, depth)
		}
	}
	if chosen >= 0 {
		v.FieldByName("Type").SetString(variantName(t.Field(chosen).Name))
	}
}

// object makes an object of a type, given as a pointer to it.
func (g filler) object(t reflect.Type, depth int) reflect.Value {
	switch t {
	case reflect.TypeFor[*event.MediaMetaData]():
		return reflect.ValueOf(g.at().metaData())
	case reflect.TypeFor[*event.MediaBasicInfo]():
		return reflect.ValueOf(g.at().basicInfo())
	}
	p := reflect.New(t.Elem())
	g.fill(p.Elem(), depth)
	return p
}

// makesFile says whether a task makes a file, which its MetaData then is of.
func makesFile(task reflect.Type) bool {
	output, ok := task.FieldByName("Output")
	if !ok || output.Type.Kind() != reflect.Pointer {
		return false
	}
	_, ok = output.Type.Elem().FieldByName("FileId")
	return ok
}

// choose picks the one member that is there in an object that has a Type and
// one member for each: TranscodeTask where it is Transcode. -1: all are there.
func (g filler) choose(t reflect.Type) int {
	if _, ok := t.FieldByName("Type"); !ok {
		return -1
	}
	var variants []int
	for i := range t.NumField() {
		if f := t.Field(i); f.Type.Kind() == reflect.Pointer && variantName(f.Name) != f.Name {
			variants = append(variants, i)
		}
	}
	if len(variants) < 2 {
		return -1
	}
	return variants[g.rand.IntN(len(variants))]
}

// variantName is the Type that goes with a member.
func variantName(member string) string {
	for _, suffix := range []string{"Task", "Item", "Config"} {
		member = strings.TrimSuffix(member, suffix)
	}
	return member
}

// set gives a scalar a value that fits its name.
func (g filler) set(v reflect.Value, in reflect.Type, name string, depth int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(g.text(in.Name(), name, depth))
	case reflect.Int64:
		v.SetInt(g.number(in.Name(), name))
	case reflect.Uint64:
		v.SetUint(uint64(g.number(in.Name(), name)))
	case reflect.Float64:
		v.SetFloat(g.fraction(name))
	case reflect.Bool:
		v.SetBool(true)
	}
}

// at is the file that a member tells of.
func (g filler) at() *file {
	if g.result {
		return g.made
	}
	return g.source
}

// texts are strings by the name of their member. Others are empty, as optional
// members are.
var texts = map[string]string{
	"Message":              "SUCCESS",
	"Type":                 "Default",
	"Container":            container,
	"Language":             "en",
	"Suggestion":           "review",
	"Label":                "Ad",
	"Form":                 "Image",
	"PositionType":         "Time",
	"CoordinateOrigin":     "TopLeft",
	"XPos":                 "10%",
	"YPos":                 "10%",
	"Height":               "10%",
	"Width":                "10%",
	"Color":                "Black",
	"SourceType":           "Upload",
	"OriginalStorageClass": "ARCHIVE",
	"TargetStorageClass":   "STANDARD",
	"RestoreTier":          "Standard",
	"StorageMode":          "Permanent",
	"WechatStatus":         "SUCCESS",
	"PublishResult":        "Pass",
	"AspectRatio":          "16:9",
	"Resolution":           "1080P",
	"Prompt":               "a harbour at dawn, slow pan",
	"ModelName":            "GV",
	"ModelVersion":         "3.1",
	"TasksNotifyMode":      "Finish",
	"InputType":            "File",
	"ReviewContent":        "Media",
	"PersistenceSource":    "LiveRecord",
	"Text":                 "so it was said",
}

func (g filler) text(in, name string, depth int) string {
	if s, ok := texts[name]; ok {
		return s
	}
	named := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(name, p) })
	}
	ends := func(s string) bool { return strings.HasSuffix(name, s) }
	image := strings.Contains(in, "Snapshot") || strings.Contains(in, "Image")
	switch {
	case name == "Status" && in == "MediaCastEvent":
		return "Stopped"
	case name == "Status" && depth == 0:
		return "FINISH"
	case name == "Status":
		return "SUCCESS"
	case name == "TaskId" && depth == 0:
		return g.task
	case ends("TaskId"), name == "SessionId":
		return "" // of other tasks and requests
	case name == "Codec" && strings.Contains(in, "Audio"):
		return "aac"
	case name == "Codec":
		return "h264"
	case name == "FileType" && image, name == "Format" && image:
		return "jpg"
	case name == "FileType":
		return "mp4"
	case name == "Format" && strings.Contains(in, "Subtitle"):
		return "vtt"
	case name == "Format", name == "Package":
		return "hls"
	case name == "FileName", name == "MediaName":
		return g.at().name
	case ends("Name"):
		return words[0]
	case ends("FileId"), name == "VideoId", name == "SourceMedia":
		return g.at().id
	case ends("ExpireTime"):
		return iso(g.now.Add(24 * time.Hour))
	case ends("StartTime"), name == "BeginProcessTime":
		return iso(g.begin)
	case name == "FinishTime", ends("EndTime"):
		return iso(g.now)
	case ends("SetFileUrl"):
		return g.source.url(strings.TrimSuffix(name, "FileUrl") + ".json")
	case ends("VttUrl"), ends("SubtitleUrl"):
		return g.source.url("subtitle.vtt")
	case ends("Url") && (image || named("Cov", "Image", "Pic")):
		return g.at().url("picture_1.jpg")
	case ends("Url"):
		return g.at().url("result.mp4")
	case ends("Md5"):
		return g.at().md5
	case ends("Sha1"):
		return g.hex(32) + g.hex(8)
	case ends("Switch"):
		return "ON"
	case ends("ComplianceCheck"):
		return "Enabled"
	case name != "Id" && ends("Id"):
		return strings.ToLower(strings.TrimSuffix(name, "Id")) + "-" + g.hex(8)
	}
	return ""
}

func (g filler) number(in, name string) int64 {
	f := g.at()
	switch name {
	case "ErrCode", "Status", "ClassId", "Rotate", "RemoveAudio", "RemoveVideo", "TasksPriority", "RestoreDay", "Mute", "NoAudio", "NoVideo", "Seed":
		return 0
	case "Size":
		return f.size
	case "Bitrate":
		if strings.Contains(in, "Audio") {
			return audioBitrate
		}
		return f.bitrate - audioBitrate
	case "Width", "ImageWidth", "LongSide":
		return f.width
	case "Height", "ImageHeight", "ShortSide":
		return f.height
	case "Duration":
		return int64(f.duration)
	case "Fps":
		return 25
	case "SampleRate", "SamplingRate":
		return 44100
	case "AudioChannel":
		return 2
	case "Progress":
		return 100
	case "Definition", "SourceDefinition":
		return 10
	case "SdkAppId":
		return 1400000001
	case "ExpiredTime", "PicUrlExpireTimeStamp":
		return g.now.Add(24 * time.Hour).Unix()
	case "Confidence", "QualityEvaluationScore":
		return 87
	}
	return 1 + g.rand.Int64N(20)
}

func (g filler) fraction(name string) float64 {
	f := g.at()
	round := func(x float64) float64 {
		x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'f', 3, 64), 64)
		return x
	}
	switch {
	case strings.HasSuffix(name, "Duration"):
		return f.duration
	case strings.Contains(name, "Confidence"), strings.Contains(name, "Score"):
		return round(60 + 40*g.rand.Float64())
	case strings.HasPrefix(name, "End"), strings.HasPrefix(name, "Tail"):
		return round(f.duration * (0.5 + g.rand.Float64()/2))
	case strings.Contains(name, "Time"):
		return round(f.duration * g.rand.Float64() / 2)
	}
	return round(g.rand.Float64())
}

// encode writes an event as VOD does: every member that is there, zero values
// included, in the order of the API's description.
func encode(eventType string, payload any) []byte {
	i := slices.IndexFunc(event.Kinds, func(k event.Kind) bool { return k.Type == eventType })
	b := fmt.Appendf(nil, `{"EventType":%q,%q:`, eventType, event.Kinds[i].Field)
	return append(appendValue(b, reflect.ValueOf(payload)), '}')
}

func appendValue(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return append(b, "null"...)
		}
		return appendValue(b, v.Elem())
	case reflect.Struct:
		b = append(b, '{')
		for i := range v.NumField() {
			f := v.Field(i)
			if k := f.Kind(); (k == reflect.Pointer || k == reflect.Slice) && f.IsNil() {
				continue
			}
			if b[len(b)-1] != '{' {
				b = append(b, ',')
			}
			b = strconv.AppendQuote(b, v.Type().Field(i).Name) // letters and digits
			b = appendValue(append(b, ':'), f)
		}
		return append(b, '}')
	case reflect.Slice:
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, v.Index(i))
		}
		return append(b, ']')
	default:
		s, err := json.Marshal(v.Interface())
		if err != nil {
			panic(err) // a number that is none; overrides cannot hold one
		}
		return append(b, s...)
	}
}
