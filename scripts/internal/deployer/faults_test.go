package main

import (
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
// one deletes the function and makes it anew.
func TestAccountWithoutCLS(t *testing.T) {
	t.Parallel()
	c := newCloud(t, scffake.Options{}).small()
	c.Next("CreateFunction", scffake.Fault{Kind: scffake.Ends})
	c.refuse(t, "open it at https://console.cloud.tencent.com/cls", "-yes")
	if out := c.must(t, "-yes"); !strings.Contains(out, "such a function can only be deleted") {
		t.Errorf("the second run says:\n%s", out)
	}
	c = newCloud(t, scffake.Options{CLS: scffake.CLSRefuses}).small()
	c.refuse(t, "open CLS, the log service, once", "-yes")
}
