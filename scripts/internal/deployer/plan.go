package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"vodevents/scripts/internal/scfapi"
)

// present is the state of one function in the cloud.
type present struct {
	scfapi.Function
	found      bool
	codeSha256 string              // as SCF reports it
	async      *scfapi.AsyncConfig // nil: the keys may not ask
	triggers   []scfapi.Trigger
}

// look reads the state of a function. It waits until no change of it is under way.
func (d *deployer) look(ctx context.Context, name string) (p present, err error) {
	if d.api == nil { // a dry run without keys
		return present{}, nil
	}
	if p.Function, p.found, err = d.settle(ctx, name); err != nil || !p.found {
		return p, err
	}
	if p.Status == scfapi.CreateFailed {
		return p, nil
	}
	if p.codeSha256, err = d.api.CodeSha256(ctx, name); err != nil {
		return p, err
	}
	switch async, err := d.api.AsyncConfig(ctx, name); {
	case err == nil:
		p.async = &async
	case !scfapi.Denied(err):
		return p, err
	}
	p.triggers, err = d.api.ListTriggers(ctx, name)
	return p, err
}

// plan is what one function needs.
type plan struct {
	want *function
	have present

	create   bool // after a deletion, if it is there
	code     bool
	config   bool
	async    bool
	vars     []scfapi.Variable // all that the function will have
	mark     mark
	triggers []triggerChange

	lines []string // what changes, for people
	notes []string // what does not change but is worth knowing
}

// writes tells whether anything changes.
func (p *plan) writes() bool { return p.create || p.code || p.config || p.async || len(p.triggers) > 0 }

// newPlan compares what is wanted with what is there. It returns an error if something
// cannot be changed.
func newPlan(want *function, have present, force bool) (*plan, error) {
	p := &plan{want: want, have: have}
	p.variables(force)
	p.mark = mark{code: short(want.sha256), conf: p.confHash()}
	switch {
	case !have.found:
		p.planCreate()
		return p, nil
	}
	old, ours := parseMark(have.Description)
	switch {
	case !ours && !force:
		return nil, fmt.Errorf("%s is there, and this command did not make it: nothing was changed\n  → if it is yours, for example made by scf deploy, say -force to take it over; else deploy with another -stage", want.Name)
	case have.Status == scfapi.CreateFailed:
		p.line("-", "delete", "it is CreateFailed, and such a function can only be deleted: "+reasons(have.Function))
		p.planCreate()
		return p, nil
	case have.Type != "" && have.Type != "Event" || have.Runtime != want.Runtime:
		return nil, fmt.Errorf("%s is a function of type %s and runtime %s, and neither can be changed\n  → delete it, or deploy with another -stage", want.Name, have.Type, have.Runtime)
	case !ours:
		p.line("~", "take over", "a function that this command did not make")
	}
	p.planCode(old)
	p.planConfig(old)
	p.planAsync()
	p.triggers = planTriggers(want, have.triggers)
	for _, t := range p.triggers {
		p.line(map[string]string{"create": "+", "update": "~", "delete": "-"}[t.action], "trigger", t.String())
	}
	return p, nil
}

func (p *plan) line(sign, what, text string) {
	p.lines = append(p.lines, fmt.Sprintf("%s %-10s %s", sign, what, text))
}

// planCreate plans a new function.
func (p *plan) planCreate() {
	w := p.want
	p.create = true
	p.line("+", "function", fmt.Sprintf("%s, handler %s, %d MB, %d s, role %s", w.Runtime, w.Handler, w.MemorySize, w.Timeout, orNone(w.Role)))
	p.line("+", "code", describeZip(w))
	if w.vpc != nil && *w.vpc != (scfapi.VPC{}) {
		p.line("+", "vpc", showVPC(*w.vpc)+", with public access")
	}
	for _, v := range p.vars {
		p.line("+", "variable", v.Key+" "+showVariable(v.Key, v.Value))
	}
	if w.async != nil {
		p.async = true
		p.line("+", "retries", showAsync(*w.async))
	}
	p.triggers = planTriggers(w, nil)
	for _, t := range p.triggers {
		p.line("+", "trigger", t.String())
	}
}

// variables decides which variables the function will have: those of
// serverless.yml, and those that somebody else added, unless forced. A write
// replaces them all.
func (p *plan) variables(force bool) {
	p.vars = slices.Clone(p.want.variables)
	for _, old := range p.have.Environment.Sorted() {
		wanted := slices.ContainsFunc(p.vars, func(v scfapi.Variable) bool { return v.Key == old.Key })
		if _, known := variable(old.Key); wanted || known || force || old.Key == "" {
			continue
		}
		p.vars = append(p.vars, old)
		p.notes = append(p.notes, fmt.Sprintf("the variable %s is not in serverless.yml and stays; -force drops it", old.Key))
	}
	slices.SortFunc(p.vars, func(a, b scfapi.Variable) int {
		if a.Key < b.Key {
			return -1
		}
		return 1
	})
}

// confHash returns the hash of the configuration for the mark.
func (p *plan) confHash() string {
	w := p.want
	text, _ := json.Marshal([]any{w.Handler, w.MemorySize, w.Timeout, w.Role, w.vpc, p.vars}) // of plain values
	sum := sha256.Sum256(text)
	return short(hex.EncodeToString(sum[:]))
}

