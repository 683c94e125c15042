package vodfake

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"vodevents/shared/event"
)

// The states of a task, beside WAITING and ABORTED.
const (
	processing = string(event.TaskProcessing)
	finished   = string(event.TaskFinish)
)

// taskMemory is how long VOD remembers a task (266/37559, 266/34129).
const taskMemory = 72 * time.Hour

// task is a task as DescribeTasks and DescribeTaskDetail show it.
type task struct {
	id, kind                  string // kind: the EventType of its event
	status, fileId            string
	created, begun, finished  time.Time
	sessionId, sessionContext string
	payload, before           []byte // now, and while it was PROCESSING
}

// taskMember returns the member of a task's detail.
func taskMember(eventType string) string {
	for _, k := range event.Kinds {
		if k.Type == eventType {
			return k.TaskMember()
		}
	}
	return ""
}

// newTask makes a task that runs. Only the last Options.Keep are remembered.
func (s *Server) newTask(a *app, id, kind, fileId string, at time.Time) *task {
	t := &task{id: id, kind: kind, status: processing, fileId: fileId, created: at, begun: at}
	if len(a.taskOrder) >= 2*s.opt.Keep {
		for _, old := range a.taskOrder[:s.opt.Keep] {
			delete(a.tasks, old.id)
		}
		a.taskOrder = append([]*task(nil), a.taskOrder[s.opt.Keep:]...)
	}
	a.tasks[id] = t
	a.taskOrder = append(a.taskOrder, t)
	return t
}

// update notes what an event of the task says.
func (t *task) update(status string, payload []byte, at time.Time) {
	t.status, t.payload = status, payload
	if status == processing {
		t.before = payload
		return
	}
	if t.finished.IsZero() {
		t.finished = at
	}
	if t.before == nil { // no event told of it while it ran
		t.before = fmt.Appendf(nil, `{"TaskId":%s,"Status":%q,"FileId":%s}`, quote(t.id), processing, quote(t.fileId))
	}
}

// finishTask ends a task, and tells of it.
func (s *Server) finishTask(a *app, t *task, payload any, at time.Time) {
	t.update(finished, encodePayload(payload), at)
	s.notify(a, encode(t.kind, payload), at)
}

type timeRange struct{ After, Before string }

// check reads the two ends; a nil range has none.
func (r *timeRange) check(name string) (after, before time.Time, err error) {
	if r == nil {
		return
	}
	for _, end := range []struct {
		text string
		t    *time.Time
	}{{r.After, &after}, {r.Before, &before}} {
		if end.text == "" {
			continue
		}
		if *end.t, err = time.Parse(time.RFC3339, end.text); err != nil {
			return after, before, apiError("InvalidParameterValue", name+" must hold times such as 2026-11-27T08:00:00Z.")
		}
	}
	return after, before, nil
}

func within(t, after, before time.Time) bool {
	return !t.Before(after) && (before.IsZero() || t.Before(before))
}

type describeTasksRequest struct {
	target
	Status      string
	FileId      string
	CreateTime  *timeRange
	FinishTime  *timeRange
	Sort        *sortBy
	Limit       *int
	ScrollToken string
}

type sortBy struct{ Field, Order string }

// oldKinds are the kinds that the page of DescribeTasks names.
var oldKinds = []string{"ProcedureStateChanged", "EditMediaComplete", "ReduceMediaBitrateComplete", "WechatPublishComplete",
	"ReviewAudioVideoComplete", "TranscodeComplete", "CreateSnapshotByTimeOffsetComplete", "ConcatComplete", "ClipComplete", "CreateImageSpriteComplete"}

// DescribeTasks, 266/37559: the tasks of the last 72 h.
func (s *Server) describeTasks(_ context.Context, c *Call, p *describeTasksRequest, dst []byte) ([]byte, error) {
	limit := 10
	if p.Limit != nil {
		limit = *p.Limit
	}
	by := sortBy{"CreateTime", "Desc"}
	if p.Sort != nil {
		by = *p.Sort
	}
	switch {
	case limit < 1 || limit > 100:
		return nil, apiError("InvalidParameterValue.Limit", "Limit must be 1 to 100.")
	case p.Status != "" && p.Status != "WAITING" && p.Status != processing && p.Status != finished:
		return nil, apiError("InvalidParameterValue.Status", "Status must be WAITING, PROCESSING or FINISH.")
	case by.Field != "CreateTime" && by.Field != "FinishTime", by.Order != "Asc" && by.Order != "Desc":
		return nil, apiError("InvalidParameterValue.Sort", "Sort takes the Fields CreateTime and FinishTime, and the Orders Asc and Desc.")
	}
	fits, err := p.filter()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	a := s.app(c.SubAppId)
	s.learn(a)
	edge := s.now().Add(-taskMemory)
	var list []*task
	for _, t := range a.taskOrder {
		listed := !s.opt.Asking.OnlyOldKinds || slices.Contains(oldKinds, t.kind)
		if listed && !t.created.Before(edge) && fits(t) {
			list = append(list, t)
		}
	}
	slices.SortStableFunc(list, by.compare)
	if list, err = p.from(list); err != nil {
		return nil, err
	}
	scroll := ""
	if len(list) > limit {
		list = list[:limit]
		scroll = p.token(list[limit-1].id)
	}
	dst = append(dst, `"TaskSet":[`...)
	for i, t := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = s.appendTask(dst, t)
	}
	return fmt.Appendf(dst, `],"ScrollToken":%q`, scroll), nil
}

