package vodfake

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"vodevents/shared/event"
)

type processMediaRequest struct {
	target
	FileId           string
	MediaProcessTask *mediaProcessTask
	TasksPriority    int64
	TasksNotifyMode  string
	SessionContext   string
	SessionId        string
}

type mediaProcessTask struct {
	TranscodeTaskSet                []*event.TranscodeTaskInput
	CoverBySnapshotTaskSet          []*event.CoverBySnapshotTaskInput
	AdaptiveDynamicStreamingTaskSet []*event.AdaptiveDynamicStreamingTaskInput

	fails []event.MediaProcessType // sub-tasks that end badly
}

func (t *mediaProcessTask) empty() bool {
	return t == nil || len(t.TranscodeTaskSet)+len(t.CoverBySnapshotTaskSet)+len(t.AdaptiveDynamicStreamingTaskSet) == 0
}

func defaultProcedure() *mediaProcessTask {
	return &mediaProcessTask{
		TranscodeTaskSet:       []*event.TranscodeTaskInput{{Definition: 10}},
		CoverBySnapshotTaskSet: []*event.CoverBySnapshotTaskInput{{Definition: 10, PositionType: "Time"}},
	}
}

// ProcessMedia, 266/33427: transcodes a file, makes adaptive streams and
// takes covers from it; other sub-tasks are not simulated, and refused. After Options.TaskTime the results
// are told by ProcedureStateChanged: once, in TasksNotifyMode Finish; once for
// each sub-task, in Change; or never, in None.
func (s *Server) processMedia(_ context.Context, c *Call, p *processMediaRequest, dst []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	a := s.app(c.SubAppId)
	s.learn(a)
	f := a.files[p.FileId]
	if f == nil {
		return nil, errNoFile
	}
	switch p.TasksNotifyMode {
	case "", "Finish", "Change", "None":
	default:
		return nil, apiError("InvalidParameterValue", "TasksNotifyMode must be Finish, Change or None.")
	}
	if p.MediaProcessTask.empty() {
		return nil, apiError("InvalidParameter", "MediaProcessTask must hold a TranscodeTaskSet, a CoverBySnapshotTaskSet or an AdaptiveDynamicStreamingTaskSet.")
	}
	if err := s.session(a, p.SessionId, p.SessionContext); err != nil {
		return nil, err
	}
	return fmt.Appendf(dst, `"TaskId":%q`, s.process(a, f, p, s.now())), nil
}

// sessionLife is how long a SessionId is not taken again (266/33427).
const sessionLife = 7 * 24 * time.Hour

// session checks what a caller may attach to a task.
func (s *Server) session(a *app, id, sessionContext string) error {
	switch {
	case len(id) > 50:
		return apiError("InvalidParameterValue.SessionIdTooLong", "SessionId has more than 50 characters.")
	case len([]rune(sessionContext)) > 1000:
		return apiError("InvalidParameterValue.SessionContextTooLong", "SessionContext has more than 1000 characters.")
	case id == "":
		return nil
	}
	now := s.now()
	if at, ok := a.sessions[id]; ok && now.Sub(at) < sessionLife {
		return apiError("InvalidParameterValue.SessionId", "There was a request with this SessionId within 7 days.")
	}
	a.sessions[id] = now
	return nil
}

