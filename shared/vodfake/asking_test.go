package vodfake_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"vodevents/shared/credentials"
	"vodevents/shared/event"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

// asker calls a stand-in by the project's own client.
type asker struct {
	t *testing.T
	*vod.Client
	app uint64
}

func newAsker(t *testing.T, s *vodfake.Server, app uint64) asker {
	t.Helper()
	c, err := vod.New(vod.Options{Endpoint: "vod.example.com", Transport: s.Transport(),
		Credentials: credentials.Credentials{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey}})
	if err != nil {
		t.Fatal(err)
	}
	return asker{t, c, app}
}

func (a asker) detail(taskId string) (vod.TaskDetail, error) {
	a.t.Helper()
	d, err := a.DescribeTaskDetail(a.t.Context(), a.app, taskId)
	if err != nil && !errors.Is(err, vod.ErrUnknown) {
		a.t.Fatal(err)
	}
	return d, err
}

func (a asker) tasks(r vod.TasksRequest) []vod.Task {
	a.t.Helper()
	list, scroll, err := a.DescribeTasks(a.t.Context(), a.app, r)
	if err != nil || scroll != "" {
		a.t.Fatal(scroll, err)
	}
	return list
}

// mediaInfo is an element of MediaInfoSet.
type mediaInfo struct {
	BasicInfo     *event.MediaBasicInfo
	TranscodeInfo *struct{ TranscodeSet []*event.MediaTranscodeItem }

	AdaptiveDynamicStreamingInfo *struct {
		AdaptiveDynamicStreamingSet []*event.AdaptiveDynamicStreamingInfoItem
	}
}

// info returns what VOD tells of a file, or nil.
func (a asker) info(fileId string, filters ...string) *mediaInfo {
	a.t.Helper()
	found, missing, err := a.DescribeMediaInfos(a.t.Context(), a.app, []string{fileId}, filters...)
	if err != nil || len(found)+len(missing) != 1 {
		a.t.Fatal(found, missing, err)
	}
	if len(found) == 0 {
		return nil
	}
	m := new(mediaInfo)
	if err := json.Unmarshal(found[0].Info, m); err != nil {
		a.t.Fatal(err)
	}
	return m
}

func (m *mediaInfo) transcodes() (list []string) {
	if m.TranscodeInfo != nil {
		for _, t := range m.TranscodeInfo.TranscodeSet {
			list = append(list, fmt.Sprint(t.Definition, " ", t.Url[strings.LastIndex(t.Url, "/")+1:]))
		}
	}
	return list
}

// A procedure is listed and described while it runs and when it has ended, with the
// bytes of its event.
func TestTaskIsDescribed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{EventConfig: pulling})
		defer s.Close()
		const app = 1490012345
		c, a := newClient(t, s, rightKeys), newAsker(t, s, app)
		file := s.Upload(app, vodfake.Upload{Name: "a.mp4"})
		time.Sleep(5 * time.Second)
		c.confirm(app, handles(c.pull(app))...)
		id, err := s.Process(app, file, vodfake.Process{Transcode: []uint64{10}, SessionContext: "mine"})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now().UTC().Truncate(time.Second)
		list := a.tasks(vod.TasksRequest{})
		if want := []vod.Task{{TaskId: id, Status: "PROCESSING", TaskType: "Procedure", FileId: file, CreateTime: began, BeginProcessTime: began, SessionContext: "mine"}}; !cmp.Equal(list, want) {
			t.Error(cmp.Diff(want, list))
		}
		if got := a.tasks(vod.TasksRequest{Status: "FINISH"}); got != nil {
			t.Errorf("finished: %v", got)
		}
		if d, err := a.detail(id); err != nil || d.Status != "PROCESSING" || len(d.Members) != 1 || d.Members[0].Name != "ProcedureTask" {
			t.Errorf("%+v, %v", d, err)
		}
		time.Sleep(5 * time.Second)
		sent := c.pull(app)
		d, err := a.detail(id)
		e, _ := event.Parse(sent[0], event.Origin{})
		if err != nil || d.Status != "FINISH" || !d.FinishTime.Equal(began.Add(5*time.Second)) || string(d.Members[0].Value) != string(e.Payload) {
			t.Errorf("%+v, %v", d, err)
		}
		if _, err := newAsker(t, s, app+1).detail(id); !errors.Is(err, vod.ErrUnknown) {
			t.Errorf("another application: %v", err)
		}
		s.FastForward(72 * time.Hour)
		if _, err := a.detail(id); !errors.Is(err, vod.ErrUnknown) {
			t.Errorf("after 3 days: %v", err)
		}
		if got := a.tasks(vod.TasksRequest{}); got != nil {
			t.Errorf("after 3 days: %v", got)
		}
	})
}

