package scffake_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	sdkerrors "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/errors"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"

	"vodevents/shared/scf/scffake"
)

const region = "ap-guangzhou"

// The executable that deployed functions run, and a script that runs it. Zips have the
// script, because packing and sending MBs takes seconds; one test uses the binary.
var binary, script []byte

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "scffake")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "function")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "../testdata/function")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		log.Printf("building the function: %v\n%s", err, out)
		return 1
	}
	if binary, err = os.ReadFile(path); err != nil {
		log.Print(err)
		return 1
	}
	script = []byte("#!/bin/sh\nexec '" + path + "'\n")
	return m.Run()
}

// zipped packs files, each of this mode and with its name as its text unless it
// is "function", which is the script, or "binary".
func zipped(t testing.TB, mode os.FileMode, names ...string) []byte {
	t.Helper()
	text, err := pack(mode, names...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// zipOfFunction returns the zip of the function, in base64.
func zipOfFunction() string {
	text, err := pack(0o755, "function")
	if err != nil {
		panic(err)
	}
	return inBase64(text)
}

func pack(mode os.FileMode, names ...string) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		h.SetMode(mode)
		w, err := z.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		text := []byte(name)
		switch name {
		case "function":
			text = script
		case "binary":
			text = binary
		}
		if _, err := w.Write(text); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func inBase64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

type members = map[string]any

// client calls a stand-in with Tencent's own SDK.
type client struct {
	t        testing.TB
	s        *scffake.Server
	scf, cam *common.Client
}

func newClient(t testing.TB, s *scffake.Server) client {
	sdk := func(region string) *common.Client {
		p := profile.NewClientProfile()
		p.HttpProfile.Endpoint = "scf.example.com"
		p.HttpProfile.Scheme = "HTTP"
		p.HttpProfile.ReqTimeout = 60
		p.DisableRegionBreaker = true
		c := common.NewCommonClient(common.NewTokenCredential(scffake.SecretId, scffake.SecretKey, ""), region, p)
		if s.URL != "" {
			p.HttpProfile.Endpoint = strings.TrimPrefix(s.URL, "http://")
			own := &http.Transport{}
			t.Cleanup(own.CloseIdleConnections)
			return c.WithHttpTransport(own)
		}
		return c.WithHttpTransport(s.Transport())
	}
	return client{t, s, sdk(region), sdk("")}
}

// run serves a stand-in in this process.
func run(t testing.TB, o scffake.Options) (*scffake.Server, client) {
	o.StateTime = busy // no state ends by itself on a slow machine
	s := scffake.New(o)
	t.Cleanup(s.Close)
	return s, newClient(t, s)
}

type answer struct {
	*tchttp.BaseResponse
	Response json.RawMessage
}

// call makes one call and returns the answer, or the code of the error.
func (c client) call(action string, p members) (a map[string]any, code string) {
	c.t.Helper()
	sdk, service, version := c.scf, "scf", "2018-04-16"
	if strings.Contains(action, "Role") || strings.Contains(action, "Polic") || action == "GetUserAppId" {
		sdk, service, version = c.cam, "cam", "2019-01-16"
	}
	r := tchttp.NewCommonRequest(service, version, action)
	r.SetContext(context.Background())
	if err := r.SetActionParameters(p); err != nil {
		c.t.Fatal(err)
	}
	got := &answer{BaseResponse: &tchttp.BaseResponse{}}
	if err := sdk.Send(r, got); err != nil {
		if e, ok := errors.AsType[*sdkerrors.TencentCloudSDKError](err); ok && !strings.HasPrefix(e.Code, "ClientError") {
			return nil, e.Code
		}
		return nil, "network"
	}
	if err := json.Unmarshal(got.Response, &a); err != nil {
		c.t.Fatalf("%s: %v: %s", action, err, got.Response)
	}
	return a, ""
}

// must makes a call that succeeds.
func (c client) must(action string, p members) map[string]any {
	c.t.Helper()
	a, code := c.call(action, p)
	if code != "" {
		c.t.Fatalf("%s: %s", action, code)
	}
	return a
}

// want makes a call that is answered an error of this code, or none for "".
func (c client) want(code, action string, p members) {
	c.t.Helper()
	if _, got := c.call(action, p); got != code {
		c.t.Errorf("%s: %q, want %q", action, got, code)
	}
}

// function returns a request for a new function that works, with changes: a member
// that is nil is left out.
func function(t testing.TB, name string, changes members) members {
	p := members{
		"FunctionName": name, "Runtime": "Go1", "Handler": "function", "MemorySize": 64, "Timeout": 30,
		"Role": "SCF_ExecuteRole",
	}
	if _, given := changes["Code"]; !given {
		p["Code"] = members{"ZipFile": inBase64(zipped(t, 0o755, "function"))}
	}
	for k, v := range changes {
		if p[k] = v; v == nil {
			delete(p, k)
		}
	}
	return p
}

// create makes a function and brings it to Active.
func (c client) create(name string, changes members) {
	c.t.Helper()
	c.must("CreateFunction", function(c.t, name, changes))
	c.until(name, scffake.Active)
}

// until moves the clock until a function is in a state; "" means that it is gone.
func (c client) until(name string, want scffake.Status) {
	c.t.Helper()
	c.s.FastForward(busy)
	f, _ := c.s.Function(region, name)
	if f.Status != want {
		c.t.Fatalf("%s is %q, want %q", name, f.Status, want)
	}
}

const busy = time.Hour // Options.StateTime

func variables(kv ...string) members {
	list := []members{}
	for i := 0; i < len(kv); i += 2 {
		list = append(list, members{"Key": kv[i], "Value": kv[i+1]})
	}
	return members{"Variables": list}
}

func httpTrigger(name string, changes members) members {
	p := members{"FunctionName": name, "Type": "http", "TriggerName": "url-trigger", "Qualifier": "$DEFAULT", "Enable": "OPEN",
		"TriggerDesc": `{"AuthType":"NONE","NetConfig":{"EnableIntranet":false,"EnableExtranet":true}}`}
	for k, v := range changes {
		if p[k] = v; v == nil {
			delete(p, k)
		}
	}
	return p
}

func timerTrigger(name string, changes members) members {
	p := members{"FunctionName": name, "Type": "timer", "TriggerName": "tick", "Qualifier": "$DEFAULT", "Enable": "OPEN",
		"TriggerDesc": "0 * * * * * *", "CustomArgument": "an argument"}
	for k, v := range changes {
		if p[k] = v; v == nil {
			delete(p, k)
		}
	}
	return p
}

// trigger returns one trigger of ListTriggers, and its description.
func (c client) trigger(function, name string) (t, desc map[string]any) {
	c.t.Helper()
	for _, x := range c.must("ListTriggers", members{"FunctionName": function})["Triggers"].([]any) {
		if t := x.(map[string]any); t["TriggerName"] == name {
			json.Unmarshal([]byte(t["TriggerDesc"].(string)), &desc)
			return t, desc
		}
	}
	c.t.Fatalf("%s has no trigger %s", function, name)
	return nil, nil
}

// address returns the function URL.
func (c client) address(function string) string {
	c.t.Helper()
	_, desc := c.trigger(function, "url-trigger")
	return fmt.Sprint(desc["NetConfig"].(map[string]any)["ExtranetUrl"])
}
