package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vodevents/shared/scf/scffake"
)

// A write whose answer is lost, or that the API asks to repeat, does not end a
// deployment.
func TestFaultsThatPass(t *testing.T) {
	t.Parallel()
	for _, kind := range []scffake.FaultKind{scffake.Lost, scffake.Drop, scffake.Limit} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, scffake.Options{}).small()
			for _, action := range []string{"CreateFunction", "CreateTrigger", "UpdateFunctionConfiguration", "GetFunction"} {
				c.Next(action, scffake.Fault{Kind: kind})
			}
			c.must(t, "-yes")
			c.env["LOG_LEVEL"] = "debug"
			c.must(t, "-yes")
			if out := c.must(t, "-dry-run"); !strings.Contains(out, "nothing to change") {
				t.Errorf("after the faults something is left to change:\n%s", out)
			}
		})
	}
}

// An account without CLS gets CreateFailed. The run says what to do, and the next
// one deletes the function and makes it again.
func TestAccountWithoutCLS(t *testing.T) {
	t.Parallel()
	c := newCloud(t, scffake.Options{}).small()
	c.Next("CreateFunction", scffake.Fault{Kind: scffake.Ends})
	c.refuse(t, "activate it at https://console.cloud.tencent.com/cls", "-yes")
	if out := c.must(t, "-yes"); !strings.Contains(out, "such a function can only be deleted") {
		t.Errorf("the second run says:\n%s", out)
	}
	c = newCloud(t, scffake.Options{CLS: scffake.CLSRefuses}).small()
	c.refuse(t, "activate CLS, the log service, once", "-yes")
}

// file writes serverless.yml with a change, and makes it the one of c.
func (c *cloud) file(t *testing.T, old, changed string) (flag string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "serverless.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Count(text, []byte(old)) != 1 {
		t.Fatalf("%q is not in serverless.yml exactly once", old)
	}
	path := filepath.Join(t.TempDir(), "serverless.yml")
	if err := os.WriteFile(path, bytes.Replace(text, []byte(old), []byte(changed), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	return "-file=" + path
}

const beforeTriggers = "\n  triggers:\n"

// SCF takes ten timers for a function, and so does a deployment.
func TestTenTimers(t *testing.T) {
	t.Parallel()
	c := newCloud(t, scffake.Options{}).small()
	more := beforeTriggers
	for _, name := range strings.Fields("a b c d e f g h i") {
		more += "    - {type: timer, function: pull, parameters: {name: " + name + ", cronExpression: '0 0 1 * * * *', enable: true}}\n"
	}
	flag := c.file(t, beforeTriggers, more)
	c.must(t, "-yes", flag)
	if f, _ := c.Function(region, pull); len(f.Triggers) != 10 {
		t.Errorf("there are %d timers", len(f.Triggers))
	}
	if out := c.must(t, "-dry-run", flag); strings.Count(out, "nothing to change") != 2 {
		t.Errorf("a second run would change something:\n%s", out)
	}
	c.must(t, "-yes") // removes the nine
	if f, _ := c.Function(region, pull); len(f.Triggers) != 1 || f.Retries != 0 || f.MsgTTL != 60 {
		t.Errorf("there are %d timers, %d retries and %d s", len(f.Triggers), f.Retries, f.MsgTTL)
	}
}

// If serverless.yml itself has a value, the functions get it. So the last lines show
// it, and it is masked.
func TestValuesInServerlessYml(t *testing.T) {
	t.Parallel()
	c := newCloud(t, scffake.Options{}).small()
	flag := c.file(t, "value: ${env:SINK}", "value: postgres://user:"+password+"@db.example.com/vod")
	if out := c.must(t, "-yes", flag); !strings.Contains(out, "events   go to postgres://db.example.com") {
		t.Errorf("the last lines are of another SINK:\n%s", out)
	}
}

// If two deployers run at once, one stops and says so. Nothing is left half done.
func TestTwoDeployers(t *testing.T) {
	t.Parallel()
	c := newCloud(t, scffake.Options{}).small()
	c.must(t, "-yes")
	c.env["LOG_LEVEL"] = "debug"
	stop := c.Control("UpdateFunctionConfiguration", func(call *scffake.Call) *scffake.Fault {
		if call.Function == pull && !strings.Contains(string(call.Body), "made by hand") {
			return &scffake.Fault{Kind: scffake.Fail, Code: "FailedOperation.OperationConflict"}
		}
		if call.Function == callback {
			c.describeByHand(func(err error) {
				if err != nil {
					t.Error(err)
				}
			})
		}
		return nil
	})
	c.refuse(t, "somebody else is deploying it", "-yes")
	stop()
	c.refuse(t, "this command did not make it", "-remove", "-yes")
	if n := len(c.Functions()); n != 2 {
		t.Errorf("%d functions are left", n)
	}
}

// Keys without the right to see and change retries can still deploy.
func TestNoRightToRetries(t *testing.T) {
	t.Parallel()
	c := newCloud(t, scffake.Options{}).small()
	denied := func(*scffake.Call) *scffake.Fault {
		return &scffake.Fault{Kind: scffake.Fail, Code: "UnauthorizedOperation.CAM"}
	}
	c.Control("UpdateFunctionEventInvokeConfig", denied)
	c.Control("GetFunctionEventInvokeConfig", denied)
	if out := c.must(t, "-yes"); !strings.Contains(out, "They stay as they are") {
		t.Errorf("it says:\n%s", out)
	}
	if out := c.must(t, "-yes"); !strings.Contains(out, "Nothing to change") || !strings.Contains(out, "may not see how") {
		t.Errorf("a second run says:\n%s", out)
	}
}