// Pages of 100 tasks hold each task once, in the order of their ends; the filters
// must not change on the way.
func TestTasksComeInPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{EventConfig: pulling, TaskTime: -1})
		defer s.Close()
		a := newAsker(t, s, 7)
		file := s.Upload(7, vodfake.Upload{})
		var want []string
		for range 230 {
			id, err := s.Process(7, file, vodfake.Process{Cover: []uint64{10}, NotifyMode: "None"})
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, id)
			time.Sleep(time.Second)
		}
		r := vod.TasksRequest{Status: "FINISH", FinishedAfter: time.Now().Add(-time.Hour), FinishedBefore: time.Now()}
		var got []string
		for pages := 1; ; pages++ {
			list, scroll, err := a.DescribeTasks(t.Context(), 7, r)
			if err != nil || pages > 3 {
				t.Fatal(pages, err)
			}
			for _, task := range list {
				got = append(got, task.TaskId)
			}
			if r.ScrollToken = scroll; scroll == "" {
				break
			}
			other := r
			other.FileId = "1"
			if _, _, err := a.DescribeTasks(t.Context(), 7, other); !errors.Is(err, vod.ErrRefused) {
				t.Errorf("other filters: %v", err)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d tasks, want %d in order", len(got), len(want))
		}
	})
}

// Whatever event the stand-in was given is true for those who ask.
func TestEventsBecomeTrue(t *testing.T) {
	s := vodfake.New(vodfake.Options{})
	defer s.Close()
	a := newAsker(t, s, 0)
	for _, k := range event.Kinds {
		body, err := s.Make(k.Type, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.Queue(0, body)
		e, err := event.Parse(body, event.Origin{})
		if err != nil {
			t.Fatal(err)
		}
		var p struct{ TaskId, FileId string }
		json.Unmarshal(e.Payload, &p)
		if k.TaskMember() != "" && p.TaskId != "" {
			d, err := a.detail(p.TaskId)
			if err != nil || len(d.Members) != 1 || d.Members[0].Name != k.TaskMember() || string(d.Members[0].Value) != string(e.Payload) {
				t.Errorf("%s: %+v, %v", k.Type, d, err)
			}
		}
		if p.FileId != "" && a.info(p.FileId) == nil {
			t.Errorf("%s: there is no file %s", k.Type, p.FileId)
		}
	}
}

// A file is described as the procedures, re-runs and deletions leave it.
func TestMediaIsDescribed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{TaskTime: -1})
		defer s.Close()
		a := newAsker(t, s, 7)
		file := s.Upload(7, vodfake.Upload{Name: "a.mp4", SourceContext: "mine"})
		process := func(p vodfake.Process) {
			t.Helper()
			if _, err := s.Process(7, file, p); err != nil {
				t.Fatal(err)
			}
			s.FastForward(0)
		}
		expect := func(step string, want ...string) {
			t.Helper()
			s.FastForward(0)
			if got := a.info(file).transcodes(); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", step, got, want)
			}
		}
		expect("uploaded", "0 original.mp4")
		process(vodfake.Process{Transcode: []uint64{10, 20}, Adaptive: []uint64{12}, Cover: []uint64{10}})
		expect("processed", "0 original.mp4", "10 v.f10.mp4", "20 v.f20.mp4")
		process(vodfake.Process{Transcode: []uint64{10}})
		expect("again", "0 original.mp4", "20 v.f20.mp4", "10 v2.f10.mp4")
		process(vodfake.Process{Transcode: []uint64{10}, Fails: []event.MediaProcessType{event.ProcessTranscode}})
		expect("a run that failed", "0 original.mp4", "20 v.f20.mp4", "10 v2.f10.mp4")
		s.SetAsking(vodfake.Asking{MasterInTranscodeSet: true})
		expect("with the playlist", "0 original.mp4", "20 v.f20.mp4", "10 v2.f10.mp4", "12 adp.12.1.m3u8")
		s.SetAsking(vodfake.Asking{})

		remove := func(parts ...*event.MediaDeleteItem) {
			t.Helper()
			if err := s.Delete(7, file, parts...); err != nil {
				t.Fatal(err)
			}
		}
		remove(&event.MediaDeleteItem{Type: event.DeletedTranscodeFiles, Definition: 20})
		expect("one deleted", "0 original.mp4", "10 v2.f10.mp4")
		remove(&event.MediaDeleteItem{Type: event.DeletedOriginalFiles})
		expect("the original deleted", "10 v2.f10.mp4")
		info := a.info(file)
		if info.BasicInfo.MediaUrl != "" || info.BasicInfo.CoverUrl == "" || len(info.AdaptiveDynamicStreamingInfo.AdaptiveDynamicStreamingSet) != 1 {
			t.Errorf("%+v", info.BasicInfo)
		}
		remove(&event.MediaDeleteItem{Type: event.DeletedTranscodeFiles}, &event.MediaDeleteItem{Type: event.DeletedAdaptiveDynamicStreamingFiles})
		if info = a.info(file); info.BasicInfo.CoverUrl != "" || info.TranscodeInfo != nil || info.AdaptiveDynamicStreamingInfo != nil {
			t.Errorf("%+v", info)
		}
		if err := s.ChangeMedia(7, file, vodfake.MediaChange{Name: "b", Status: event.MediaForbidden, StorageClass: "ARCHIVE"}); err != nil {
			t.Fatal(err)
		}
		if b := a.info(file, vod.BasicInfo).BasicInfo; b.Name != "b" || b.Status != "Forbidden" || b.StorageClass != "ARCHIVE" || b.SourceInfo.SourceContext != "mine" {
			t.Errorf("%+v", b)
		}
		if info := a.info(file, vod.MetaData); info.BasicInfo != nil {
			t.Error("a block that was not asked for")
		}
		if newAsker(t, s, 8).info(file) != nil {
			t.Error("another application has the file")
		}
		remove()
		if a.info(file) != nil {
			t.Error("it is still there")
		}
	})
}