// filter returns what tells whether a task fits the request.
func (p *describeTasksRequest) filter() (func(*task) bool, error) {
	createdAfter, createdBefore, err := p.CreateTime.check("CreateTime")
	if err != nil {
		return nil, err
	}
	finishedAfter, finishedBefore, err := p.FinishTime.check("FinishTime")
	if err != nil {
		return nil, err
	}
	return func(t *task) bool {
		return (p.Status == "" || p.Status == t.status) && (p.FileId == "" || p.FileId == t.fileId) &&
			within(t.created.Truncate(time.Second), createdAfter, createdBefore) &&
			(p.FinishTime == nil || !t.finished.IsZero() && within(t.finished.Truncate(time.Second), finishedAfter, finishedBefore))
	}, nil
}

func (by sortBy) compare(a, b *task) int {
	at, bt := a.created, b.created
	if by.Field == "FinishTime" {
		at, bt = a.finished, b.finished
	}
	if by.Order == "Desc" {
		at, bt = bt, at
	}
	return at.Compare(bt)
}

// token is a ScrollToken: the last task that was listed, and the filters, which
// must stay the same.
func (p *describeTasksRequest) token(last string) string {
	q := *p
	q.ScrollToken, q.Limit = last, nil
	b, err := json.Marshal(q)
	if err != nil {
		panic(err) // strings and numbers
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// from returns what follows the task that the ScrollToken names.
func (p *describeTasksRequest) from(list []*task) ([]*task, error) {
	if p.ScrollToken == "" {
		return list, nil
	}
	var q describeTasksRequest
	b, err := base64.RawURLEncoding.DecodeString(p.ScrollToken)
	if err != nil || json.Unmarshal(b, &q) != nil || p.token(q.ScrollToken) != p.ScrollToken {
		return nil, apiError("InvalidParameterValue.ScrollToken", "ScrollToken is not from an answer to the same request.")
	}
	i := slices.IndexFunc(list, func(t *task) bool { return t.id == q.ScrollToken })
	return list[i+1:], nil
}

func (s *Server) appendTask(dst []byte, t *task) []byte {
	return fmt.Appendf(dst, `{"TaskId":%s,"Status":%s,"FileId":%s,"TaskType":%q,"CreateTime":%q,"BeginProcessTime":%q,"FinishTime":%q,"SessionId":%s,"SessionContext":%s}`,
		quote(t.id), quote(t.status), quote(t.fileId), s.taskType(t.kind), iso(t.created), iso(t.begun), isoOrNone(t.finished), quote(t.sessionId), quote(t.sessionContext))
}

func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return b
}

func isoOrNone(t time.Time) string {
	if t.IsZero() {
		return "0000-00-00T00:00:00Z"
	}
	return iso(t)
}

// taskType spells a kind of task. VOD does so in several ways.
func (s *Server) taskType(kind string) string {
	member := taskMember(kind)
	name := strings.TrimSuffix(member, "Task")
	switch {
	case s.opt.Asking.OddTaskTypes && name == "Procedure":
		return "procedurev2"
	case s.opt.Asking.OddTaskTypes:
		return strings.ToLower(name)
	case strings.Contains(name, "Aigc"), name == "RemoveWatermark", name == "DescribeFileAttributes":
		return member
	}
	return name
}

type describeTaskDetailRequest struct {
	target
	TaskId string
}

// DescribeTaskDetail, 266/34129: the payload of the task's event, as the member of
// its kind.
func (s *Server) describeTaskDetail(_ context.Context, c *Call, p *describeTaskDetailRequest, dst []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	a := s.app(c.SubAppId)
	s.learn(a)
	t := a.tasks[p.TaskId]
	if t == nil || t.created.Before(s.now().Add(-taskMemory)) {
		return nil, apiError("ResourceNotFound", "There is no task of this TaskId in the application, or it is over 3 days old.")
	}
	status, end, payload := t.status, t.finished, t.payload
	if !end.IsZero() && s.now().Before(end.Add(s.opt.Asking.DetailDelay)) {
		status, end, payload = processing, time.Time{}, t.before
	}
	if s.opt.Asking.AliasTaskIds {
		payload = bytes.Replace(payload, quote(t.id), quote(strings.Replace(t.id, "-", "-alias", 1)), 1)
	}
	dst = fmt.Appendf(dst, `"TaskType":%q,"Status":%s,"CreateTime":%q,"BeginProcessTime":%q,"FinishTime":%q`,
		s.taskType(t.kind), quote(status), iso(t.created), iso(t.begun), isoOrNone(end))
	for _, k := range event.Kinds {
		switch member := k.TaskMember(); {
		case k.Type == t.kind:
			dst = append(fmt.Appendf(dst, `,%q:`, member), payload...)
		case member != "":
			dst = fmt.Appendf(dst, `,%q:null`, member)
		}
	}
	return dst, nil
}
