package vodfake

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"vodevents/shared/event"
)

// Making is an event in an unusual form of its kind. Real or published events have
// that form, and receivers get it wrong.
type Making struct {
	Kind        string // for Make: "FileDeleted/parts"
	Description string

	make    func(maker, event.Kind) []any // payloads, in the order in which they are sent
	respell func([]byte) []byte           // what the Go types cannot say
}

// EventType returns the EventType of the events.
func (m Making) EventType() string {
	eventType, _, _ := strings.Cut(m.Kind, "/")
	return eventType
}

// Makings are what [Make] can make besides the usual event of each kind.
var Makings = []Making{
	{Kind: "FileDeleted/parts", Description: "Parts of a file: all its transcodes and one adaptive stream. The file is still there.", make: deletedParts},
	{Kind: "FileDeleted/many", Description: "Three files in one event; of the last only the original is deleted.", make: deletedMany},
	{Kind: "FileDeleted/whole", Description: "A whole file, with an empty list of parts.", make: deletedWhole},
	{Kind: "ProcedureStateChanged/rerun", Description: "Two events, two tasks: one file is transcoded again with the same template.", make: rerun},
	{Kind: "ProcedureStateChanged/failed", Description: "The cover failed: its Output is null. The transcoding succeeded.", make: failedSubTask},
	{Kind: "ProcedureStateChanged/change", Description: "TasksNotifyMode Change: three events with one TaskId, as its sub-tasks go on.", make: change},
	{Kind: "ProcedureStateChanged/no-time", Description: "FinishTime is 0000-00-00T00:00:00Z in each sub-task.", make: noTime},
	{Kind: "ProcedureStateChanged/numbers", Description: "Recognized faces whose Id is a number where a string is documented.", make: faces, respell: numbers},
	{Kind: "ComposeMediaComplete/numbers", Description: "Output.FileId is a number where a string is documented.", make: usual, respell: numbers},
}

// namesOf says, for an error, which makings a kind has.
func namesOf(eventType string) string {
	var names []string
	for _, m := range Makings {
		if m.EventType() == eventType {
			names = append(names, m.Kind)
		}
	}
	if len(names) == 0 {
		return "of " + eventType + " there is the usual event alone"
	}
	return "there are " + strings.Join(append([]string{eventType}, names...), ", ")
}

func usual(m maker, k event.Kind) []any { return []any{m.payload(k)} }

func deletedParts(m maker, _ event.Kind) []any {
	d := deleted(m.fileID())
	d.FileDeleteResultInfo[0].DeleteParts = []*event.MediaDeleteItem{
		{Type: event.DeletedTranscodeFiles}, {Type: event.DeletedAdaptiveDynamicStreamingFiles, Definition: 12},
	}
	return []any{d}
}

func deletedMany(m maker, _ event.Kind) []any {
	d := &event.FileDeleteTask{}
	for range 3 {
		one := deleted(m.fileID())
		d.FileIdSet = append(d.FileIdSet, one.FileIdSet...)
		d.FileDeleteResultInfo = append(d.FileDeleteResultInfo, one.FileDeleteResultInfo...)
	}
	d.FileDeleteResultInfo[2].DeleteParts = []*event.MediaDeleteItem{{Type: event.DeletedOriginalFiles}}
	return []any{d}
}

func deletedWhole(m maker, _ event.Kind) []any {
	d := deleted(m.fileID())
	d.FileDeleteResultInfo[0].DeleteParts = []*event.MediaDeleteItem{}
	return []any{d}
}

// processed makes a procedure on a new file.
func (m maker) processed() (*file, *event.ProcedureTask) {
	f := m.file("", "")
	begin := m.now.Add(-8 * time.Second)
	f.created, f.updated = begin, begin
	return f, m.procedure(f, begin)
}

