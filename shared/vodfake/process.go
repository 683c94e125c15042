package vodfake

import "vodevents/shared/event"

// Process is what a procedure does with a file.
type Process struct {
	Transcode []uint64 // templates
	Adaptive  []uint64 // templates of adaptive streams
	Cover     []uint64 // templates of pictures, of which one becomes the cover

	Fails          []event.MediaProcessType // sub-tasks of these types end badly
	NotifyMode     event.NotifyMode         // empty: Finish
	SessionContext string
}

// Process starts a procedure, as ProcessMedia does. A second procedure on a file with
// the same templates makes the results again. It returns the TaskId. The error says
// what is wrong.
func (s *Server) Process(subAppId uint64, fileId string, p Process) (taskId string, err error) {
	t := &mediaProcessTask{fails: p.Fails}
	for _, d := range p.Transcode {
		t.TranscodeTaskSet = append(t.TranscodeTaskSet, &event.TranscodeTaskInput{Definition: d})
	}
	for _, d := range p.Adaptive {
		t.AdaptiveDynamicStreamingTaskSet = append(t.AdaptiveDynamicStreamingTaskSet, &event.AdaptiveDynamicStreamingTaskInput{Definition: d})
	}
	for _, d := range p.Cover {
		t.CoverBySnapshotTaskSet = append(t.CoverBySnapshotTaskSet, &event.CoverBySnapshotTaskInput{Definition: d, PositionType: "Time"})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	a := s.app(subAppId)
	s.learn(a)
	f := a.files[fileId]
	switch {
	case f == nil:
		return "", errNoFile
	case t.empty():
		return "", apiError("InvalidParameter", "A procedure needs at least one template.")
	}
	return s.process(a, f, &processMediaRequest{MediaProcessTask: t, TasksNotifyMode: string(p.NotifyMode), SessionContext: p.SessionContext}, s.now()), nil
}
