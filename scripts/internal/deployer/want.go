package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"vodevents/scripts/internal/codezip"
	"vodevents/scripts/internal/cron"
	"vodevents/scripts/internal/scfapi"
	"vodevents/scripts/internal/serverless"
)

// function is one function as serverless.yml and the settings want it.
type function struct {
	serverless.Function
	key       string // callback or pull
	variables []scfapi.Variable
	vpc       *scfapi.VPC         // nil: as it is; empty: none
	async     *scfapi.AsyncConfig // nil: as it is
	triggers  []scfapi.WriteTrigger
	zip       []byte
	sha256    string // of the zip, 64 hex digits
}

// read reads serverless.yml, in either form.
func (d *deployer) read() (*serverless.File, error) {
	text, err := os.ReadFile(d.file)
	if err != nil {
		return nil, err
	}
	o := serverless.Options{Stage: d.stage, Region: d.options.region, Getenv: d.getenv}
	text, err = serverless.Join(text, filepath.Dir(d.file))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.file, err)
	}
	f, err := serverless.Parse(text, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.file, err)
	}
	return f, nil
}

// check prints what is wrong with the file and the settings. It is an error if
// they cannot be deployed.
func (d *deployer) check(f *serverless.File) error {
	programs, err := serverless.Programs(".")
	if err != nil {
		return err
	}
	findings := append(f.Check(programs, time.Now()), f.CheckUse(d.open)...)
	findings = append(findings, d.checkNetwork(f)...)
	bad := false
	for _, finding := range findings {
		d.say("%s: %v", d.file, finding)
		bad = bad || !finding.Warning
	}
	if bad {
		return errors.New("not deployed: correct the errors above")
	}
	return nil
}

// want returns the functions that are wanted, with the one that has a timer last.
// dir holds the executables.
func (d *deployer) want(f *serverless.File, dir string) ([]*function, error) {
	var all []*function
	for _, key := range slices.Sorted(maps.Keys(f.Inputs.Functions)) {
		w := &function{key: key, Function: f.Function(key), vpc: d.vpc()}
		for _, v := range w.Environments {
			if v.Value != "" { // the API refuses an empty one
				w.variables = append(w.variables, scfapi.Variable{Key: v.Key, Value: v.Value})
				d.mask.variable(v.Key, v.Value)
			}
		}
		w.triggers = triggersOf(f, w)
		if firesOften(w, time.Now()) {
			w.async = &scfapi.AsyncConfig{RetryNum: 0, MsgTTL: 60}
		}
		if dir != "" {
			zip, err := codezip.Pack(filepath.Join(dir, w.Handler))
			if err != nil {
				return nil, err
			}
			sum := sha256.Sum256(zip)
			w.zip, w.sha256 = zip, hex.EncodeToString(sum[:])
			if err := checkSize(w); err != nil {
				return nil, err
			}
		}
		all = append(all, w)
	}
	slices.SortStableFunc(all, func(a, b *function) int { return timers(a) - timers(b) })
	return all, nil
}

// timers returns how many timers a function has.
func timers(w *function) (n int) {
	for _, t := range w.triggers {
		if t.Type == "timer" {
			n++
		}
	}
	return n
}

// firesOften tells whether a timer of the function fires at least every five minutes.
// Then a run that failed or found no instance need not be repeated, because the next
// one pulls what it left. By default SCF repeats a failed run twice, and keeps what
// found no instance for six hours (583/41138).
func firesOften(w *function, now time.Time) bool {
	return slices.ContainsFunc(w.triggers, func(t scfapi.WriteTrigger) bool {
		schedule, err := cron.Parse(t.TriggerDesc) // the check refused a bad one
		if t.Type != "timer" || err != nil {
			return false
		}
		next := schedule.Next(now)
		after := schedule.Next(next)
		return !after.IsZero() && after.Sub(next) <= 5*time.Minute
	})
}

