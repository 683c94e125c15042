package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/longtest"
	"vodevents/shared/scf/scffake"
)

// state returns what a deployment leaves in the cloud, without the URL, which differs
// each time.
func (c *cloud) state(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	for _, f := range c.Functions() {
		fmt.Fprintf(&b, "%s %s %s %s %d MB %d s role %s vpc %v sha256 %s\n  %s\n  %d retries, %d s\n", f.Name, f.Status, f.Runtime, f.Handler, f.MemorySize, f.Timeout, f.Role, f.VpcConfig, f.SHA256, f.Description, f.Retries, f.MsgTTL)
		var lines []string
		for _, v := range f.Environment.Variables {
			lines = append(lines, "  variable "+v.Key+"="+v.Value)
		}
		for _, tr := range f.Triggers {
			lines = append(lines, fmt.Sprintf("  trigger %s %s %v", tr.Type, tr.TriggerName, tr.Enable))
		}
		slices.Sort(lines)
		b.WriteString(strings.Join(lines, "\n") + "\n")
	}
	return b.String()
}

// post sends a signed callback to the URL that a deployment printed.
func (c *cloud) post(t testing.TB, output, body string) {
	t.Helper()
	_, rest, _ := strings.Cut(output, "\nURL      ")
	url, _, _ := strings.Cut(rest, "\n")
	signed := event.Sign([]byte(body), signKey, time.Now().Add(time.Minute))
	resp, err := http.Post(url, "application/json", bytes.NewReader(signed))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("a callback to %q is answered %d", url, resp.StatusCode)
	}
}

