package journal

import (
	"fmt"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/media"
	"vodevents/shared/vodfake"
)

// bring brings an event all the way, as dev's sink and the function's output tell.
func bring(t *testing.T, j *Journal, body string, at time.Time) {
	t.Helper()
	e, err := event.Parse([]byte(body), event.Origin{Mode: event.Reliable, Received: at})
	if err != nil {
		t.Fatal(err)
	}
	id := fmt.Sprint(len(j.order))
	j.given(Given{ID: id, Mode: event.Reliable, Body: []byte(body)}, at)
	j.changed(vodfake.Change{ID: id, State: vodfake.Pulled, Delivery: 1}, at)
	j.cameOut(e, e.AppendCloudEvent(nil), at, false)
	if m, ok := j.FindMedia("", e.Subject); ok && m.LastEvent == e.ID {
		t.Error("folded before its delivery")
	}
	j.sunk(e, 200, at)
}

func uploaded(fileID, name string) string {
	return fmt.Sprintf(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":%q,"MediaBasicInfo":{"Name":%q,"MediaUrl":"https://media.example.com/%[1]s.mp4"}}}`, fileID, name)
}

// Only what every sink has counts, and a repetition changes nothing.
func TestMediaIsMadeOfDeliveredEvents(t *testing.T) {
	t.Parallel()
	j := New(nil)
	r := j.Follow()
	defer r.Close()
	now := time.Now()
	bring(t, j, uploaded("5285890784273533001", "harbor"), now)
	if u := r.Next(); len(u.Media) != 1 || u.Media[0].State != media.Ready || u.Media[0].Events != 1 {
		t.Fatalf("told %+v", u.Media)
	}
	before, _ := j.FindMedia("", "5285890784273533001")
	e, err := event.Parse([]byte(uploaded("5285890784273533001", "harbor")), event.Origin{Mode: event.Reliable, Received: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	j.cameOut(e, e.AppendCloudEvent(nil), now.Add(time.Hour), true)
	after, _ := j.FindMedia("", "5285890784273533001")
	if after.Events != 1 || len(after.Registers) == 0 || after.Registers[0].Values[0] != before.Registers[0].Values[0] || len(r.Next().Media) != 0 {
		t.Errorf("after a repetition: %+v", after)
	}
	if found, matched := j.ListMedia(MediaFilter{Text: "HARB", States: []string{"ready"}, Limit: 1}); matched != 1 || found[0].FileId != "5285890784273533001" {
		t.Errorf("found %+v", found)
	}
	if _, ok := j.FindMedia("/tencentcloud/vod/9", "5285890784273533001"); ok {
		t.Error("found in another source")
	}
}

// The media that changed longest ago is dropped first, and a media keeps its name
// however many events tell of it.
func TestMediaAreBounded(t *testing.T) {
	t.Parallel()
	j := New(nil)
	r := j.Follow()
	defer r.Close()
	now := time.Now()
	tell := func(body string, i int) {
		e, err := event.Parse([]byte(body), event.Origin{Mode: event.Normal, Received: now.Add(time.Duration(i) * time.Second)})
		if err != nil {
			t.Fatal(err)
		}
		j.delivered(&record{id: "1"}, e, now)
	}
	for i := range MaxEvents {
		tell(uploaded(fmt.Sprint(5285890784270000000+i), fmt.Sprint("m", i)), i)
	}
	for i := range 3 * maxTold {
		tell(fmt.Sprintf(`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"t%d","Status":"FINISH","FileId":"5285890784270000000"}}`, i), MaxEvents+i)
	}
	l := &j.media
	if l.told != MaxEvents || l.order.Len() != len(l.byKey) || l.changes.Len() != len(l.byKey) || len(l.byKey) != MaxEvents-maxTold+1 || len(r.media.waiting) != len(l.byKey) {
		t.Errorf("%d told of %d media, %d in order, %d by change, %d waiting", l.told, len(l.byKey), l.order.Len(), l.changes.Len(), len(r.media.waiting))
	}
	m, ok := j.FindMedia("", "5285890784270000000")
	if !ok || m.Name != "m0" || m.Events != maxTold || len(m.Told) != maxTold || m.ProcedureTaskId != fmt.Sprint("t", 3*maxTold-1) {
		t.Errorf("the media of many events: %q, %d events, %s", m.Name, m.Events, m.ProcedureTaskId)
	}
	if _, ok := j.FindMedia("", "5285890784270000001"); ok {
		t.Error("the media that changed longest ago is still there")
	}
	if u := r.Next(); len(u.Media) != MaxChanges {
		t.Errorf("%d media in one update", len(u.Media))
	}
}