// process starts a task flow and returns its TaskId.
func (s *Server) process(a *app, f *file, p *processMediaRequest, begin time.Time) string {
	m := s.maker(a.id)
	task := &event.ProcedureTask{
		TaskId:          m.taskID("Procedure"),
		Message:         "SUCCESS",
		FileId:          f.id,
		FileName:        f.name,
		FileUrl:         f.mediaUrl,
		MetaData:        f.metaData(),
		TasksPriority:   p.TasksPriority,
		TasksNotifyMode: cmp.Or(event.NotifyMode(p.TasksNotifyMode), event.NotifyFinish),
		SessionContext:  p.SessionContext,
		SessionId:       p.SessionId,
		Operator:        "api",
		OperationType:   "ProcessMedia",
	}
	f.runs++
	task.Status = event.TaskProcessing
	t := s.newTask(a, task.TaskId, "ProcedureStateChanged", f.id, begin)
	t.sessionId, t.sessionContext = p.SessionId, p.SessionContext
	t.update(processing, encodePayload(task), begin)
	s.after(s.opt.TaskTime, func(at time.Time) {
		results := f.results(p.MediaProcessTask, begin, at)
		f.hold(results, at)
		for i := range results {
			task.MediaProcessResultSet = results[:i+1]
			if i < len(results)-1 {
				if task.TasksNotifyMode == event.NotifyChange {
					s.notify(a, encode("ProcedureStateChanged", task), at)
				}
				continue
			}
			task.Status = event.TaskFinish
			t.update(finished, encodePayload(task), at)
			if task.TasksNotifyMode != event.NotifyNone {
				s.notify(a, encode("ProcedureStateChanged", task), at)
			}
		}
	})
	return task.TaskId
}

// results are the outcomes of a task flow's sub-tasks.
func (f *file) results(t *mediaProcessTask, begin, end time.Time) (set []*event.MediaProcessTaskResult) {
	for _, in := range t.TranscodeTaskSet {
		r := &event.MediaProcessTaskTranscodeResult{
			Status: event.SubTaskSuccess, Message: "SUCCESS", Progress: 100, BeginProcessTime: iso(begin), FinishTime: iso(end),
			Input: in, Output: f.transcoded(int64(in.Definition)),
		}
		if t.failing(event.ProcessTranscode) {
			r.Status, r.ErrCode, r.ErrCodeExt, r.Message, r.Progress, r.Output = event.SubTaskFail, failedCode, failedCodeExt, failedMessage, 0, nil
		}
		set = append(set, &event.MediaProcessTaskResult{Type: event.ProcessTranscode, TranscodeTask: r})
	}
	for _, in := range t.AdaptiveDynamicStreamingTaskSet {
		r := &event.MediaProcessTaskAdaptiveDynamicStreamingResult{
			Status: event.SubTaskSuccess, Message: "SUCCESS", Progress: 100, BeginProcessTime: iso(begin), FinishTime: iso(end),
			Input: in, Output: f.streamed(int64(in.Definition)),
		}
		if t.failing(event.ProcessAdaptiveDynamicStreaming) {
			r.Status, r.ErrCode, r.ErrCodeExt, r.Message, r.Progress, r.Output = event.SubTaskFail, failedCode, failedCodeExt, failedMessage, 0, nil
		}
		set = append(set, &event.MediaProcessTaskResult{Type: event.ProcessAdaptiveDynamicStreaming, AdaptiveDynamicStreamingTask: r})
	}
	for _, in := range t.CoverBySnapshotTaskSet {
		r := &event.MediaProcessTaskCoverBySnapshotResult{
			Status: event.SubTaskSuccess, Message: "SUCCESS", Progress: 100, BeginProcessTime: iso(begin), FinishTime: iso(end),
			Input: in, Output: &event.CoverBySnapshotTaskOutput{CoverUrl: f.url(fmt.Sprintf("coverBySnapshot/coverBySnapshot_%d_0.jpg", in.Definition))},
		}
		if t.failing(event.ProcessCoverBySnapshot) {
			r.Status, r.ErrCode, r.ErrCodeExt, r.Message, r.Progress, r.Output = event.SubTaskFail, failedCode, failedCodeExt, failedMessage, 0, nil
		}
		set = append(set, &event.MediaProcessTaskResult{Type: event.ProcessCoverBySnapshot, CoverBySnapshotTask: r})
	}
	return set
}

// What a sub-task says that failed.
const (
	failedCode    = 60000
	failedCodeExt = "SourceFileError"
	failedMessage = "source file error: the stream cannot be read"
)

func (t *mediaProcessTask) failing(kind event.MediaProcessType) bool {
	return slices.Contains(t.fails, kind)
}
