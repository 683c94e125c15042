package vodfake_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vodevents/shared/credentials"
	"vodevents/shared/event"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

// A video is uploaded, and its event pulled and confirmed.
func Example() {
	s := vodfake.New(vodfake.Options{EventConfig: vodfake.EventConfig{
		Mode:                           vodfake.Pull,
		UploadMediaCompleteEventSwitch: "ON",
	}})
	defer s.Close()
	client, err := vod.New(vod.Options{
		Credentials: credentials.Credentials{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey},
		Transport:   s.Transport(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	const app = 1490012345
	ctx := context.Background()

	id := s.Upload(app, vodfake.Upload{Name: "holiday.mp4"})
	s.FastForward(5 * time.Second) // an upload takes its time

	set, err := client.PullEvents(ctx, app)
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := event.ParseScanned(set[0], event.Origin{Mode: event.Reliable, SubAppId: app})
	fmt.Println(e.Type, e.Subject == id, err)
	fmt.Println("confirmed:", client.ConfirmEvents(ctx, app, []string{e.Handle}))
	fmt.Println("pending:", s.Pending(app))
	// Output:
	// NewFileUpload true <nil>
	// confirmed: <nil>
	// pending: 0
}

// An event that is not confirmed comes back after 30 s.
func ExampleServer_FastForward() {
	s := vodfake.New(vodfake.Options{})
	defer s.Close()
	client, err := vod.New(vod.Options{
		Credentials: credentials.Credentials{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey},
		Transport:   s.Transport(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	id := s.Queue(0, []byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5285890784273533167"]}}`))

	first, _ := client.PullEvents(ctx, 0)
	s.FastForward(30 * time.Second)
	again, _ := client.PullEvents(ctx, 0)
	fmt.Println(len(first), len(again))

	old, _ := event.ParseScanned(first[0], event.Origin{})
	fmt.Println(errors.Is(client.ConfirmEvents(ctx, 0, []string{old.Handle}), vod.ErrBadHandle))

	e, _ := s.Event(id)
	fmt.Println(e.State, len(e.Deliveries))
	// Output:
	// 1 1
	// true
	// pulled 2
}

// The next PullEvents call is refused, the one after it is answered.
func ExampleServer_Next() {
	s := vodfake.New(vodfake.Options{})
	defer s.Close()
	client, err := vod.New(vod.Options{
		Credentials: credentials.Credentials{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey},
		Transport:   s.Transport(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	s.Queue(0, []byte(`{"EventType":"New kind","AnyEvent":{"Id":12345678901234567890}}`))
	s.Next("PullEvents", vodfake.Fault{Kind: vodfake.Limit})

	_, err = client.PullEvents(context.Background(), 0)
	fmt.Println(errors.Is(err, vod.ErrRateLimited))
	set, err := client.PullEvents(context.Background(), 0)
	fmt.Println(len(set), err)
	// Output:
	// true
	// 1 <nil>
}

func ExampleMake() {
	body, err := vodfake.Make(1, time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC), "WechatMiniProgramPublishComplete",
		map[string]any{"TaskId": "mine", "PublishResult": "Rejected"})
	fmt.Println(string(body), err)
	// Output:
	// {"EventType":"WechatMiniProgramPublishComplete","WechatMiniProgramPublishCompleteEvent":{"TaskId":"mine","Status":"FINISH","ErrCode":0,"Message":"SUCCESS","FileId":"5592485289948275149","SourceDefinition":10,"PublishResult":"Rejected"}} <nil>
}