// delivered tells whether the SINK has an event about a FileId.
func (c *cloud) delivered(t testing.TB, fileId string) bool {
	t.Helper()
	text, err := os.ReadFile(strings.TrimPrefix(c.env["SINK"], "file:"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Contains(string(text), fileId)
}

// The functions themselves are packed and sent, and they run. Packing and unpacking
// takes 15 s of a core, so quick tests leave it to TestBuild of scripts, which runs
// what the zip holds.
func TestExecutablesAreSentWhole(t *testing.T) {
	longtest.Only(t)
	t.Parallel()
	c := newCloud(t, scffake.Options{}).whole()
	c.post(t, c.must(t, "-yes"), `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5285890784273533100"}}`)
	if !c.delivered(t, "5285890784273533100") {
		t.Error("the callback did not come out of the deployed function")
	}
}

// A first deployment delivers events through the functions. Then come a run that
// changes nothing, another variable, and the removal.
func TestLifeOfADeployment(t *testing.T) {
	t.Parallel()
	c := newCloud(t, scffake.Options{URLPolls: 2})
	out := c.must(t, "-yes", "-configure")

	c.post(t, out, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5285890784273533101"}}`)
	if !c.delivered(t, "5285890784273533101") {
		t.Errorf("the callback did not come out of the deployed function:\n%s", out)
	}
	c.vod.Queue(0, []byte(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5285890784273533102"}}`))
	if result, err := c.FireTimer(region, pull, "pull"); err != nil || !c.delivered(t, "5285890784273533102") {
		t.Errorf("the timer's run gave %s, %v, and the event did not come out", result, err)
	}
	if config := c.vod.EventConfig(0); !strings.Contains(out, config.NotificationUrl) || config.NotificationUrl == "" || config.SignKey != signKey {
		t.Errorf("-configure left VOD with the URL %q", config.NotificationUrl)
	}

	before, writes := c.state(t), len(c.writes())
	out = c.must(t, "-yes")
	if !strings.Contains(out, "Nothing to change") || len(c.writes()) != writes || c.state(t) != before {
		t.Errorf("a second run must change nothing and say so; it called %v:\n%s", c.writes()[writes:], out)
	}

	c.env["PULL_RATE"] = "50"
	out = c.must(t, "-yes")
	if got := c.writes()[writes:]; !slices.Equal(got, []string{"UpdateFunctionConfiguration", "UpdateFunctionConfiguration"}) || !strings.Contains(out, "+ variable   PULL_RATE 50") {
		t.Errorf("a new variable took %v:\n%s", got, out)
	}
	if f, _ := c.Function(region, pull); !slices.ContainsFunc(f.Environment.Variables, func(v scffake.Variable) bool { return v.Key == "PULL_RATE" && v.Value == "50" }) {
		t.Errorf("the function has %v", f.Environment)
	}

	c.refuse(t, "VOD still sends its callbacks to this URL", "-remove", "-yes")
	c.must(t, "-remove", "-yes", "-force")
	if rest := c.Functions(); len(rest) != 0 {
		t.Errorf("after -remove there are %v", rest)
	}
	if out := c.must(t, "-remove", "-yes"); !strings.Contains(out, "Nothing to remove") {
		t.Errorf("a second -remove says:\n%s", out)
	}
}

// killPoints returns after how many of a run's calls to kill it: after each, or in
// quick tests after four of the writes.
func killPoints(calls []scffake.Call) (points []int) {
	for n := range calls {
		if longtest.On() || n > 0 && calls[n-1].Writes() {
			points = append(points, n)
		}
	}
	if every := (len(points) + 3) / 4; !longtest.On() {
		points = slices.Collect(func(yield func(int) bool) {
			for i := 0; i < len(points) && yield(points[i]); i += every {
			}
		})
	}
	return points
}

// If a deployer is killed after any of its calls, the next run completes the
// deployment, always with the same result. With OtherHash it has the most calls.
func TestKilledAfterEachCall(t *testing.T) {
	t.Parallel()
	o := scffake.Options{Alternatives: scffake.Alternatives{OtherHash: true}}
	whole := newCloud(t, o).small()
	whole.must(t, "-yes")
	want, calls := whole.state(t), whole.Calls("")
	c := newCloud(t, o).small()
	c.env["SINK"], c.env["VOD_ENDPOINT"] = whole.env["SINK"], whole.env["VOD_ENDPOINT"]
	for _, n := range killPoints(calls) {
		c.killAfter(t, n)
		if out := c.must(t, "-yes"); c.state(t) != want {
			t.Errorf("killed after %d calls and run again, it ends with\n%s\nwant\n%s\nand said\n%s", n, c.state(t), want, out)
		}
		c.must(t, "-remove", "-yes", "-force")
	}
}

// killAfter runs the deployer and kills it, the process, after n calls.
func (c *cloud) killAfter(t *testing.T, n int) {
	t.Helper()
	cmd := c.command(t, "-yes")
	started := make(chan struct{})
	c.StopAfter(n, func() {
		<-started
		cmd.Process.Kill() // an error means that it ended before
	})
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	cmd.Wait() // killed
	c.Resume()
	c.checkSecrets(t, out.String())
}

// If an update is killed after any of its calls, the next run completes it.
func TestUpdateKilledAfterEachCall(t *testing.T) {
	t.Parallel()
	c := newCloud(t, scffake.Options{}).small()
	old := c.env["SINK"]
	c.must(t, "-yes")
	first := c.state(t)
	c.env["SINK"] = "file:" + filepath.Join(t.TempDir(), "other.jsonl")
	before := len(c.Calls(""))
	c.must(t, "-yes")
	second, calls := c.state(t), c.Calls("")[before:]
	sinks := [2]string{old, c.env["SINK"]}
	want := [2]string{first, second}
	for i, n := range killPoints(calls) {
		c.env["SINK"] = sinks[i%2]
		c.killAfter(t, n)
		if out := c.must(t, "-yes"); c.state(t) != want[i%2] {
			t.Errorf("killed after %d calls and run again, it ends with\n%s\nwant\n%s\nand said\n%s", n, c.state(t), want[i%2], out)
		}
	}
}

// Where the documents are silent, the deployer gets the same result both ways. Quick
// tests make an update only with the alternatives that it meets.
func TestBothWaysOfTheUnknown(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		scffake.Options
		update bool // a changed configuration or its reading meets it
	}{
		"OtherCodes":         {scffake.Options{Alternatives: scffake.Alternatives{OtherCodes: true}}, false},
		"BusyCode conflict":  {scffake.Options{Alternatives: scffake.Alternatives{BusyCode: "FailedOperation.OperationConflict"}}, true},
		"BusyCode in use":    {scffake.Options{Alternatives: scffake.Alternatives{BusyCode: "ResourceInUse"}}, true},
		"Settle":             {scffake.Options{Alternatives: scffake.Alternatives{Settle: 3 * time.Second}}, true},
		"OtherHash":          {scffake.Options{Alternatives: scffake.Alternatives{OtherHash: true}}, true},
		"TriggersOpen":       {scffake.Options{Alternatives: scffake.Alternatives{TriggersOpen: true}}, false},
		"KeepURL":            {scffake.Options{Alternatives: scffake.Alternatives{KeepURL: true}}, false},
		"NoHTTPUpdate":       {scffake.Options{Alternatives: scffake.Alternatives{NoHTTPUpdate: true}}, false},
		"BareCron":           {scffake.Options{Alternatives: scffake.Alternatives{BareCron: true}}, false},
		"VpcStays":           {scffake.Options{Alternatives: scffake.Alternatives{VpcStays: true}}, true},
		"EmptyEnvironment":   {scffake.Options{Alternatives: scffake.Alternatives{EmptyEnvironment: true}}, true},
		"NullMembers":        {scffake.Options{Alternatives: scffake.Alternatives{NullMembers: true}}, true},
		"KeepInstances":      {scffake.Options{Alternatives: scffake.Alternatives{KeepInstances: true}}, true},
		"PlainTrust":         {scffake.Options{Alternatives: scffake.Alternatives{PlainTrust: true}}, false},
		"StatePolls":         {scffake.Options{StatePolls: 3}, false},
		"no time in a state": {scffake.Options{StateTime: -1}, false},
		"URLPolls":           {scffake.Options{URLPolls: 4}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, tt.Options).small()
			c.must(t, "-yes")
			writes := len(c.writes())
			if out := c.must(t, "-yes"); !strings.Contains(out, "Nothing to change") || len(c.writes()) != writes {
				t.Errorf("a second run calls %v:\n%s", c.writes()[writes:], out)
			}
			if tt.update || longtest.On() {
				c.updateBothWays(t, tt.VpcStays)
			}
			c.must(t, "-remove", "-yes")
			if rest := c.Functions(); len(rest) != 0 {
				t.Errorf("after -remove there are %v", rest)
			}
		})
	}
}

// updateBothWays changes a variable, moves the functions into a VPC and out of it.
// stays tells that SCF does not let them out.
func (c *cloud) updateBothWays(t *testing.T, stays bool) {
	t.Helper()
	c.env["LOG_LEVEL"] = "debug"
	c.env["VPC_ID"], c.env["SUBNET_ID"] = "vpc-1a2b3c4d", "subnet-1a2b3c4d"
	c.must(t, "-yes")
	for _, f := range c.Functions() {
		if !slices.Contains(f.Environment.Variables, scffake.Variable{Key: "LOG_LEVEL", Value: "debug"}) || f.VpcConfig.VpcId != "vpc-1a2b3c4d" {
			t.Errorf("%s has %v in %v", f.Name, f.Environment, f.VpcConfig)
		}
		if n := f.PublicNetConfig; n == nil || n.PublicNetStatus != "ENABLE" {
			t.Errorf("%s lost the public network: %v", f.Name, n)
		}
	}
	c.env["VPC_ID"], c.env["SUBNET_ID"] = "none", ""
	if stays {
		c.refuse(t, "SCF did not change it", "-yes")
	} else {
		c.must(t, "-yes")
	}
}
