package serverless

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"vodevents/scripts/internal/cron"
	"vodevents/shared/config"
)

// Finding is something wrong with a file. If it is a Warning, the file works, but
// perhaps not as expected.
type Finding struct {
	Warning bool
	Path    string // where in the file: functions.pull.timeout
	Text    string // what is wrong and what to do; it holds no variable's value
}

func (f Finding) String() string {
	level := "error"
	if f.Warning {
		level = "warning"
	}
	return level + ": " + f.Path + ": " + f.Text
}

func (f *File) errorf(path, format string, args ...any) {
	f.findings = append(f.findings, Finding{Path: path, Text: fmt.Sprintf(format, args...)})
}

func (f *File) warnf(path, format string, args ...any) {
	f.findings = append(f.findings, Finding{Warning: true, Path: path, Text: fmt.Sprintf(format, args...)})
}

// Limits of SCF (583/11637), of its timer (583/9708) and of its console.
const (
	maxTimeout    = 900      // s
	maxMemory     = 3072     // MB
	maxVariables  = 4 * 1024 // bytes of all keys and values of a function
	maxArgument   = 4 * 1024 // bytes
	maxPerType    = 10       // triggers of a type of one function
	consoleLength = 64       // bytes of a key or value
)

// Bounds of the functions' timeouts, in s.
const (
	// VOD waits 5 s for the answer to a callback (266/33948). A function that
	// is killed earlier may have delivered the event without an answer.
	minCallback = 6

	// One PullEvents call may take 10 s (266/33433), and then its events must
	// be delivered and confirmed. The function itself warns below this.
	minPull = 12

	// A lease of 30 s, and 5 s to confirm.
	leasePull = 35
)

// wantMemory is what pull needs for a queue of the largest events, in MB.
const wantMemory = 128

// overlap is how much longer than the timer's step the timeout of pull must be with
// PULL_UNTIL=deadline. A run stops polling 6 s before its end, and the next one may
// start late.
const overlap = 15 * time.Second

var (
	functionName = regexp.MustCompile(`^[A-Za-z][\w-]{0,58}[A-Za-z0-9]$`)
	timerName    = regexp.MustCompile(`^[A-Za-z][\w-]{0,59}$`)
	variableName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
)

// reserved are the prefixes of variables that users cannot set (583/14570).
var reserved = []string{"SCF_", "QCLOUD_", "TENCENTCLOUD_"}

// Programs returns the executables that scripts/build makes: one of each folder in
// functions.
func Programs(repository string) ([]string, error) {
	mains, err := filepath.Glob(filepath.Join(repository, "functions", "*", "main.go"))
	var programs []string
	for _, main := range mains {
		programs = append(programs, filepath.Base(filepath.Dir(main)))
	}
	return programs, err
}

// Check checks the file against the rules of SCF. programs are the executables in
// the zip. A timer must fire at least once after now.
func (f *File) Check(programs []string, now time.Time) []Finding {
	if f.Component != "multi-scf" {
		f.errorf("component", "%q: want multi-scf, which deploys both functions from one zip", f.Component)
	}
	for _, required := range []struct{ path, value string }{{"app", f.App}, {"name", f.Name}} {
		if required.value == "" {
			f.errorf(required.path, "missing; the names of the functions are made of it")
		}
	}
	if path.Clean(f.Inputs.Src.Src) != "dist" {
		f.errorf("inputs.src", "%q: want ./dist, where scripts/build puts the executables and nothing else; all of the folder is uploaded", f.Inputs.Src.Src)
	}
	if f.Inputs.IgnoreTriggers {
		f.errorf("inputs.ignoreTriggers", "true: no trigger would be made, so no function would ever run")
	}
	if !f.Inputs.Environment.IsZero() {
		f.errorf("inputs.environment", "multi-scf reads environments, a list of key and value; this would be ignored")
	}

	for _, key := range []string{"callback", "pull"} {
		if _, ok := f.Inputs.Functions[key]; !ok {
			f.errorf("inputs.functions", "no function %q", key)
		}
	}
	f.checkVariables("inputs.environments", f.Inputs.Environments)
	said := map[string]bool{} // a variable that both functions use is named once
	for _, key := range slices.Sorted(maps.Keys(f.Inputs.Functions)) {
		f.checkFunction(key, programs)
		f.checkVariables("functions."+key+".environments", f.Inputs.Functions[key].Environments)
		for line := range strings.Lines(f.checkEnvironment(key)) {
			if line = strings.TrimSpace(line); !said[line] {
				said[line] = true
				f.errorf("functions."+key+".environments", "%s", line)
			}
		}
	}
	f.checkTriggers(now)
	return f.findings
}