// rerun is a procedure, and another one that transcodes the same file with the
// same template half a minute later.
func rerun(m maker, _ event.Kind) []any {
	f, first := m.processed()
	later := m
	later.now = m.now.Add(30 * time.Second)
	second := later.procedure(f, m.now)
	second.MediaProcessResultSet = second.MediaProcessResultSet[:1]
	again := second.MediaProcessResultSet[0].TranscodeTask.Output
	again.Url = f.url(fmt.Sprintf("v2.f%d.mp4", again.Definition))
	again.Md5 = m.hex(32)
	return []any{first, second}
}

func failedSubTask(m maker, _ event.Kind) []any {
	_, p := m.processed()
	for _, r := range p.MediaProcessResultSet {
		if c := r.CoverBySnapshotTask; c != nil {
			c.Status, c.ErrCode, c.ErrCodeExt = event.SubTaskFail, 60000, "SourceFileError"
			c.Message, c.Progress, c.Output = "source file error: no frame at this time", 0, nil
		}
	}
	return []any{p}
}

// change is a procedure of two sub-tasks that VOD reports in three events: the
// first runs; the first is done and the second runs; both are done.
func change(m maker, _ event.Kind) []any {
	_, p := m.processed()
	p.TasksNotifyMode = event.NotifyChange
	done := p.MediaProcessResultSet
	transcode, cover := *done[0].TranscodeTask, *done[1].CoverBySnapshotTask
	transcode.Status, transcode.Progress, transcode.FinishTime, transcode.Output = event.SubTaskProcessing, 40, "", nil
	cover.Status, cover.Progress, cover.FinishTime, cover.Output = event.SubTaskProcessing, 0, "", nil

	first, second := *p, *p
	first.Status, second.Status = event.TaskProcessing, event.TaskProcessing
	first.MediaProcessResultSet = []*event.MediaProcessTaskResult{{Type: done[0].Type, TranscodeTask: &transcode}}
	second.MediaProcessResultSet = []*event.MediaProcessTaskResult{done[0], {Type: done[1].Type, CoverBySnapshotTask: &cover}}
	return []any{&first, &second, p}
}

// noTime has what real events have in place of an unknown time.
func noTime(m maker, _ event.Kind) []any {
	const none = "0000-00-00T00:00:00Z"
	_, p := m.processed()
	for _, r := range p.MediaProcessResultSet {
		if t := r.TranscodeTask; t != nil {
			t.BeginProcessTime, t.FinishTime = none, none
		}
		if c := r.CoverBySnapshotTask; c != nil {
			c.BeginProcessTime, c.FinishTime = none, none
		}
	}
	return []any{p}
}

func faces(m maker, _ event.Kind) []any {
	f, p := m.processed()
	p.MediaProcessResultSet = nil
	p.AiRecognitionResultSet = []*event.AiRecognitionResult{{
		Type: event.RecognitionFace,
		FaceTask: &event.AiRecognitionTaskFaceResult{
			Status: event.SubTaskSuccess, Message: "SUCCESS", Progress: 100, FinishTime: iso(m.now),
			Input: &event.AiRecognitionTaskFaceResultInput{Definition: 10},
			Output: &event.AiRecognitionTaskFaceResultOutput{ResultSet: []*event.AiRecognitionTaskFaceResultItem{{
				Id: fmt.Sprint(100_000 + m.rand.IntN(900_000)), Type: "Default", Name: "Ada Example",
				SegmentSet: []*event.AiRecognitionTaskFaceSegmentItem{{EndTimeOffset: thousandths(f.duration / 2), Confidence: 97, AreaCoordSet: []int64{830, 599, 1030, 783}}},
			}}},
		},
	}}
	return []any{p}
}

// quotedId matches a member that is documented as a string of digits.
var quotedId = regexp.MustCompile(`("Output":\{.*)"(FileId|Id)":"(\d+)"`)

func numbers(body []byte) []byte { return quotedId.ReplaceAll(body, []byte(`$1"$2":$3`)) }