func TestSearchMedia(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{TaskTime: -1, Asking: vodfake.Asking{SearchDelay: time.Minute}})
		defer s.Close()
		a := newAsker(t, s, 7)
		start := time.Now()
		for range 250 {
			s.Upload(7, vodfake.Upload{})
			s.FastForward(time.Second)
		}
		search := func(r vod.SearchRequest) ([]vod.Media, int) {
			t.Helper()
			found, total, err := a.SearchMedia(t.Context(), 7, r)
			if err != nil {
				t.Fatal(err)
			}
			return found, total
		}
		if _, total := search(vod.SearchRequest{}); total != 191 {
			t.Errorf("%d files before the index has all", total)
		}
		s.FastForward(time.Minute)
		seen := map[string]bool{}
		for offset := 0; offset < 250; offset += 100 {
			found, total := search(vod.SearchRequest{Offset: offset})
			for _, m := range found {
				seen[m.FileId] = true
			}
			if total != 250 {
				t.Errorf("%d in all", total)
			}
		}
		if len(seen) != 250 {
			t.Errorf("found %d files", len(seen))
		}
		r := vod.SearchRequest{CreatedAfter: start.Add(10 * time.Second), CreatedBefore: start.Add(20 * time.Second)}
		if _, n := search(r); n != 11 {
			t.Errorf("%d files with both ends", n)
		}
		s.SetAsking(vodfake.Asking{SearchExcludesEnd: true})
		if _, n := search(r); n != 10 {
			t.Errorf("%d files without the end", n)
		}
		r.Categories = []string{"Audio"}
		if _, n := search(r); n != 0 {
			t.Errorf("%d audio files", n)
		}
		if _, _, err := a.SearchMedia(t.Context(), 7, vod.SearchRequest{Offset: vod.MaxSearch + 1}); !errors.Is(err, vod.ErrRefused) {
			t.Error("went beyond 5000:", err)
		}
	})
}

// What VOD does not say has switches.
func TestAskingAlternatives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{TaskTime: -1, Asking: vodfake.Asking{OddTaskTypes: true, AliasTaskIds: true, OnlyOldKinds: true, DetailDelay: 2 * time.Second}})
		defer s.Close()
		c, a := newClient(t, s, rightKeys), newAsker(t, s, 0)
		pull := c.must("PullUpload", members{"MediaUrl": "https://example.com/a.mp4"}).Response.TaskId
		s.FastForward(0)
		file := s.Upload(0, vodfake.Upload{})
		s.FastForward(0)
		id, err := s.Process(0, file, vodfake.Process{Transcode: []uint64{10}})
		if err != nil {
			t.Fatal(err)
		}
		s.FastForward(0)
		if list := a.tasks(vod.TasksRequest{}); len(list) != 1 || list[0].TaskId != id || list[0].TaskType != "procedurev2" {
			t.Errorf("listed: %+v", list)
		}
		d, err := a.detail(id)
		if err != nil || d.Status != "PROCESSING" || !d.FinishTime.IsZero() {
			t.Errorf("at once: %+v, %v", d, err)
		}
		s.FastForward(2 * time.Second)
		d, err = a.detail(id)
		var p event.ProcedureTask
		json.Unmarshal(d.Members[0].Value, &p)
		if err != nil || d.Status != "FINISH" || p.TaskId == id || p.TaskId == "" || p.FileId != file {
			t.Errorf("later: %+v, %v", d, err)
		}
		if d, err = a.detail(pull); err != nil || d.Members[0].Name != "PullUploadTask" {
			t.Errorf("not listed, but there: %+v, %v", d, err)
		}
	})
}
