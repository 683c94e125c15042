package event

import (
	"encoding/json"
	"testing"
	"time"

	sdk "github.com/cloudevents/sdk-go/v2/event"
)

// FuzzCloudEvent holds AppendCloudEvent to the official SDK of CloudEvents: it takes
// the event of any bytes as a valid one, and reads the same attributes and data.
func FuzzCloudEvent(f *testing.F) {
	for _, seed := range []string{
		`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1","n":[1.0e+5,true,null,"\u00e9\\\""]}}`,
		`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["7"]}}`, `{"version":"4.0","eventType":"X y","data":{}}`,
		"{\"EventType\":\"X\",\"P\":{\"FileId\":\"\xff\"}}", "{\"EventType\":\"\u0001\"}", `[]`, "\xff", ``,
	} {
		f.Add([]byte(seed), uint64(1500000001), "")
		f.Add([]byte(seed), uint64(0), "the handler said\nno")
	}
	f.Fuzz(func(t *testing.T, raw []byte, app uint64, failure string) {
		e, _ := Parse(raw, Origin{Mode: Normal, SubAppId: app, Received: received})
		if failure != "" {
			e.Parking = &Parking{Reason: "permanent", Attempts: 1, FirstError: failure, LastError: failure}
		}
		text := e.AppendCloudEvent(nil)
		var theirs sdk.Event
		if err := json.Unmarshal(text, &theirs); err != nil {
			t.Fatalf("the SDK does not read %s: %v", text, err)
		}
		if err := theirs.Validate(); err != nil {
			t.Fatalf("the SDK finds it invalid: %s: %v", text, err)
		}
		var ours struct {
			ID, Source, Type, Subject string
			Time                      time.Time
			Data                      json.RawMessage
		}
		if err := json.Unmarshal(text, &ours); err != nil {
			t.Fatal(err)
		}
		if theirs.ID() != ours.ID || ours.ID != e.ID || theirs.Source() != ours.Source || theirs.Type() != ours.Type ||
			theirs.Subject() != ours.Subject || !theirs.Time().Equal(ours.Time) || theirs.DataContentType() != "application/json" {
			t.Fatalf("the SDK reads other attributes: %+v, not %+v", theirs, ours)
		}
		if string(theirs.Data()) != string(ours.Data) {
			t.Fatalf("the SDK reads other data: %s, not %s", theirs.Data(), ours.Data)
		}
	})
}

// FuzzVerify holds Sign, Signature and Verify to each other: a body that was signed
// is verified by its key until T, and by no other key, and stays the same event.
func FuzzVerify(f *testing.F) {
	f.Add([]byte(`{"EventType":"X","P":{"a":1}}`), "k3y", int64(600))
	f.Add([]byte(`{}`), "0", int64(-1))
	f.Add([]byte(`{"EventType":"X","T":null}`), "key", int64(600))
	f.Add([]byte(` {"EventType":"X"} `), "key", int64(0))
	f.Fuzz(func(t *testing.T, body []byte, key string, left int64) {
		was, err := Parse(body, Origin{Mode: Normal, Received: received})
		if err != nil || key == "" || left < -1e6 || left > 1e6 {
			return
		}
		if members := was.text.WithNulls(); findMember(members, "Sign") != nil || findMember(members, "T") != nil {
			return // it may win
		}
		now := time.Unix(1_790_000_000, 0)
		is, err := Parse(Sign(body, key, now.Add(time.Duration(left)*time.Second)), Origin{Mode: Normal, Received: received})
		if err != nil {
			t.Fatalf("signed, it is no event: %v", err)
		}
		if was.StableID && (is.ID != was.ID || is.Type != was.Type) {
			t.Fatalf("signed, it is another event: %s %s", is.Type, is.ID)
		}
		if err := Verify([]string{"another", key}, is.Sign, is.T, now); (err == nil) != (left >= 0) {
			t.Fatalf("%d s before T: %v", left, err)
		}
		if Verify([]string{key + "x"}, is.Sign, is.T, now) == nil {
			t.Fatal("another key verifies it")
		}
	})
}
