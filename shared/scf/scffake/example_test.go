package scffake_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"

	"vodevents/shared/scf/scffake"
)

// The stand-in lists the calls that it got, and shows what they made.
func Example() {
	s := scffake.New(scffake.Options{})
	defer s.Close()

	// A call without a signature is refused, as by the real API.
	r, err := http.NewRequest("POST", "https://scf.tencentcloudapi.com/", strings.NewReader(`{"FunctionName":"hello"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Header.Set("X-TC-Action", "GetFunction")
	r.Header.Set("X-TC-Version", "2018-04-16")
	r.Header.Set("X-TC-Region", "ap-guangzhou")
	a, err := (&http.Client{Transport: s.Transport()}).Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	a.Body.Close()

	for _, c := range s.Calls("") {
		fmt.Println(c.Action, c.Function, c.Code)
	}
	_, found := s.Function("ap-guangzhou", "hello")
	fmt.Println(found)
	// Output:
	// GetFunction hello MissingParameter
	// false
}

// A deployment with Tencent's own SDK: a function, and a URL that reaches it.
func Example_deployment() {
	s := scffake.New(scffake.Options{})
	defer s.Close()
	sdk := common.NewCommonClient(common.NewCredential(scffake.SecretId, scffake.SecretKey), "ap-guangzhou", profile.NewClientProfile()).
		WithHttpTransport(s.Transport())
	call := func(action string, params map[string]any) string {
		r := tchttp.NewCommonRequest("scf", "2018-04-16", action)
		if err := r.SetActionParameters(params); err != nil {
			return err.Error()
		}
		a := tchttp.NewCommonResponse()
		if err := sdk.Send(r, a); err != nil {
			return err.Error()
		}
		return string(a.GetBody())
	}

	// zipOfFunction holds an executable that echoes, as a zip in base64.
	call("CreateFunction", map[string]any{"FunctionName": "echo", "Runtime": "Go1", "Handler": "function",
		"MemorySize": 64, "Timeout": 30, "Code": map[string]any{"ZipFile": zipOfFunction()}})
	f, _ := s.Function("ap-guangzhou", "echo")
	fmt.Println(f.Status)
	s.FastForward(time.Minute)
	f, _ = s.Function("ap-guangzhou", "echo")
	fmt.Println(f.Status)

	call("CreateTrigger", map[string]any{"FunctionName": "echo", "TriggerName": "url-trigger", "Type": "http", "Qualifier": "$DEFAULT", "Enable": "OPEN",
		"TriggerDesc": `{"AuthType":"NONE","NetConfig":{"EnableIntranet":false,"EnableExtranet":true}}`})
	f, _ = s.Function("ap-guangzhou", "echo")
	var desc struct{ NetConfig struct{ ExtranetUrl string } }
	if err := json.Unmarshal([]byte(f.Triggers[0].TriggerDesc), &desc); err != nil {
		fmt.Println(err)
		return
	}
	a, err := (&http.Client{Transport: s.Transport()}).Post(desc.NetConfig.ExtranetUrl+"/hello", "text/plain", strings.NewReader("hello"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	fmt.Println(a.StatusCode, strings.Contains(string(text), `"path":"/hello"`), err)
	// Output:
	// Creating
	// Active
	// 202 true <nil>
}