func (f *File) checkFunction(key string, programs []string) {
	fn, in, at := f.Inputs.Functions[key], f.Inputs, "functions."+key

	if name := f.FunctionName(key); !functionName.MatchString(name) {
		f.errorf(at, "its name %q cannot be a function's: write 2 to 60 letters, digits, - and _, beginning with a letter and not ending with - or _", name)
	}
	if !slices.Contains(programs, fn.Handler) {
		f.errorf(at+".handler", "%q: want the name of an executable at the root of the zip, one of %s", fn.Handler, strings.Join(programs, ", "))
	}
	if !fn.Src.IsZero() {
		f.errorf(at+".src", "leave it out: the cloud packs such a folder again, and the executable loses its exec bit")
	}
	if !fn.Environment.IsZero() {
		f.errorf(at+".environment", "use environments, a list of key and value, under inputs")
	}
	if v := first(fn.Type, in.Type); v != "" && v != "event" {
		f.errorf(at+".type", "%q: want event; the executables speak SCF's event protocol", v)
	}
	if v := first(fn.Runtime, in.Runtime); v != "Go1" {
		f.errorf(at+".runtime", "%q: want Go1, spelled like that", v)
	}

	switch v := first(fn.MemorySize, in.MemorySize); {
	case v == 0:
		f.errorf(at+".memorySize", "missing; 64 MB are enough for callback, and pull wants %d", wantMemory)
	case v != 64 && (v < 128 || v > maxMemory || v%128 != 0):
		f.errorf(at+".memorySize", "%d: want 64, 128, 256 and so on in steps of 128 up to %d MB", v, maxMemory)
	case key == "pull" && v < wantMemory:
		f.warnf(at+".memorySize", "%d MB: a queue with 64 events of 1 MB kills the function; want %d", v, wantMemory)
	}

	timeout := first(fn.Timeout, in.Timeout)
	switch {
	case timeout == 0:
		f.errorf(at+".timeout", "missing: the default of 3 s is less than one PullEvents call")
	case timeout < 1 || timeout > maxTimeout:
		f.errorf(at+".timeout", "%d: want 1 to %d s", timeout, maxTimeout)
	case key == "callback" && timeout < minCallback:
		f.errorf(at+".timeout", "%d s: want %d or more, because VOD waits 5 s for the answer; 15 give a sink that is down time to come back", timeout, minCallback)
	case key == "pull" && timeout < minPull:
		f.errorf(at+".timeout", "%d s: want %d or more, because one PullEvents call may take 10 s, and then its events must be confirmed", timeout, minPull)
	case key == "pull" && timeout < leasePull:
		f.warnf(at+".timeout", "%d s cut the lease of 30 s short: a slow sink has less time than VOD gives; want %d or more", timeout, leasePull)
	}

	if key == "pull" && first(fn.Role, in.Role) == "" &&
		!slices.ContainsFunc(f.Variables(key), func(v Variable) bool { return v.Key == "VOD_SECRET_ID" }) {
		f.errorf(at+".role", "missing: without a role (583/32389) the function has no keys to call VOD with")
	}
}

