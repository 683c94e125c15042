package scffake_test

import (
	"strings"
	"testing"
	"time"

	"vodevents/shared/scf/scffake"
)

// A function may refuse writes for some time after it became Active.
func TestSettle(t *testing.T) {
	t.Parallel()
	s, c := run(t, scffake.Options{Alternatives: scffake.Alternatives{Settle: 2 * busy}})
	c.create("fn", someZip(t))
	c.must("GetFunction", members{"FunctionName": "fn"})
	c.want("FailedOperation.CreateTrigger", "CreateTrigger", httpTrigger("fn", nil))
	s.FastForward(4 * busy)
	c.must("CreateTrigger", httpTrigger("fn", nil))
}

// PublicNetConfig may be null for a function that was never given one.
func TestNullMembers(t *testing.T) {
	t.Parallel()
	for _, null := range []bool{false, true} {
		_, c := run(t, scffake.Options{Alternatives: scffake.Alternatives{NullMembers: null}})
		c.create("fn", someZip(t))
		if got := c.must("GetFunction", members{"FunctionName": "fn"})["PublicNetConfig"]; (got == nil) != null {
			t.Errorf("null %v: %v", null, got)
		}
	}
}

// A Description may hold any character if the alternative says so.
func TestAnyDescription(t *testing.T) {
	t.Parallel()
	_, c := run(t, scffake.Options{Alternatives: scffake.Alternatives{AnyDescription: true}})
	p := someZip(t)
	p["Description"] = "code: a/b"
	c.create("fn", p)
}

// A stand-in that listens can still give out URLs of the documented form.
func TestPublicURLs(t *testing.T) {
	t.Parallel()
	s := scffake.RunT(t, scffake.Options{Alternatives: scffake.Alternatives{PublicURLs: true}})
	c := newClient(t, s)
	c.create("fn", someZip(t))
	c.must("CreateTrigger", httpTrigger("fn", nil))
	if got := c.address("fn"); !strings.HasPrefix(got, "https://"+scffake.AppId+"-") {
		t.Error(got)
	}
}

// An asynchronous invocation is answered at once; GetRequestStatus tells its end
// (583/65348).
func TestGetRequestStatus(t *testing.T) {
	t.Parallel()
	_, c := run(t, scffake.Options{Rate: -1})
	c.create("tick", members{"Environment": variables("TRIGGER", "timer")})
	for event, want := range map[string]float64{`{}`: 0, `{"Message":"error"}`: -1} {
		id := c.must("Invoke", members{"FunctionName": "tick", "InvocationType": "Event", "ClientContext": event})["Result"].(map[string]any)["FunctionRequestId"]
		for end := time.Now().Add(time.Minute); ; {
			data := c.must("GetRequestStatus", members{"FunctionName": "tick", "FunctionRequestId": id})["Data"].([]any)
			code := data[0].(map[string]any)["RetCode"]
			if code == want {
				break
			}
			if code != 1.0 || time.Now().After(end) {
				t.Fatalf("%s: RetCode %v, want %v", event, code, want)
			}
			time.Sleep(time.Millisecond) // nothing tells that the run is over
		}
	}
}
