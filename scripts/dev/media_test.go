package main

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"vodevents/scripts/dev/journal"
	"vodevents/shared/credentials"
	"vodevents/shared/event"
	"vodevents/shared/media"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

// upload uploads a media and returns its FileId.
func (p *program) upload(body string) string {
	p.t.Helper()
	var made struct{ FileId string }
	p.call(http.StatusAccepted, "POST", "/api/media", body, &made)
	return made.FileId
}

// forward moves the stand-in's clock past the end of what runs.
func (p *program) forward(d string) {
	p.t.Helper()
	p.call(200, "POST", "/api/clock", fmt.Sprintf(`{"forward":%q}`, d), nil)
}

// untilMedia waits until a media is as fn says.
func (p *program) untilMedia(id, what string, fn func(journal.MediaDetail) bool) (m journal.MediaDetail) {
	p.t.Helper()
	p.eventually("the media is "+what, func() bool {
		answer, _ := p.request("GET", "/api/media/"+id, "")
		if answer.StatusCode == http.StatusNotFound {
			return false
		}
		m = journal.MediaDetail{}
		p.call(200, "GET", "/api/media/"+id, "", &m)
		return fn(m)
	})
	return m
}

// result is the output of a kind and definition.
func result(m journal.MediaDetail, kind event.MediaProcessType, definition int64) (o media.Output) {
	for _, o := range m.Outputs {
		if o.Kind == kind && o.Definition == definition {
			return o
		}
	}
	return o
}

// texts are the values of a register, the one that stands first.
func texts(m journal.MediaDetail, register string) (all []string) {
	for _, r := range m.Registers {
		if r.Name == register {
			for _, v := range r.Values {
				all = append(all, v.Text)
			}
		}
	}
	return all
}

// A media is uploaded, processed, processed again with a sub-task that fails,
// deleted in part and as a whole; its events and the answers of VOD tell the same.
// An hour passes on VOD's clock meanwhile.
func TestMediaLivesAsItsEventsTell(t *testing.T) {
	for _, mode := range []string{vodfake.Pull, vodfake.Push} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p := launch(t, nil, "-every", "200ms")
			p.config(fmt.Sprintf(`{"Mode":%q}`, mode))
			c, err := vod.New(vod.Options{Endpoint: p.api, Credentials: credentials.Credentials{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey}})
			if err != nil {
				t.Fatal(err)
			}
			ask := func(id string) (found []vod.Media, missing []string) {
				t.Helper()
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				defer cancel()
				found, missing, err := c.DescribeMediaInfos(ctx, 0, []string{id})
				if err != nil {
					t.Fatal(err)
				}
				return found, missing
			}

			id := p.upload(`{"name":"Harbour <b>.mp4","sourceContext":"upload-7"}`)
			p.forward("1h")
			m := p.untilMedia(id, "ready", func(m journal.MediaDetail) bool { return m.State == media.Ready })
			if m.Name != "Harbour <b>" || m.SourceContext != "upload-7" || m.Duration == 0 || m.Events != 1 || m.Told[0].Type != "NewFileUpload" || m.CoverUrl != "" {
				t.Errorf("uploaded: %+v", m)
			}

			p.call(202, "POST", "/api/media/"+id+"/process", "", nil)
			p.forward("5s")
			m = p.untilMedia(id, "processed", func(m journal.MediaDetail) bool { return len(m.Outputs) == 4 })
			o := result(m, event.ProcessTranscode, 10)
			if o.Status != event.SubTaskSuccess || o.Size == 0 || m.PlayUrl != result(m, event.ProcessAdaptiveDynamicStreaming, 12).Url || m.CoverUrl == "" {
				t.Errorf("processed: %+v", m)
			}
			if id := m.Told[1].ID; p.event(id).Type != "ProcedureStateChanged" || p.event(id).EventID != m.Told[1].EventID {
				t.Errorf("event %s is not the one that told: %+v", id, m.Told[1])
			}

			p.call(202, "POST", "/api/media/"+id+"/process", `{"transcode":[10],"cover":[10],"fails":["Transcode"]}`, nil)
			p.forward("5s")
			m = p.untilMedia(id, "processed again", func(m journal.MediaDetail) bool { return m.Error != "" })
			again := result(m, event.ProcessTranscode, 10)
			if m.State != media.Ready || again.Status != event.SubTaskFail || again.Url != o.Url || !strings.HasPrefix(m.Error, "SourceFileError: ") {
				t.Errorf("processed again: %+v", m)
			}
			if got := texts(m, "Transcode 10 status"); !slices.Equal(got, []string{"FAIL: " + m.Error, "SUCCESS"}) {
				t.Errorf("status: %q", got)
			}

			p.call(202, "POST", "/api/media/"+id+"/delete", `{"parts":[{"type":"TranscodeFiles","definition":10}]}`, nil)
			p.forward("5s")
			m = p.untilMedia(id, "deleted in part", func(m journal.MediaDetail) bool {
				return result(m, event.ProcessTranscode, 10).Status == media.StatusDeleted
			})
			if result(m, event.ProcessTranscode, 30).Status != event.SubTaskSuccess || m.State != media.Ready || m.PlayUrl == "" {
				t.Errorf("deleted in part: %+v", m)
			}
			if found, _ := ask(id); len(found) != 1 || strings.Contains(string(found[0].Info), o.Url) || !strings.Contains(string(found[0].Info), m.PlayUrl) {
				t.Errorf("VOD answers %+v", found)
			}

			p.call(202, "POST", "/api/media/"+id+"/delete", "", nil)
			p.forward("5s")
			m = p.untilMedia(id, "deleted", func(m journal.MediaDetail) bool { return m.State == media.Deleted })
			if _, missing := ask(id); m.PlayUrl != "" || m.DeletedAt.IsZero() || m.Events != 5 || !slices.Equal(missing, []string{id}) {
				t.Errorf("deleted: %+v; VOD misses %q", m, missing)
			}
			p.call(404, "POST", "/api/media/"+id+"/process", "", nil)
			p.call(404, "POST", "/api/media/"+id+"/delete", "", nil)

			var list struct {
				Media   []journal.Media
				Matched int
				More    bool
			}
			p.call(200, "GET", "/api/media?state=deleted&q=HARBOUR", "", &list)
			if list.Matched != 1 || len(list.Media) != 1 || list.Media[0].FileId != id || list.More {
				t.Errorf("listed: %+v", list)
			}
		})
	}
}