// CheckUse checks the settings that are about to be deployed with the file. With
// open, a missing CALLBACK_SIGN_KEY is only a warning.
func (f *File) CheckUse(open bool) []Finding {
	f.findings = nil
	vars := map[string]string{}
	for _, v := range f.Variables("callback") {
		vars[v.Key] = v.Value
	}
	if vars["CALLBACK_SIGN_KEY"] == "" {
		const risk = "not set, so anyone who has the URL can inject events"
		if open {
			f.warnf("CALLBACK_SIGN_KEY", risk)
		} else {
			f.errorf("CALLBACK_SIGN_KEY", risk+"; set it to up to 32 letters and digits, as `openssl rand -hex 16` makes them, or say -open")
		}
	}
	sinks := strings.Fields(vars["SINK"])
	if len(sinks) == 0 || slices.Contains(sinks, "stdout:") {
		f.warnf("SINK", "is stdout:, and on SCF stdout is the log: the media URLs of your events land there")
	}
	if slices.ContainsFunc(sinks, func(url string) bool { return strings.HasPrefix(url, "file:") }) {
		f.warnf("SINK", "has a file: on SCF a file is one instance's own, and is gone with it")
	}
	f.checkListed()
	return f.findings
}

// checkListed finds variables that are set here but that the file does not pass
// on.
func (f *File) checkListed() {
	for _, v := range config.Variables {
		listed := func(key string) bool {
			return slices.ContainsFunc(f.Variables(key), func(l Variable) bool { return l.Key == v.Name })
		}
		if Deployed(v) && f.getenv(v.Name) != "" && !listed("callback") && !listed("pull") {
			f.warnf(v.Name, "is set here, but serverless.yml does not list it, so the functions will not have it")
		}
	}
}

// Deployed tells whether serverless.yml passes a variable to the functions. It
// does not pass those that are for other machines, nor keys, which come from the
// role.
func Deployed(v config.Variable) bool {
	return v.Place == config.Anywhere && !slices.Contains([]string{"VOD_SECRET_ID", "VOD_SECRET_KEY", "VOD_TOKEN"}, v.Name)
}

// checkVariables checks one list of variables.
func (f *File) checkVariables(at string, vars []Variable) {
	seen := map[string]bool{}
	for _, v := range vars {
		if !variableName.MatchString(v.Key) {
			f.errorf(at, "%q cannot be a variable's name: write letters, digits and _, beginning with a letter", v.Key)
		}
		if seen[v.Key] {
			f.errorf(at, "%s is there twice", v.Key)
		}
		seen[v.Key] = true
		if v.Null {
			f.errorf(at, "%s has no value, and the cloud would get null; give it one, write \"\", or take the entry out", v.Key)
		}
		if i := slices.IndexFunc(config.Variables, func(c config.Variable) bool { return c.Name == v.Key }); i >= 0 && config.Variables[i].Place != config.Anywhere {
			f.errorf(at, "%s is for other machines: on SCF the function would not answer", v.Key)
		}
		for _, prefix := range reserved {
			if strings.HasPrefix(strings.ToUpper(v.Key), prefix) {
				f.errorf(at, "%s: SCF keeps the prefix %s for itself", v.Key, prefix)
			}
		}
		if len(v.Key) > consoleLength || len(v.Value) > consoleLength {
			f.warnf(at, "%s is longer than the %d bytes that SCF's console saves: change it by deploying, not there", v.Key, consoleLength)
		}
	}
}

// checkEnvironment reads the variables of one function as the function will do. It
// returns what is wrong, one variable a line, without secrets.
func (f *File) checkEnvironment(key string) string {
	vars, size := map[string]string{}, 0
	for _, v := range f.Variables(key) {
		vars[v.Key] = v.Value
		size += len(v.Key) + len(v.Value)
	}
	if size > maxVariables {
		f.errorf("functions."+key+".environments", "%d bytes of names and values; SCF takes %d for each function", size, maxVariables)
	}
	function := cmp.Or(map[string]config.Functions{"callback": config.Callback, "pull": config.Pull}[key], config.Both)
	if _, err := config.Read(func(name string) string { return vars[name] }, function); err != nil {
		return err.Error()
	}
	return ""
}

