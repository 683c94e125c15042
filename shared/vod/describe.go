package vod

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"vodevents/shared/internal/jsonscan"
)

const (
	// TaskMemory is how long VOD answers questions about a task: DescribeTasks
	// lists those of the last 72 h (266/37559), and DescribeTaskDetail knows
	// those that were submitted at most 3 days ago (266/34129).
	TaskMemory = 72 * time.Hour

	// MaxTasks is how many tasks a DescribeTasks brings (266/37559).
	MaxTasks = 100

	// MaxFileIds is how many files a DescribeMediaInfos takes (266/31763).
	MaxFileIds = 20

	// MaxSearch is how far a SearchMedia reaches: Offset + Limit, and also the
	// largest TotalCount (266/31813).
	MaxSearch = 5000

	// maxSearchPage is how many files one SearchMedia brings. VOD does not state
	// the largest Limit.
	maxSearchPage = 100
)

// Task is a task as DescribeTasks lists it.
type Task struct {
	TaskId string

	// Status is WAITING, PROCESSING, FINISH or ABORTED.
	Status string

	// TaskType is spelled in several ways, such as Procedure and procedurev2. It
	// is a hint: the member of a [TaskDetail] says what the task is.
	TaskType string

	FileId string // empty if the task is not about exactly one file

	CreateTime, BeginProcessTime, FinishTime time.Time // zero: not yet

	SessionId, SessionContext string
}

// TasksRequest chooses the tasks that DescribeTasks lists, in the order of their
// FinishTime.
type TasksRequest struct {
	// Status is WAITING, PROCESSING or FINISH. Empty lists all tasks, and is the
	// only way to see those that are ABORTED.
	Status string

	FileId string // tasks of this file only; empty: of all

	// The task finished at FinishedAfter or later, and before FinishedBefore.
	// Both have whole seconds.
	FinishedAfter, FinishedBefore time.Time

	// ScrollToken is from the answer before; empty: the first page.
	ScrollToken string
}

// period is a range of time: After ≤ t < Before.
type period struct{ After, Before string }

func newPeriod(after, before time.Time) *period {
	if after.IsZero() && before.IsZero() {
		return nil
	}
	return &period{FormatTime(after), FormatTime(before)}
}

// DescribeTasks lists up to [MaxTasks] tasks of the last [TaskMemory] (266/37559).
// An empty scroll means that there are no more; otherwise it is the ScrollToken of
// the next page. Uploads and deletions have no tasks. VOD takes 100 calls a second.
func (c *Client) DescribeTasks(ctx context.Context, subAppId uint64, r TasksRequest) (tasks []Task, scroll string, err error) {
	type order struct{ Field, Order string }
	var answer struct {
		TaskSet []struct {
			TaskId, Status, TaskType, FileId         text
			CreateTime, BeginProcessTime, FinishTime moment
			SessionId, SessionContext                text
		}
		ScrollToken text
	}
	err = c.describe(ctx, "DescribeTasks", struct {
		application
		Status      string  `json:",omitempty"`
		FileId      string  `json:",omitempty"`
		FinishTime  *period `json:",omitempty"`
		Sort        order
		Limit       int
		ScrollToken string `json:",omitempty"`
	}{
		application{subAppId}, r.Status, r.FileId, newPeriod(r.FinishedAfter, r.FinishedBefore),
		order{"FinishTime", "Asc"}, MaxTasks, r.ScrollToken,
	}, &answer)
	if err != nil {
		return nil, "", err
	}
	for _, t := range answer.TaskSet {
		tasks = append(tasks, Task{
			string(t.TaskId), string(t.Status), string(t.TaskType), string(t.FileId),
			time.Time(t.CreateTime), time.Time(t.BeginProcessTime), time.Time(t.FinishTime),
			string(t.SessionId), string(t.SessionContext),
		})
	}
	return tasks, string(answer.ScrollToken), nil
}