// urlTrigger is the name that the framework gives to an http trigger.
const urlTrigger = "url-trigger"

// triggerMark is the description of our triggers. It tells them from those that
// somebody made by hand.
const triggerMark = "vodevents"

// triggersOf returns the triggers of a function in the form of the API.
func triggersOf(f *serverless.File, w *function) (all []scfapi.WriteTrigger) {
	for _, t := range f.Inputs.Triggers {
		if t.Function != w.key {
			continue
		}
		p := t.Parameters
		out := scfapi.WriteTrigger{FunctionName: w.Name, TriggerName: p.Name, Type: t.Type, Namespace: scfapi.Namespace,
			Qualifier: scfapi.Qualifier, Enable: "OPEN", Description: triggerMark}
		switch t.Type {
		case "http":
			if out.TriggerName == "" {
				out.TriggerName = urlTrigger
			}
			desc := scfapi.HTTPDesc{AuthType: "NONE"}
			desc.NetConfig.EnableExtranet, desc.NetConfig.EnableIntranet = p.NetConfig.EnableExtranet, p.NetConfig.EnableIntranet
			text, _ := json.Marshal(desc) // of strings and booleans
			out.TriggerDesc = string(text)
		case "timer":
			out.TriggerDesc = p.CronExpression
			if p.Argument != "" {
				out.CustomArgument = &p.Argument
			}
		default:
			continue // the check refused it or warned
		}
		all = append(all, out)
	}
	return all
}

// checkSize refuses a zip that does not fit into one request. Base64 makes 4 bytes
// of 3. The rest of the request has a few kB, at most 4 of them variables.
func checkSize(w *function) error {
	const rest = 64 << 10
	if sent := (len(w.zip) + 2) / 3 * 4; sent+rest > scfapi.MaxRequest {
		return fmt.Errorf("%s: its zip has %.2f MB, which is %.2f MB as it is sent, and a request may have %.2f MB (1130/46710)\n"+
			"  → make the program smaller; or deploy a small build once, put the zip into a COS bucket of the same region, and choose that object in the console: function code, upload by COS",
			w.Name, float64(len(w.zip))/1e6, float64(sent)/1e6, float64(scfapi.MaxRequest)/1e6)
	}
	return nil
}

// mark is the description of our functions. It shows that they are ours and what was
// deployed. It is written after the code, so an interrupted run leaves the old mark.
type mark struct {
	code string // of the zip's SHA-256, 16 hex digits
	as   string // of the code's hash that SCF reported then, if it differs, likewise
	conf string // of the configuration's SHA-256
}

// String spells the mark in characters that Description surely accepts (583/18580).
func (m mark) String() string {
	s := "vodevents code " + m.code
	if m.as != "" {
		s += " as " + m.as
	}
	return s + " conf " + m.conf
}

// parseMark reads a description. ours is false if the function is not ours.
func parseMark(description string) (m mark, ours bool) {
	words := strings.Fields(description)
	if len(words) == 0 || words[0] != "vodevents" {
		return mark{}, false
	}
	for i := 1; i+1 < len(words); i += 2 {
		switch words[i] {
		case "code":
			m.code = words[i+1]
		case "as":
			m.as = words[i+1]
		case "conf":
			m.conf = words[i+1]
		}
	}
	return m, true
}

// shortTold returns 16 hex digits for a hash as SCF reports it, or "" if it reports
// none. Only the length of that hash is documented (583/37164). In another spelling its
// first characters could be equal for all zips, or be none that a Description takes.
func shortTold(told string) string {
	if told == "" || len(told) == 64 && strings.Trim(told, "0123456789abcdef") == "" {
		return short(told)
	}
	sum := sha256.Sum256([]byte(told))
	return short(hex.EncodeToString(sum[:]))
}

// short returns the first 16 hex digits of a hash.
func short(hash string) string { return hash[:min(16, len(hash))] }