func (f *File) checkTriggers(now time.Time) {
	type place struct{ function, kind, name string }
	count := map[place]int{}
	for i, t := range f.Inputs.Triggers {
		at, p := fmt.Sprintf("triggers[%d]", i), t.Parameters
		if t.Type == "apigw" {
			f.warnf(at, "API Gateway takes no new triggers since 2024-07-01 (583/107631) and ends from 2026-10-30 on: use http, a function URL")
			for _, api := range p.Apis {
				count[place{api.Function, "apigw", ""}]++
			}
			continue
		}
		if _, ok := f.Inputs.Functions[t.Function]; !ok {
			f.errorf(at+".function", "%q is none of the functions", t.Function)
		}
		count[place{t.Function, t.Type, ""}]++

		switch t.Type {
		case "http":
			if !p.NetConfig.EnableExtranet {
				f.errorf(at+".netConfig.enableExtranet", "not true: there would be no public URL")
			}
			if p.AuthType != "" && p.AuthType != "NONE" {
				f.errorf(at+".authType", "%q: want NONE; VOD cannot sign its callbacks for CAM, check them with CALLBACK_SIGN_KEY", p.AuthType)
			}
			if p.Enable != nil && !*p.Enable {
				f.errorf(at+".enable", "false: the function URL would be closed")
			}
		case "timer":
			if !timerName.MatchString(p.Name) {
				f.errorf(at+".name", "%q: want 1 to 60 letters, digits, - and _, a letter first", p.Name)
			}
			if count[place{t.Function, "timer", p.Name}]++; count[place{t.Function, "timer", p.Name}] == 2 && p.Name != "" {
				f.errorf(at+".name", "%q is there twice for function %q", p.Name, t.Function)
			}
			if p.Enable == nil || !*p.Enable {
				f.errorf(at+".enable", "not true: the timer would be made, but closed")
			}
			if len(p.Argument) > maxArgument {
				f.errorf(at+".argument", "%d bytes; SCF takes %d", len(p.Argument), maxArgument)
			}
			f.checkCron(at+".cronExpression", t, now)
		default:
			f.errorf(at+".type", "%q: want http or timer", t.Type)
		}
	}

	for p, n := range count {
		if p.name == "" && n > maxPerType {
			f.errorf("triggers", "%d of type %s for function %q; SCF takes %d", n, p.kind, p.function, maxPerType)
		}
	}
	if count[place{"callback", "http", ""}]+count[place{"callback", "apigw", ""}] == 0 {
		f.errorf("triggers", "no http trigger for callback: a deployment without one also switches off a function URL made in the console")
	}
	if count[place{"pull", "timer", ""}] == 0 {
		f.errorf("triggers", "no timer for pull: it would never run")
	}
}

func (f *File) checkCron(at string, t Trigger, now time.Time) {
	schedule, err := cron.Parse(t.Parameters.CronExpression)
	if err != nil {
		f.errorf(at, "%v", err)
		return
	}
	fires := schedule.Next(now)
	if fires.IsZero() {
		f.errorf(at, "%q never comes", t.Parameters.CronExpression)
		return
	}
	step := time.Duration(0) // the shortest of the next 100
	for range 100 {
		next := schedule.Next(fires)
		if next.IsZero() {
			break
		}
		if d := next.Sub(fires); step == 0 || d < step {
			step = d
		}
		fires = next
	}
	f.checkStep(at, t.Function, step)
}

// checkStep compares the timeout with the time between two runs; serverless.yml
// states the rule. step is 0 if the timer fires only once.
func (f *File) checkStep(at, function string, step time.Duration) {
	timeout := time.Duration(first(f.Inputs.Functions[function].Timeout, f.Inputs.Timeout)) * time.Second
	want := step
	deadline := slices.ContainsFunc(f.Variables(function), func(v Variable) bool { return v.Key == "PULL_UNTIL" && v.Value == "deadline" })
	if deadline {
		want += overlap
	}
	switch {
	case step == 0 || timeout == want:
	case timeout > want:
		f.warnf(at, "fires %v after it fired, and the function may run for %v: SCF starts another one beside it; nothing breaks, but all are paid for; want a timeout of %v", step, timeout, want)
	case deadline:
		f.warnf(at, "fires %v after it fired, and with PULL_UNTIL=deadline a run of %v stops polling before the next one begins; want a timeout of %v", step, timeout, want)
	}
}

// first returns the function's own value, or if that is zero the value for all
// functions.
func first[T comparable](own, all T) T {
	var zero T
	if own != zero {
		return own
	}
	return all
}