// TaskDetail is what VOD knows of one task.
type TaskDetail struct {
	Status   string // of the task: WAITING, PROCESSING, FINISH or ABORTED
	TaskType string // as in [Task]

	CreateTime, BeginProcessTime, FinishTime time.Time // zero: not yet

	// Members are the members of the answer that are objects. One of them is the
	// task itself, such as ProcedureTask. Its value has the bytes that VOD sent.
	Members []Member
}

// Member is a member of an answer.
type Member struct {
	Name  string
	Value json.RawMessage
}

// DescribeTaskDetail returns what VOD knows of a task that was submitted within
// the last [TaskMemory] (266/34129). If VOD does not know the task, the error is
// [ErrUnknown]: it never was, is too old, or belongs to another application. VOD
// takes 100 calls a second.
func (c *Client) DescribeTaskDetail(ctx context.Context, subAppId uint64, taskId string) (TaskDetail, error) {
	const action = "DescribeTaskDetail"
	e, err := c.call(ctx, action, struct {
		application
		TaskId string
	}{application{subAppId}, taskId})
	if err != nil {
		return TaskDetail{}, err
	}
	var answer struct {
		Status, TaskType                         text
		CreateTime, BeginProcessTime, FinishTime moment
	}
	if err := json.Unmarshal(e.response, &answer); err != nil {
		return TaskDetail{}, c.strange(action, err)
	}
	d := TaskDetail{
		Status: string(answer.Status), TaskType: string(answer.TaskType),
		CreateTime: time.Time(answer.CreateTime), BeginProcessTime: time.Time(answer.BeginProcessTime), FinishTime: time.Time(answer.FinishTime),
	}
	s := jsonscan.New(e.response)
	s.Members(func(name []byte) bool {
		from := s.Pos()
		object := s.Peek() == '{'
		ok := s.Value()
		if object {
			d.Members = append(d.Members, Member{string(jsonscan.Name(name)), s.Since(from)})
		}
		return ok
	})
	return d, nil
}

// Media is a file as DescribeMediaInfos and SearchMedia describe it.
type Media struct {
	FileId string

	// Info is the whole element of MediaInfoSet, with the bytes that VOD sent.
	Info json.RawMessage
}

// Blocks of an element of MediaInfoSet that Filters can ask for (266/31763). Without
// Filters VOD sends all.
const (
	BasicInfo                    = "basicInfo"
	MetaData                     = "metaData"
	TranscodeInfo                = "transcodeInfo"
	AnimatedGraphicsInfo         = "animatedGraphicsInfo"
	ImageSpriteInfo              = "imageSpriteInfo"
	SnapshotByTimeOffsetInfo     = "snapshotByTimeOffsetInfo"
	SampleSnapshotInfo           = "sampleSnapshotInfo"
	AdaptiveDynamicStreamingInfo = "adaptiveDynamicStreamingInfo"
	MiniProgramReviewInfo        = "miniProgramReviewInfo"
	ReviewInfo                   = "reviewInfo"
)

// DescribeMediaInfos returns what VOD knows of files, at most [MaxFileIds] in a call
// (266/31763). missing are the ids that the application does not have: a file of
// another application is missing, too, so with a wrong SubAppId all are. The order
// of neither list is promised. Without ids no call is made. VOD takes 100 calls a
// second.
func (c *Client) DescribeMediaInfos(ctx context.Context, subAppId uint64, fileIds []string, filters ...string) (found []Media, missing []string, err error) {
	switch n := len(fileIds); {
	case n == 0:
		return nil, nil, nil
	case n > MaxFileIds:
		return nil, nil, fmt.Errorf("vod: DescribeMediaInfos takes at most %d FileIds a call, not %d", MaxFileIds, n)
	}
	const action = "DescribeMediaInfos"
	var answer struct {
		MediaInfoSet      []json.RawMessage
		NotExistFileIdSet []text
	}
	err = c.describe(ctx, action, struct {
		application
		FileIds []string
		Filters []string `json:",omitempty"`
	}{application{subAppId}, fileIds, filters}, &answer)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range answer.NotExistFileIdSet {
		missing = append(missing, string(id))
	}
	found, err = media(answer.MediaInfoSet)
	if err != nil {
		return nil, nil, c.strange(action, err)
	}
	return found, missing, nil
}

