package reconcile

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"vodevents/shared/sink/stored"
	"vodevents/shared/vod"
)

// tasks looks for tasks that ended within the window and have no event.
func (r *Run) tasks(ctx context.Context, after, before time.Time) error {
	q := vod.TasksRequest{FinishedAfter: after, FinishedBefore: before}
	for {
		list, scroll, err := r.Client.DescribeTasks(ctx, r.SubAppId, q)
		if err != nil {
			return err
		}
		for _, t := range list {
			if r.again(t.TaskId) {
				continue
			}
			r.counts.Tasks++
			if t.Status != "FINISH" && t.Status != "ABORTED" {
				continue
			}
			if err := r.task(ctx, t); err != nil {
				return err
			}
		}
		r.step("tasks", r.counts.Tasks)
		if q.ScrollToken = scroll; scroll == "" {
			return nil
		}
	}
}

func (r *Run) task(ctx context.Context, t vod.Task) error {
	told, err := r.told(ctx, t.FileId, t.TaskId, t.Status)
	if err != nil || told {
		return err
	}
	d, err := r.Client.DescribeTaskDetail(ctx, r.SubAppId, t.TaskId)
	switch {
	case errors.Is(err, vod.ErrUnknown):
		r.counts.Aged++
		return nil
	case err != nil:
		return err
	}
	if d.FinishTime.IsZero() { // perhaps an aborted task
		d.FinishTime = t.FinishTime
	}
	f := Finding{Kind: MissedTask, FileId: t.FileId, TaskId: t.TaskId, At: d.FinishTime}
	e, err := Event(r.SubAppId, t.TaskId, d)
	if errors.Is(err, ErrNoEvent) {
		f.Kind, f.What = NoEvent, err.Error()
		return r.report(ctx, f, nil)
	}
	if err != nil {
		return err
	}
	// VOD may know the task by another id, and its event may have that one.
	var alias struct{ TaskId string }
	_ = json.Unmarshal(e.Payload, &alias) // without it there is no alias
	told, err = r.told(ctx, cmp.Or(t.FileId, e.Subject), cmp.Or(alias.TaskId, t.TaskId), t.Status)
	if err != nil || told {
		return err
	}
	if rows, err := r.Tables.Page(ctx, stored.Filter{IDs: []string{e.ID}}, 1); err != nil || len(rows) > 0 {
		return err
	}
	return r.report(ctx, f, e)
}

// told tells whether the table has an event that says that a task ended. The subject of
// an event is its FileId, or else its TaskId.
func (r *Run) told(ctx context.Context, fileId, taskId, status string) (bool, error) {
	for _, subject := range []string{fileId, taskId} {
		if subject == "" {
			continue
		}
		found := false
		err := r.rows(ctx, stored.Filter{Subject: subject}, func(row stored.Row) {
			e, err := row.Event()
			if err != nil {
				return // somebody else's row
			}
			var p struct{ TaskId, Status string }
			_ = json.Unmarshal(e.Payload, &p) // a payload without them tells nothing
			ended := p.Status == "" || rank(p.Status) == ended || e.Type != "ProcedureStateChanged"
			found = found || p.TaskId == taskId && ended
		})
		if err != nil || found {
			return found, err
		}
	}
	return false, nil
}

// rows gives each event of this application that a filter asks for.
func (r *Run) rows(ctx context.Context, f stored.Filter, do func(stored.Row)) error {
	const most = 100
	source := r.source()
	for {
		page, err := r.Tables.Page(ctx, f, most)
		if err != nil {
			return err
		}
		for _, row := range page {
			if row.Source == source {
				do(row)
			}
			f.After = row.Place()
		}
		if len(page) == 0 {
			return nil
		}
	}
}

// uploads looks for files that were made within the window and have no event.
func (r *Run) uploads(ctx context.Context, after, before time.Time) error {
	return r.search(ctx, vod.SearchRequest{CreatedAfter: after, CreatedBefore: before}, func(m vod.Media) error {
		if r.again(m.FileId) { // two windows touch
			return nil
		}
		r.counts.Uploads++
		r.step("uploads", r.counts.Uploads)
		return r.upload(ctx, m)
	})
}

// categories are those that SearchMedia can be asked for.
var categories = []string{"Video", "Audio", "Image"}

// search gives each file of a window. SearchMedia reaches 5000 files, so a window
// with more is halved, and a second with more is asked about by category.
func (r *Run) search(ctx context.Context, q vod.SearchRequest, do func(vod.Media) error) error {
	found, total, err := r.Client.SearchMedia(ctx, r.SubAppId, q)
	if err != nil {
		return err
	}
	if total >= vod.MaxSearch {
		var parts []vod.SearchRequest
		switch length := q.CreatedBefore.Sub(q.CreatedAfter); {
		case length > time.Second:
			early, late := q, q
			early.CreatedBefore = q.CreatedAfter.Add(length / 2).Truncate(time.Second)
			if !early.CreatedBefore.After(q.CreatedAfter) {
				early.CreatedBefore = q.CreatedAfter.Add(time.Second)
			}
			late.CreatedAfter = early.CreatedBefore
			parts = []vod.SearchRequest{early, late}
		case q.Categories == nil:
			for _, c := range categories {
				one := q
				one.Categories = []string{c}
				parts = append(parts, one)
			}
		default:
			return fmt.Errorf("reconcile: more than %d files were made in the second of %v: SearchMedia does not reach the others", vod.MaxSearch-1, q.CreatedAfter)
		}
		for _, part := range parts {
			if err := r.search(ctx, part, do); err != nil {
				return err
			}
		}
		return nil
	}
	for {
		for _, m := range found {
			if err := do(m); err != nil {
				return err
			}
		}
		q.Offset += len(found)
		if len(found) == 0 || q.Offset >= total {
			return nil
		}
		if found, total, err = r.Client.SearchMedia(ctx, r.SubAppId, q); err != nil {
			return err
		}
	}
}

func (r *Run) upload(ctx context.Context, m vod.Media) error {
	var info struct {
		BasicInfo struct {
			SourceInfo struct{ SourceType string }
		}
	}
	if err := json.Unmarshal(m.Info, &info); err != nil {
		return fmt.Errorf("reconcile: file %s: %w", m.FileId, err)
	}
	created, err := createTime(m)
	if err != nil {
		return err
	}
	f := Finding{Kind: MissedUpload, FileId: m.FileId, At: created}
	if info.BasicInfo.SourceInfo.SourceType != "Upload" { // a task made it, and has the event; or a recording, which has none
		known, err := r.Tables.Media(ctx, stored.MediaFilter{FileIds: []string{m.FileId}}, 1)
		if err != nil || len(known) > 0 {
			return err
		}
		f.Kind = NewMedia
		return r.reread(ctx, f, m)
	}
	told := false
	err = r.rows(ctx, stored.Filter{Subject: m.FileId}, func(row stored.Row) {
		told = told || row.EventType() == "NewFileUpload" || row.EventType() == "PullComplete"
	})
	if err != nil || told {
		return err
	}
	e, err := Upload(r.SubAppId, m)
	if err != nil {
		return err
	}
	return r.report(ctx, f, e)
}

func (r *Run) step(what string, n int) {
	if r.Step != nil {
		r.Step(what, n)
	}
}
