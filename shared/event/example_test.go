package event_test

import (
	"fmt"
	"time"

	"vodevents/shared/event"
)

var received = time.Date(2026, 11, 25, 8, 30, 0, 0, time.UTC)

func ExampleParse() {
	// An element of EventSet: PullEvents lists the other payloads as null.
	raw := []byte(`{"EventHandle":"8309461290","EventType":"FileDeleted","FileUploadEvent":null,"FileDeleteEvent":{"FileIdSet":["5145403721233902989"]}}`)

	e, err := event.Parse(raw, event.Origin{Mode: event.Reliable, SubAppId: 1490012345, Received: received})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Type, e.Subject)
	fmt.Println("confirm", e.Handle)
	fmt.Println(string(e.AppendCloudEvent(nil)))
	// Output:
	// FileDeleted 5145403721233902989
	// confirm 8309461290
	// {"specversion":"1.0","id":"cbe4824e3ca0f73754249c083ab98ed7","source":"/tencentcloud/vod/1490012345","type":"com.tencent.cloud.vod.FileDeleted","subject":"5145403721233902989","time":"2026-11-25T08:30:00Z","datacontenttype":"application/json","vodmode":"reliable","data":{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5145403721233902989"]}}}
}

// A test of your own receiver posts a signed body.
func ExampleSign() {
	body := []byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]}}`)
	signed := event.Sign(body, "mykey", received.Add(10*time.Minute))
	fmt.Println(string(signed))

	e, err := event.Parse(signed, event.Origin{Mode: event.Normal, Received: received})
	fmt.Println(err, event.Verify([]string{"mykey"}, e.Sign, e.T, received))
	fmt.Println(event.Verify([]string{"mykey"}, e.Sign, e.T, received.Add(time.Hour)))
	// Output:
	// {"Sign":"7f9029475c6efa2687b8a95042152fed","T":1795596000,"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]}}
	// <nil> <nil>
	// event: callback's signature has expired
}
