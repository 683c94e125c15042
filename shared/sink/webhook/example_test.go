package webhook_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/sink/webhook"
)

// A receiver checks the signature, keeps the event, and then answers 2xx. This
// one does without a library; a real one also refuses an old webhook-timestamp.
func Example() {
	key, _ := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		id := r.Header.Get("webhook-id")
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.%s", id, r.Header.Get("webhook-timestamp"), body)
		want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		signed := false
		for _, signature := range strings.Fields(r.Header.Get("webhook-signature")) {
			signed = signed || hmac.Equal([]byte(signature), []byte(want))
		}
		if !signed {
			http.Error(w, "wrong signature", http.StatusUnauthorized)
			return
		}
		fmt.Println(r.Header.Get("content-type"), id)
		fmt.Printf("%s\n", body)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer receiver.Close()

	u, err := url.Parse(receiver.URL + "/vod?secret=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		fmt.Println(err)
		return
	}
	sink, err := webhook.Open(u)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sink.Close()
	e, err := event.Parse([]byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5285890784246869930"]}}`),
		event.Origin{Mode: event.Reliable, Received: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sink.Send(context.Background(), []*event.Event{e})[0])
	// Output:
	// application/cloudevents+json d91db5571764093dd0d4bd1c2fc5b0b3
	// {"specversion":"1.0","id":"d91db5571764093dd0d4bd1c2fc5b0b3","source":"/tencentcloud/vod","type":"com.tencent.cloud.vod.FileDeleted","subject":"5285890784246869930","time":"2026-11-24T12:00:00Z","datacontenttype":"application/json","vodmode":"reliable","data":{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5285890784246869930"]}}}
	// <nil>
}
