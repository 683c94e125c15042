package sink_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/sink"
)

func ExampleOpen() {
	s, err := sink.Open("stdout:")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()

	body := `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5285890784246869930"]}}`
	e, err := event.Parse([]byte(body), event.Origin{
		Mode:     event.Normal,
		SubAppId: 1500000001,
		Received: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := errors.Join(s.Send(context.Background(), []*event.Event{e})...); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"specversion":"1.0","id":"d91db5571764093dd0d4bd1c2fc5b0b3","source":"/tencentcloud/vod/1500000001","type":"com.tencent.cloud.vod.FileDeleted","subject":"5285890784246869930","time":"2026-11-24T12:00:00Z","datacontenttype":"application/json","vodmode":"normal","data":{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5285890784246869930"]}}}
}

// An error never shows more of a URL than scheme and host.
func ExampleOpen_errors() {
	for _, u := range []string{
		"kafka://me:secret@broker:9092/events?acks=1",
		"amqp://me:secret@broker/events",
		"file:/no/such/folder/events.jsonl",
	} {
		_, err := sink.Open(u)
		fmt.Println(err)
	}
	// Output:
	// kafka://broker:9092: has a parameter that is none of sasl, tls, ca, cert, key, idempotent and compression
	// unknown scheme "amqp:"; there are stdout:, file:, http:, https:, kafka:, postgres:, postgresql:, mysql: and cos:
	// file: the folder of the path does not exist or is not a folder; make it first
}
