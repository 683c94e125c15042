// Command naive is the loop that people write: pull, handle, confirm, one after
// the other, with the SDK's common client as its README shows it. scripts/bench
// compares the function pull with it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	sdkerrors "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/errors"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"

	"vodevents/shared/scf"
)

type pullResponse struct {
	*tchttp.BaseResponse
	Response struct{ EventSet []json.RawMessage }
}

type confirmResponse struct{ *tchttp.BaseResponse }

func main() {
	scf.Main(scf.OnTimer(func(context.Context, scf.Timer) (any, error) { return drain() }), nil)
}

func drain() (map[string]int, error) {
	p := profile.NewClientProfile()
	scheme, host, _ := strings.Cut(os.Getenv("VOD_ENDPOINT"), "://")
	p.HttpProfile.Scheme, p.HttpProfile.Endpoint = scheme, host
	client := common.NewCommonClient(common.NewCredential(os.Getenv("VOD_SECRET_ID"), os.Getenv("VOD_SECRET_KEY")), "", p)

	confirmed := 0
	for {
		pull := tchttp.NewCommonRequest("vod", "2018-07-17", "PullEvents")
		pulled := &pullResponse{BaseResponse: &tchttp.BaseResponse{}}
		err := client.Send(pull, pulled)
		var sdk *sdkerrors.TencentCloudSDKError
		if errors.As(err, &sdk) && sdk.Code == "ResourceNotFound" {
			return map[string]int{"confirmed": confirmed}, nil
		}
		if err != nil {
			return nil, err
		}
		var handles []string
		for _, raw := range pulled.Response.EventSet {
			var e struct{ EventHandle, EventType string }
			if err := json.Unmarshal(raw, &e); err != nil {
				return nil, err
			}
			line, err := json.Marshal(map[string]any{"type": e.EventType, "data": raw})
			if err != nil {
				return nil, err
			}
			fmt.Println(string(line))
			handles = append(handles, e.EventHandle)
		}
		confirm := tchttp.NewCommonRequest("vod", "2018-07-17", "ConfirmEvents")
		if err := confirm.SetActionParameters(map[string]any{"EventHandles": handles}); err != nil {
			return nil, err
		}
		if err := client.Send(confirm, &confirmResponse{&tchttp.BaseResponse{}}); err != nil {
			return nil, err
		}
		confirmed += len(handles)
	}
}
