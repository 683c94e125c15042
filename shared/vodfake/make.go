package vodfake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"time"

	"vodevents/shared/event"
)

// Make makes a valid and plausible event of one of the [event.Kinds]: a body for
// [Server.Queue], [Server.Callback] or [Server.Notify]. The same seed and time give
// the same bytes.
//
// kind is an EventType, or the Kind of one of the [Makings], such as
// "FileDeleted/parts". If that is several events, Make returns the last one, and
// [MakeAll] returns all of them.
//
// overrides are members of the payload to set: a map, a struct or a
// json.RawMessage, read as JSON, or nil for none. Objects are merged, lists and
// scalars are replaced, and null removes a member. It is an error if the kind does
// not have the member, or has it with another type.
func Make(seed uint64, at time.Time, kind string, overrides any) ([]byte, error) {
	all, err := MakeAll(seed, at, kind, overrides)
	if err != nil {
		return nil, err
	}
	return all[len(all)-1], nil
}

// MakeAll is like [Make], but returns all events that VOD sends for the same
// occasion, in their order. It is one event, except for some [Makings].
func MakeAll(seed uint64, at time.Time, kind string, overrides any) ([][]byte, error) {
	return maker{rand.New(rand.NewPCG(seed, 1)), at, 0}.events(kind, overrides)
}

// Make is the function [Make] with the Server's own seed and clock. Each call
// makes another event.
func (s *Server) Make(kind string, overrides any) ([]byte, error) {
	all, err := s.MakeAll(kind, overrides)
	if err != nil {
		return nil, err
	}
	return all[len(all)-1], nil
}

// MakeAll is the function [MakeAll] with the Server's own seed and clock.
func (s *Server) MakeAll(kind string, overrides any) ([][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.maker(0).events(kind, overrides)
}

func (m maker) events(kind string, overrides any) ([][]byte, error) {
	eventType, _, special := strings.Cut(kind, "/")
	i := slices.IndexFunc(event.Kinds, func(k event.Kind) bool { return k.Type == eventType })
	if i < 0 {
		return nil, fmt.Errorf("vodfake: EventType %q: give one of event.Kinds, or write the JSON yourself", eventType)
	}
	making := Making{make: func(m maker, k event.Kind) []any { return []any{m.payload(k)} }}
	if special {
		n := slices.IndexFunc(Makings, func(making Making) bool { return making.Kind == kind })
		if n < 0 {
			return nil, fmt.Errorf("vodfake: %q: %s", kind, namesOf(eventType))
		}
		making = Makings[n]
	}
	var bodies [][]byte
	for _, payload := range making.make(m, event.Kinds[i]) {
		if err := override(payload, overrides); err != nil {
			return nil, fmt.Errorf("vodfake: overrides of %s: %w", kind, err)
		}
		body := encode(eventType, payload)
		if making.respell != nil {
			body = making.respell(body)
		}
		bodies = append(bodies, body)
	}
	return bodies, nil
}

func override(payload, overrides any) error {
	if overrides == nil {
		return nil
	}
	b, err := json.Marshal(overrides)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(payload)
}

// payload makes the usual payload of a kind.
func (m maker) payload(k event.Kind) any {
	f := m.file("", "")
	begin := m.now.Add(-8 * time.Second)
	f.created, f.updated = begin, begin
	switch k.Type {
	case "NewFileUpload":
		return &event.FileUploadTask{FileId: f.id, MediaBasicInfo: f.basicInfo(), MetaData: f.metaData()}
	case "PullComplete":
		return &event.PullUploadTask{
			TaskId: m.taskID("Pull"), Status: event.TaskFinish, Message: "SUCCESS", FileId: f.id, FileUrl: f.url("original.mp4"),
			MediaBasicInfo: f.basicInfo(), MetaData: f.metaData(), Progress: 100,
		}
	case "ProcedureStateChanged":
		return m.procedure(f, begin)
	case "FileDeleted":
		return deleted(f.id)
	}
	p := k.New()
	m.filler(k, f, begin).fill(reflect.ValueOf(p).Elem(), 0)
	return p
}

// procedure makes a procedure that ran on a file from begin until now.
func (m maker) procedure(f *file, begin time.Time) *event.ProcedureTask {
	return &event.ProcedureTask{
		TaskId: m.taskID("Procedure"), Status: event.TaskFinish, Message: "SUCCESS", FileId: f.id, FileName: f.name,
		FileUrl: f.url("original.mp4"), MetaData: f.metaData(), TasksNotifyMode: event.NotifyFinish, Operator: "api", OperationType: "ProcessMedia",
		MediaProcessResultSet: f.results(defaultProcedure(), begin, m.now),
	}
}