// SearchRequest chooses the files that SearchMedia finds.
type SearchRequest struct {
	// The file was made at CreatedAfter or later, and before CreatedBefore or at
	// it: the page says both. Both have whole seconds.
	CreatedAfter, CreatedBefore time.Time

	Categories     []string // Video, Audio, Image; nil: all
	StorageRegions []string // nil: all

	Offset int // how many files to skip; with a page of 100 at most [MaxSearch]
}

// SearchMedia finds up to 100 files, the oldest first (266/31813). total is how
// many there are in all, but not above [MaxSearch]. Files that were deleted or have
// expired are not found. Of each file VOD sends BasicInfo and MetaData.
func (c *Client) SearchMedia(ctx context.Context, subAppId uint64, r SearchRequest) (found []Media, total int, err error) {
	const action = "SearchMedia"
	type order struct{ Field, Order string }
	var answer struct {
		MediaInfoSet []json.RawMessage
		TotalCount   json.RawMessage
	}
	err = c.describe(ctx, action, struct {
		application
		CreateTime     *period  `json:",omitempty"`
		Categories     []string `json:",omitempty"`
		StorageRegions []string `json:",omitempty"`
		Sort           order
		Offset, Limit  int
		Filters        []string
	}{
		application{subAppId}, newPeriod(r.CreatedAfter, r.CreatedBefore), r.Categories, r.StorageRegions,
		order{"CreateTime", "Asc"}, r.Offset, min(maxSearchPage, MaxSearch-r.Offset), []string{BasicInfo, MetaData},
	}, &answer)
	if err != nil {
		return nil, 0, err
	}
	n, ok := readCount(answer.TotalCount)
	if !ok {
		return nil, 0, c.strange(action, fmt.Errorf("TotalCount is %s", excerpt(answer.TotalCount)))
	}
	if found, err = media(answer.MediaInfoSet); err != nil {
		return nil, 0, c.strange(action, err)
	}
	return found, int(min(n, MaxSearch)), nil
}

// media reads the FileId of each element of a MediaInfoSet.
func media(set []json.RawMessage) ([]Media, error) {
	list := make([]Media, 0, len(set))
	for _, info := range set {
		var m struct{ FileId text }
		if err := json.Unmarshal(info, &m); err != nil {
			return nil, err
		}
		if m.FileId == "" {
			return nil, errors.New("an element of MediaInfoSet has no FileId")
		}
		list = append(list, Media{string(m.FileId), info})
	}
	return list, nil
}

// strange says that an answer is not as documented.
func (c *Client) strange(action string, err error) error {
	return c.refuse(&Error{Action: action, Code: codeStrange, Message: err.Error()})
}

// text reads a string. VOD prints some ids as numbers, which can be beyond 2^53:
// the digits are kept.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	switch {
	case b[0] == '"':
		*t = text(jsonscan.String(b))
	case b[0] == '-', b[0] >= '0' && b[0] <= '9':
		*t = text(b)
	case string(b) != "null":
		return fmt.Errorf("%s where a string is documented", excerpt(b))
	}
	return nil
}

// moment reads a time. It is zero if VOD has none yet.
type moment time.Time

func (m *moment) UnmarshalJSON(b []byte) error {
	var s text
	if err := s.UnmarshalJSON(b); err != nil {
		return err
	}
	t, err := ParseTime(string(s))
	*m = moment(t)
	return err
}

// ParseTime reads a time as VOD writes it: ISO 8601 (266/11732). It is zero for the
// empty string and for 0000-00-00T00:00:00Z, which mean that there is none yet.
func ParseTime(s string) (time.Time, error) {
	if s == "" || strings.HasPrefix(s, "0000-00-00") {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, s)
}

// FormatTime writes a time as VOD wants it: ISO 8601 in UTC, in whole seconds
// (266/11732).
func FormatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