// A procedure of which all fails makes the media failed; a good one heals it.
func TestMediaFailsAndHeals(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	id := p.upload("")
	p.forward("5s")
	p.untilMedia(id, "there", func(journal.MediaDetail) bool { return true })
	p.call(202, "POST", "/api/media/"+id+"/process", `{"fails":["Transcode","AdaptiveDynamicStreaming"],"notifyMode":"Change"}`, nil)
	p.forward("5s")
	m := p.untilMedia(id, "failed", func(m journal.MediaDetail) bool { return m.State == media.Failed })
	if m.Error == "" || m.CoverUrl == "" {
		t.Errorf("failed: %+v", m)
	}
	p.call(202, "POST", "/api/media/"+id+"/process", `{"transcode":[30]}`, nil)
	p.forward("5s")
	m = p.untilMedia(id, "ready", func(m journal.MediaDetail) bool { return m.State == media.Ready })
	if m.PlayUrl != result(m, event.ProcessTranscode, 30).Url {
		t.Errorf("ready: %+v", m)
	}
}

// The stand-in processes what an event announced, whichever way it was told.
func TestAnnouncedMediaIsProcessed(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	for _, mode := range []string{"reliable", "normal"} {
		id := p.event(p.send("/api/events?kind=NewFileUpload&mode="+mode, "")[0]).Subject
		p.untilMedia(id, "there", func(journal.MediaDetail) bool { return true })
		p.call(202, "POST", "/api/media/"+id+"/process", `{"cover":[10]}`, nil)
		p.forward("5s")
		p.untilMedia(id, "processed", func(m journal.MediaDetail) bool { return len(m.Outputs) > 0 && m.CoverUrl != "" })
	}
}

// The cover is drawn, and it is there as long as the events' cover is.
func TestCoverIsDrawn(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	id := p.upload(`{"process":true}`)
	p.call(404, "GET", "/api/media/"+id+"/cover", "", nil)
	p.forward("5s")
	p.forward("5s")
	p.untilMedia(id, "processed", func(m journal.MediaDetail) bool { return m.CoverUrl != "" })
	answer, text := p.request("GET", "/api/media/"+id+"/cover", "")
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("%s %v", answer.Status, answer.Header)
	}
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	if _, again := p.request("GET", "/api/media/"+id+"/cover", ""); again != text {
		t.Error("the cover differs each time")
	}
}

// What cannot be done with a media is answered with what to do.
func TestProblemsOfMedia(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "off")
	id := p.upload("")
	p.forward("5s")
	for path, bodies := range map[string][]string{
		"/api/media":                    {`[]`, `{"nothing":1}`, `{"process":"yes"}`},
		"/api/media/" + id + "/process": {`{"fails":["Nothing"]}`, `{"fails":[""]}`, `{"notifyMode":"Often"}`, `{"transcode":[-1]}`, `{"cover":[` + strings.Repeat("1,", 20) + `1]}`},
		"/api/media/" + id + "/delete":  {`{"parts":[{}]}`, `{"parts":[{"type":"Everything"}]}`, `{"parts":[{"type":"TranscodeFiles","definition":-1}]}`},
	} {
		for _, body := range bodies {
			p.call(400, "POST", path, body, nil)
		}
	}
	p.call(400, "GET", "/api/media?limit=0", "", nil)
	p.call(404, "GET", "/api/media/"+id, "", nil) // no event was delivered
	p.call(404, "GET", "/api/media/nobody/cover", "", nil)
	p.call(404, "POST", "/api/media/nobody/process", "", nil)
	p.call(404, "POST", "/api/media/nobody/delete", "", nil)
	p.call(405, "PUT", "/api/media/"+id, "", nil)
}
