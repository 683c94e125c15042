package kafka

import (
	"bytes"
	"encoding/json"
	"mime"
	"testing"
	"time"
	"unicode/utf8"

	"vodevents/shared/event"
)

// FuzzRecord makes records of any two events, as they came or after a way through the
// log:
//
//   - the value is the CloudEvent and reads back as the same event, and the header
//     names its format;
//   - the key is the value's member subject, in UTF-8, and absent where that is, so
//     that no two events without a subject share a partition by it;
//   - two events have equal keys exactly if they are about one subject.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"38770"}}`), []byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["38770","2"]}}`))
	f.Add([]byte(`{"EventType":"X","P":{"FileId":"","TaskId":"\u0000\ud83d"}}`), []byte("{\"EventType\":\"X\",\"P\":{\"FileId\":\"\xff\"}}"))
	f.Add([]byte(`{"EventType":"X","P":{"FileId":5.0}}`), []byte(`{"version":"2.0","eventType":"x","data":{"fileId":"5"}}`))
	f.Add([]byte(`[1]`), []byte(``))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		a, subjectA := recordOf(t, one)
		b, subjectB := recordOf(t, two)
		if same := a != nil && bytes.Equal(a, b); same != (subjectA != "" && subjectA == subjectB) {
			t.Fatalf("keys %q and %q, subjects %q and %q", a, b, subjectA, subjectB)
		}
	})
}

// recordOf checks the record of an event and returns its key and its subject.
func recordOf(t *testing.T, body []byte) (key []byte, subject string) {
	e, _ := event.Parse(body, event.Origin{Mode: event.Reliable, Received: time.Unix(1_795_161_600, 0)}) // what is no event is recorded, too
	r := record(e)
	var value struct{ ID, Type, Subject string }
	if err := json.Unmarshal(r.Value, &value); err != nil || !utf8.Valid(r.Value) {
		t.Fatalf("%q: the value is %q, %v", body, r.Value, err)
	}
	if value.ID != e.ID || value.Type != e.CloudEventType() || value.Subject != string(r.Key) {
		t.Fatalf("%q: the key is %q, the value %s", body, r.Key, r.Value)
	}
	if !utf8.Valid(r.Key) || len(r.Key) == 0 && r.Key != nil {
		t.Fatalf("%q: the key is %#v", body, r.Key)
	}
	again, err := event.ParseCloudEvent(r.Value)
	if err != nil || again.ID != e.ID || !bytes.Equal(record(again).Key, r.Key) {
		t.Fatalf("%q: read back, it has another key: %v", body, err)
	}
	if kind, _, err := mime.ParseMediaType(string(r.Headers[0].Value)); len(r.Headers) != 1 || r.Headers[0].Key != "content-type" || kind != "application/cloudevents+json" || err != nil {
		t.Fatalf("the headers are %v", r.Headers)
	}
	return r.Key, value.Subject
}
