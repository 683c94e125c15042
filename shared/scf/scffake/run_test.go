package scffake_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"vodevents/shared/scf/scffake"
)

// post posts a body to a function URL.
func post(t testing.TB, c *http.Client, url, body string) (status int, text string) {
	t.Helper()
	resp, err := c.Post(url, "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// A function URL makes the event of a request, on 127.0.0.1 and in this process.
func TestFunctionURL(t *testing.T) {
	t.Parallel()
	listening := scffake.RunT(t)
	inside, _ := run(t, scffake.Options{})
	for name, s := range map[string]*scffake.Server{"127.0.0.1": listening, "in this process": inside} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, s)
			p := members{"Environment": variables("VAR", "hello")}
			if s == inside { // once the executable itself
				p["Code"], p["Handler"] = members{"ZipFile": inBase64(zipped(t, 0o755, "binary"))}, "binary"
			}
			c.create("web", p)
			c.must("CreateTrigger", httpTrigger("web", nil))
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			address := c.address("web")
			if s == inside {
				client.Transport = s.Transport()
				if !strings.HasPrefix(address, "https://"+scffake.AppId+"-") || !strings.HasSuffix(address, "."+region+".tencentscf.com") {
					t.Errorf("URL %s", address)
				}
			}
			status, text := post(t, client, address+"/some/path?a=b", "the body")
			var echo struct {
				Method, Path, Var string
				Query             map[string][]string
				Body              []byte
			}
			if err := json.Unmarshal([]byte(text), &echo); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			if status != 202 || echo.Method != "POST" || echo.Path != "/some/path" || echo.Query["a"][0] != "b" || string(echo.Body) != "the body" || echo.Var != "hello" {
				t.Errorf("%d %s", status, text)
			}

			c.must("UpdateTrigger", httpTrigger("web", members{"Enable": "CLOSE"}))
			if status, text := post(t, client, address, ""); status != http.StatusNotFound {
				t.Errorf("closed: %d %s", status, text)
			}
		})
	}
}

// FireTimer gives the function the trigger's argument.
func TestFireTimer(t *testing.T) {
	t.Parallel()
	s, c := run(t, scffake.Options{})
	c.create("tick", members{"Environment": variables("TRIGGER", "timer")})
	c.must("CreateTrigger", timerTrigger("tick", nil))
	text, err := s.FireTimer(region, "tick", "tick")
	var result struct {
		Timer struct{ Type, TriggerName, Message string }
	}
	if err != nil || json.Unmarshal(text, &result) != nil || result.Timer.Type != "Timer" || result.Timer.TriggerName != "tick" || result.Timer.Message != "an argument" {
		t.Errorf("%v: %s", err, text)
	}
	c.must("UpdateTrigger", timerTrigger("tick", members{"CustomArgument": "error"}))
	if _, err := s.FireTimer(region, "tick", "tick"); err == nil {
		t.Error("a failed run has no error")
	}
	c.must("UpdateTrigger", timerTrigger("tick", members{"Enable": "CLOSE"}))
	if _, err := s.FireTimer(region, "tick", "tick"); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("a closed timer: %v", err)
	}
}

// Invoke answers the result, and tells a failed function by ErrMsg (583/17243).
func TestInvoke(t *testing.T) {
	t.Parallel()
	_, c := run(t, scffake.Options{})
	c.create("tick", members{"Environment": variables("TRIGGER", "timer")})
	c.create("locked", members{"Code": members{"ZipFile": inBase64(zipped(t, 0o644, "function"))}})
	c.create("elsewhere", members{"Handler": "main"})
	for _, x := range []struct{ function, event, message, failure string }{
		{"tick", `{"Message":"by hand"}`, "by hand", ""},
		{"tick", `{"Message":"error"}`, "", "on purpose"},
		{"locked", `{}`, "", "exec bit"},
		{"elsewhere", `{}`, "", "no file"},
	} {
		r := c.must("Invoke", members{"FunctionName": x.function, "ClientContext": x.event})["Result"].(map[string]any)
		if !strings.Contains(r["RetMsg"].(string), x.message) || !strings.Contains(r["ErrMsg"].(string), x.failure) || (r["ErrMsg"] == "") != (x.failure == "") {
			t.Errorf("%s %s: %v", x.function, x.event, r)
		}
	}
	c.want("ResourceNotFound.Function", "Invoke", members{"FunctionName": "none"})
	c.want("InvalidParameter.Payload", "Invoke", members{"FunctionName": "tick", "InvocationType": "Event", "ClientContext": `"` + strings.Repeat("x", scffake.MaxAsyncEvent) + `"`})
}

// A change of the environment reaches the next event, unless instances are kept.
func TestNewEnvironment(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		s, c := run(t, scffake.Options{Alternatives: scffake.Alternatives{KeepInstances: keep}})
		c.create("web", members{"Environment": variables("VAR", "old")})
		c.must("CreateTrigger", httpTrigger("web", nil))
		client, address := &http.Client{Transport: s.Transport()}, c.address("web")
		post(t, client, address, "")
		c.must("UpdateFunctionConfiguration", members{"FunctionName": "web", "Environment": variables("VAR", "new")})
		if _, text := post(t, client, address, ""); !strings.Contains(text, `"var":"old"`) {
			t.Errorf("keep %v: while it is updated: %s", keep, text)
		}
		c.until("web", scffake.Active)
		want := `"var":"new"`
		if keep {
			want = `"var":"old"`
		}
		if _, text := post(t, client, address, ""); !strings.Contains(text, want) {
			t.Errorf("keep %v: %s", keep, text)
		}
	}
}
