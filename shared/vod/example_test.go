package vod_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"vodevents/shared/credentials"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

// Pull, use, confirm.
func Example() {
	// The stand-in for VOD. For the real one, use vod.NewTransport and
	// credentials.Find.
	server := vodfake.New(vodfake.Options{})
	defer server.Close()
	server.Queue(1490012345, []byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5145403721233902989"]}}`))

	client, err := vod.New(vod.Options{
		Credentials: credentials.Credentials{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey},
		Transport:   server.Transport(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	events, err := client.PullEvents(ctx, 1490012345)
	switch {
	case errors.Is(err, vod.ErrEmpty):
		fmt.Println("nothing happened")
		return
	case err != nil:
		fmt.Println(err)
		return
	}
	var handles []string
	for _, element := range events {
		var e struct{ EventHandle, EventType string } // package event knows them all
		if err := json.Unmarshal(element.Bytes, &e); err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println("pulled", e.EventType)
		handles = append(handles, e.EventHandle)
	}
	if err := client.ConfirmEvents(ctx, 1490012345, handles); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("confirmed", len(handles))
	// Output:
	// pulled FileDeleted
	// confirmed 1
}

// What a refused call says.
func ExampleError() {
	server := vodfake.New(vodfake.Options{})
	defer server.Close()
	client, err := vod.New(vod.Options{
		Credentials: credentials.Credentials{SecretId: vodfake.SecretId, SecretKey: "mistyped", Source: "VOD_SECRET_ID and VOD_SECRET_KEY"},
		Transport:   server.Transport(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.PullEvents(context.Background(), 1490012345)
	var refused *vod.Error
	fmt.Println(errors.Is(err, vod.ErrAuth), errors.As(err, &refused))
	refused.RequestId = "" // it differs from call to call
	fmt.Println(refused)
	// Output:
	// true true
	// vod: PullEvents: AuthFailure.SignatureFailure: The provided credentials could not be validated; check the keys from VOD_SECRET_ID and VOD_SECRET_KEY: mistyped, disabled or deleted keys are refused
}