// noteTold notes the hash that SCF reports for our code.
func (p *plan) noteTold(told string) {
	p.mark.as = ""
	if told != p.want.sha256 {
		p.mark.as = shortTold(told)
	}
}

// planCode decides whether the code differs. If CodeSha256 is the hash of the zip as we
// sent it, that hash decides. If SCF reports another hash, the mark says which one it
// reported for our code.
func (p *plan) planCode(old mark) {
	told := shortTold(p.have.codeSha256)
	same := p.have.codeSha256 == p.want.sha256 ||
		old.code == p.mark.code && old.as != "" && old.as == told ||
		old.code == p.mark.code && told == ""
	if same && p.have.codeSha256 != p.want.sha256 {
		p.mark.as = old.as
	}
	if same && p.have.Handler == p.want.Handler {
		return
	}
	p.code = true
	if !same {
		p.line("~", "code", describeZip(p.want))
	}
	if p.have.Handler != p.want.Handler {
		p.line("~", "handler", p.have.Handler+" → "+p.want.Handler)
	}
}

// planConfig compares everything that UpdateFunctionConfiguration can change.
func (p *plan) planConfig(old mark) {
	w, h, before := p.want, p.have, len(p.lines)
	if h.MemorySize != w.MemorySize {
		p.line("~", "memory", fmt.Sprintf("%d → %d MB", h.MemorySize, w.MemorySize))
	}
	if h.Timeout != w.Timeout {
		p.line("~", "timeout", fmt.Sprintf("%d → %d s", h.Timeout, w.Timeout))
	}
	if h.Role != w.Role {
		p.line("~", "role", orNone(h.Role)+" → "+orNone(w.Role))
	}
	if w.vpc != nil && *w.vpc != h.VpcConfig {
		p.line("~", "vpc", showVPC(h.VpcConfig)+" → "+showVPC(*w.vpc))
	}
	if p.closed() {
		p.line("~", "public net", "closed → open; without it pull does not reach VOD")
	}
	if w.vpc == nil && h.VpcConfig != (scfapi.VPC{}) {
		p.notes = append(p.notes, "it stays in "+showVPC(h.VpcConfig)+"; VPC_ID=none takes it out")
	}
	p.compareVariables()
	if len(p.lines) > before && old.conf == p.mark.conf && old.conf != "" {
		p.notes = append(p.notes, "its configuration was changed since the last deployment, not by this command")
	}
	p.config = p.code || len(p.lines) > before || h.Description != p.mark.String()
	if p.config && len(p.lines) == 0 {
		p.line("~", "mark", "the note in its description that says what is deployed")
	}
}

// planAsync compares how the timer's events are retried.
func (p *plan) planAsync() {
	switch want, have := p.want.async, p.have.async; {
	case want == nil:
	case have == nil:
		p.notes = append(p.notes, "these keys may not see how the timer's events are retried; scripts/policy/deployer.json has that right")
	case *want != *have:
		p.async = true
		p.line("~", "retries", showAsync(*have)+" → "+showAsync(*want))
	}
}

// closed tells whether the function has no way to the public network.
func (p *plan) closed() bool {
	n := p.have.PublicNetConfig
	inVPC := p.have.VpcConfig != (scfapi.VPC{}) && (p.want.vpc == nil || *p.want.vpc != (scfapi.VPC{}))
	return n != nil && n.PublicNetStatus == "DISABLE" || n == nil && inVPC
}

func (p *plan) compareVariables() {
	find := func(list []scfapi.Variable, key string) (string, bool) {
		i := slices.IndexFunc(list, func(v scfapi.Variable) bool { return v.Key == key })
		if i < 0 {
			return "", false
		}
		return list[i].Value, true
	}
	old := p.have.Environment.Variables
	for _, v := range p.vars {
		switch was, there := find(old, v.Key); {
		case !there:
			p.line("+", "variable", v.Key+" "+showVariable(v.Key, v.Value))
		case was != v.Value:
			from, to := showVariable(v.Key, was), showVariable(v.Key, v.Value)
			if from == to {
				to = "another value"
			}
			p.line("~", "variable", v.Key+" "+from+" → "+to)
		}
	}
	for _, v := range p.have.Environment.Sorted() {
		if _, stays := find(p.vars, v.Key); !stays && v.Key != "" {
			p.line("-", "variable", v.Key+" "+showVariable(v.Key, v.Value))
		}
	}
}

// reasons returns SCF's explanation of why a function failed.
func reasons(f scfapi.Function) string {
	text := f.StatusDesc
	for _, r := range f.StatusReasons {
		if text != "" {
			text += "; "
		}
		text += r.ErrorCode + " " + r.ErrorMessage
	}
	if text == "" {
		text = "SCF does not say why"
	}
	return text
}

func describeZip(w *function) string {
	return fmt.Sprintf("%s, a zip of %.2f MB, sha256 %s", w.Handler, float64(len(w.zip))/1e6, short(w.sha256))
}

func showVPC(v scfapi.VPC) string {
	if v == (scfapi.VPC{}) {
		return "no VPC"
	}
	return v.VpcId + " " + v.SubnetId
}

func showAsync(a scfapi.AsyncConfig) string {
	return fmt.Sprintf("%d after a failed run, events wait %d s at most", a.RetryNum, a.MsgTTL)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
