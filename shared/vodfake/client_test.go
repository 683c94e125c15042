package vodfake_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	sdkerrors "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/errors"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"

	"vodevents/shared/vodfake"
)

// client calls a stand-in with Tencent's own SDK: over HTTP if the stand-in
// listens, otherwise in-process.
type client struct {
	t   testing.TB
	sdk *common.Client
	rt  http.RoundTripper
}

var rightKeys = vodfake.Credential{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey}

func newClient(t testing.TB, s *vodfake.Server, k vodfake.Credential) client {
	p := profile.NewClientProfile()
	p.HttpProfile.Endpoint = "vod.example.com"
	p.HttpProfile.Scheme = "HTTP"
	p.HttpProfile.ReqTimeout = 10
	p.DisableRegionBreaker = true
	var rt http.RoundTripper = s.Transport()
	if s.URL != "" {
		p.HttpProfile.Endpoint = strings.TrimPrefix(s.URL, "http://")
		own := &http.Transport{}
		t.Cleanup(own.CloseIdleConnections)
		rt = own
	}
	sdk := common.NewCommonClient(common.NewTokenCredential(k.SecretId, k.SecretKey, k.Token), "", p)
	sdk.WithHttpTransport(rt)
	return client{t, sdk, rt}
}

type members = map[string]any

type answer struct {
	*tchttp.BaseResponse
	Response struct {
		EventSet            []json.RawMessage
		CountOfEventsToPull int
		TaskId              string
		vodfake.EventConfig
	}
}

func (c client) send(ctx context.Context, action string, p members) (*answer, error) {
	r := tchttp.NewCommonRequest("vod", "2018-07-17", action)
	r.SetContext(ctx)
	if err := r.SetActionParameters(map[string]any(p)); err != nil {
		c.t.Fatal(err)
	}
	a := &answer{BaseResponse: &tchttp.BaseResponse{}}
	err := c.sdk.Send(r, a)
	return a, err
}

// pull gives the events of one PullEvents call, none when the queue is empty.
func (c client) pull(app uint64) []json.RawMessage {
	c.t.Helper()
	a, err := c.send(context.Background(), "PullEvents", members{"SubAppId": app})
	if code(err) == "ResourceNotFound" {
		return nil
	}
	if err != nil {
		c.t.Fatalf("PullEvents: %v", err)
	}
	return a.Response.EventSet
}

// confirm gives the error code of one ConfirmEvents call.
func (c client) confirm(app uint64, handles ...string) string {
	_, err := c.send(context.Background(), "ConfirmEvents", members{"SubAppId": app, "EventHandles": handles})
	return code(err)
}

// code returns the API's error code: "" if there is no error, "network" if there
// was no answer.
func code(err error) string {
	var e *sdkerrors.TencentCloudSDKError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e) && !strings.HasPrefix(e.Code, "ClientError"):
		return e.Code
	default:
		return "network"
	}
}

func handles(events []json.RawMessage) (list []string) {
	for _, e := range events {
		var h struct{ EventHandle string }
		json.Unmarshal(e, &h)
		list = append(list, h.EventHandle)
	}
	return list
}
