package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vodevents/scripts/internal/scfapi"
	"vodevents/shared/credentials"
	"vodevents/shared/scf/scffake"
	"vodevents/shared/vodfake"
)

var update = flag.Bool("update", false, "write what README.md shows of a deployment")

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		os.RemoveAll(built)
	}
	os.Exit(code)
}

// repository is the folder of the repository.
const repository = "../../.."

// dist has the functions, vodctl and the deployer, built once for all tests.
var dist = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "deployer-test-")
	if err != nil {
		return "", err
	}
	built = dir
	for name, what := range map[string][]string{
		"dist/":  {filepath.Join(repository, "functions", "callback"), filepath.Join(repository, "functions", "pull")},
		"vodctl": {filepath.Join(repository, "scripts", "vodctl")},
		"deploy": {"-tags=deploytest", "."},
		"greets": {"./testdata/small"},
	} {
		// As scripts/build does, so that all builds share their results.
		build := exec.Command("go", append([]string{"build", "-trimpath", "-ldflags=-s -w", "-o", dir + "/" + name}, what...)...)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("building %s: %w\n%s", name, err, out)
		}
	}
	for _, name := range []string{"callback", "pull"} {
		if err := script(filepath.Join(dir, "scripts", name), filepath.Join(dir, "dist", name)); err != nil {
			return "", err
		}
		if err := script(filepath.Join(dir, "small", name), filepath.Join(dir, "greets")); err != nil {
			return "", err
		}
	}
	return dir, nil
})

// script makes an executable that runs another one. Packing and sending its few bytes
// takes milliseconds; our functions take seconds.
func script(path, runs string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte("#!/bin/sh\nexec '"+runs+"'\n"), 0o755)
}

// small makes the deployments of c quick: functions that only greet in place of
// ours, and no doctor. It is for tests that deploy often.
func (c *cloud) small() *cloud {
	c.env["TEST_DIST"] = filepath.Join(built, "small")
	c.env["TEST_VODCTL"] = "true"
	return c
}

// whole makes c deploy our functions themselves, not scripts that run them.
func (c *cloud) whole() *cloud {
	c.env["TEST_DIST"] = filepath.Join(built, "dist")
	return c
}

var built string // the folder to remove when all tests are over

// cloud has a stand-in for SCF and CAM, one for VOD, and the environment of a deployer
// that deploys there.
type cloud struct {
	*scffake.Server
	vod *vodfake.Server
	env map[string]string
}

// Names and secrets of the deployments of these tests.
const (
	region   = "ap-guangzhou"
	callback = "receiver-dev-vod-events-callback"
	pull     = "receiver-dev-vod-events-pull"

	signKey  = "s1gnk3ys1gnk3y"
	password = "p4ssw0rdp4ssw0rd"
)

// newCloud starts the stand-ins, and a SINK that gets all events.
func newCloud(t testing.TB, o scffake.Options) *cloud {
	t.Helper()
	o.Rate = -1 // how many calls come in a second depends on the machine
	o.Credentials = []scffake.Credential{{SecretId: "AKIDdeployerdeployer", SecretKey: "d3pl0y3rd3pl0y3r"}}
	c := &cloud{Server: scffake.RunT(t, o), vod: vodfake.RunT(t)}
	clock := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body) // what is cut does not parse
		d, err := time.ParseDuration(string(text))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		c.FastForward(d)
	}))
	t.Cleanup(clock.Close)
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := dist()
	if err != nil {
		t.Fatal(err)
	}
	c.env = map[string]string{
		"TEST_DIST": filepath.Join(dir, "scripts"), "TEST_VODCTL": filepath.Join(dir, "vodctl"),
		"TEST_CLOCK": clock.URL, "TEST_REPOSITORY": root,
		"SCF_ENDPOINT": c.URL, "TENCENT_SECRET_ID": "AKIDdeployerdeployer", "TENCENT_SECRET_KEY": "d3pl0y3rd3pl0y3r",
		"VOD_ENDPOINT": c.vod.URL, "VOD_SECRET_ID": vodfake.SecretId, "VOD_SECRET_KEY": vodfake.SecretKey,
		"CALLBACK_SIGN_KEY": signKey,
		"SINK":              "file:" + filepath.Join(t.TempDir(), "events.jsonl"),
	}
	return c
}

// command returns the deployer as a process of its own, with executables built before.
func (c *cloud) command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(filepath.Join(built, "deploy"), args...)
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "TENCENT") && !strings.HasPrefix(name, "VOD_") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	for name, value := range c.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

// deploy runs the deployer. It returns all that it printed, and whether it
// succeeded.
func (c *cloud) deploy(t testing.TB, args ...string) (output string, ok bool) {
	t.Helper()
	out, err := c.command(t, args...).CombinedOutput()
	c.checkSecrets(t, string(out))
	return string(out), err == nil
}

// must runs the deployer, which must succeed.
func (c *cloud) must(t testing.TB, args ...string) string {
	t.Helper()
	out, ok := c.deploy(t, args...)
	if !ok {
		t.Fatalf("deploy %q failed:\n%s", args, out)
	}
	return out
}

// refuse runs the deployer, which must fail and say the words.
func (c *cloud) refuse(t testing.TB, words string, args ...string) {
	t.Helper()
	out, ok := c.deploy(t, args...)
	if ok || !strings.Contains(out, words) {
		t.Fatalf("deploy %q succeeded or does not say %q:\n%s", args, words, out)
	}
}

// checkSecrets looks for secrets in a text.
func (c *cloud) checkSecrets(t testing.TB, text string) {
	t.Helper()
	for _, secret := range []string{signKey, password, c.env["TENCENT_SECRET_ID"], c.env["TENCENT_SECRET_KEY"]} {
		if strings.Contains(text, secret) {
			t.Errorf("the secret %s is in:\n%s", secret, text)
		}
	}
}

// writes returns the actions of all calls so far that may have changed something.
func (c *cloud) writes() (actions []string) {
	for _, call := range c.Calls("") {
		if call.Writes() && call.Action != "Invoke" {
			actions = append(actions, call.Action)
		}
	}
	return actions
}

// describeByHand changes the description of pull, as somebody in the console would.
func (c *cloud) describeByHand(check func(error)) {
	api, err := scfapi.New(scfapi.Options{Credentials: credentials.Credentials{SecretId: c.env["TENCENT_SECRET_ID"], SecretKey: c.env["TENCENT_SECRET_KEY"]}, Region: region, Endpoint: c.URL, Wait: sleep})
	check(err)
	f, _ := c.Function(region, pull)
	r := scfapi.UpdateFunctionConfiguration{FunctionName: pull, Namespace: scfapi.Namespace, MemorySize: f.MemorySize, Timeout: f.Timeout,
		Role: f.Role, Description: "made by hand"}
	for _, v := range f.Environment.Variables {
		r.Environment.Variables = append(r.Environment.Variables, scfapi.Variable{Key: v.Key, Value: v.Value})
	}
	check(api.UpdateFunctionConfiguration(context.Background(), r))
	c.FastForward(time.Minute)
}
