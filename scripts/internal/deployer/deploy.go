package main

import (
	"context"
	"fmt"

	"vodevents/scripts/internal/scfapi"
	"vodevents/scripts/internal/serverless"
)

// deploy makes the functions in the cloud match serverless.yml.
func (d *deployer) deploy(ctx context.Context, f *serverless.File) error {
	if d.api != nil {
		if err := d.lookAtRole(ctx, f); err != nil {
			return err
		}
	}
	dir, remove, err := d.executables(ctx)
	if err != nil {
		return err
	}
	defer remove()
	functions, err := d.want(f, dir)
	if err != nil {
		return err
	}
	plans, err := d.plan(ctx, functions)
	if err != nil {
		return err
	}
	writes := d.show(plans)
	if d.dryRun {
		d.say("\nThe calls that would change something:")
		for _, p := range plans {
			for _, c := range p.calls() {
				d.say("  %s", c.show(p.want))
			}
		}
		d.say("Not deployed: -dry-run.")
		return nil
	}
	if writes {
		if err := d.consent(ctx, "Deploy this?", d.yes); err != nil {
			return err
		}
		if err := d.carryOut(ctx, plans); err != nil {
			return err
		}
	} else {
		d.say("Nothing to change: the cloud matches serverless.yml and the settings.")
	}
	return d.after(ctx, f, functions)
}

// plan compares every function with what is there.
func (d *deployer) plan(ctx context.Context, functions []*function) (plans []*plan, err error) {
	for _, w := range functions {
		have, err := d.look(ctx, w.Name)
		if err != nil {
			return nil, err
		}
		for _, v := range have.Environment.Variables {
			d.mask.variable(v.Key, v.Value) // SCF returns old secrets too
		}
		p, err := newPlan(w, have, d.force)
		if err != nil {
			return nil, err
		}
		plans = append(plans, p)
	}
	return plans, nil
}

// show prints the difference. It tells whether there is any.
func (d *deployer) show(plans []*plan) (writes bool) {
	created := false
	for _, p := range plans {
		d.say("\n%s", p.want.Name)
		for _, line := range p.lines {
			d.say("  %s", line)
		}
		if len(p.lines) == 0 {
			d.say("  = nothing to change")
		}
		for _, note := range p.notes {
			d.say("  ! %s", note)
		}
		writes = writes || p.writes()
		created = created || p.create
	}
	d.say("")
	if created {
		d.say("An account that never activated CLS, the log service, gets CreateFailed on its first function:")
		d.say("activate it once at https://console.cloud.tencent.com/cls. Without it there are no logs, and events parked in the log are lost.")
	}
	return writes
}

// carryOut makes the changes: the functions first, then the function URL, then the
// timers. So nothing is pulled before everything is in place.
func (d *deployer) carryOut(ctx context.Context, plans []*plan) error {
	for _, p := range plans {
		if err := d.writeFunction(ctx, p); err != nil {
			return fmt.Errorf("%s: %w", p.want.Name, err)
		}
		if err := d.writeAsync(ctx, p); err != nil {
			return fmt.Errorf("%s: %w", p.want.Name, err)
		}
	}
	for _, timer := range []bool{false, true} {
		for _, p := range plans {
			if err := d.writeTriggers(ctx, p, timer); err != nil {
				return fmt.Errorf("%s: %w", p.want.Name, err)
			}
		}
	}
	return nil
}

// writeFunction creates or updates one function: code, then configuration.
func (d *deployer) writeFunction(ctx context.Context, p *plan) error {
	name := p.want.Name
	if p.create {
		if p.have.found {
			d.say("%s: deleting what failed", name)
			if err := d.delete(ctx, name); err != nil {
				return err
			}
		}
		d.say("%s: creating", name)
		if err := d.create(ctx, p); err != nil {
			return err
		}
		return d.noteHash(ctx, p)
	}
	if p.code {
		d.say("%s: sending the code", name)
		err := d.write(ctx, p, false, func() error { return d.api.UpdateFunctionCode(ctx, p.codeRequest()) })
		if err != nil {
			return err
		}
		if err := d.readHash(ctx, p); err != nil {
			return err
		}
	}
	if p.config {
		d.say("%s: changing the configuration", name)
		return d.writeConfig(ctx, p)
	}
	return nil
}

// writeConfig writes the configuration with the mark, and checks that it took effect.
func (d *deployer) writeConfig(ctx context.Context, p *plan) error {
	r := p.configRequest()
	if err := d.write(ctx, p, true, func() error { return d.api.UpdateFunctionConfiguration(ctx, r) }); err != nil {
		return err
	}
	f, _, err := d.settle(ctx, p.want.Name)
	if err == nil && p.want.vpc != nil && f.VpcConfig != *p.want.vpc {
		return fmt.Errorf("it is in %s, but should be in %s: SCF did not change it\n  → change the network in the console, then run this again", showVPC(f.VpcConfig), showVPC(*p.want.vpc))
	}
	p.have.Description = p.mark.String()
	return err
}

// writeAsync sets how the timer's events are retried. Keys that may not do that still
// deploy: the setting only saves runs, and no event depends on it.
func (d *deployer) writeAsync(ctx context.Context, p *plan) error {
	if !p.async {
		return nil
	}
	d.say("%s: changing the retries", p.want.Name)
	err := d.write(ctx, p, false, func() error { return d.api.UpdateFunctionEventInvokeConfig(ctx, p.asyncRequest()) })
	if scfapi.Denied(err) || scfapi.Is(err, "UnsupportedOperation") {
		d.say("! They stay as they are: %v", err)
		return nil
	}
	return err
}

// readHash reads the hash that SCF reports for the code that was just sent. If it is
// not the hash of the zip, it goes into the mark.
func (d *deployer) readHash(ctx context.Context, p *plan) error {
	told, err := d.api.CodeSha256(ctx, p.want.Name)
	if err != nil {
		return err
	}
	p.noteTold(told)
	return nil
}

// noteHash completes the mark of a new function.
func (d *deployer) noteHash(ctx context.Context, p *plan) error {
	if err := d.readHash(ctx, p); err != nil || p.mark.as == "" {
		return err
	}
	return d.writeConfig(ctx, p)
}

// writeTriggers writes the timers of a function, or its other triggers. It looks
// first, and again after a lost answer.
func (d *deployer) writeTriggers(ctx context.Context, p *plan, timer bool) error {
	const again = 5
	for left := again + len(p.triggers); ; left-- {
		have, err := d.api.ListTriggers(ctx, p.want.Name)
		if err != nil {
			return err
		}
		var todo *triggerChange
		for _, c := range planTriggers(p.want, have) {
			if (c.write.Type == "timer" || c.old.Type == "timer") == timer {
				todo = &c
				break
			}
		}
		switch {
		case todo == nil:
			return nil
		case left == 0:
			return fmt.Errorf("the trigger %s did not change as asked\n  → look at it in the console", todo.String())
		}
		d.say("%s: trigger %s: %s", p.want.Name, todo.String(), map[string]string{"create": "creating", "update": "changing", "delete": "deleting"}[todo.action])
		if err := d.writeTrigger(ctx, p.want.Name, *todo); err != nil {
			if left == 1 || !scfapi.Busy(err) && !scfapi.Lost(err) {
				return err
			}
		}
		if _, _, err := d.settle(ctx, p.want.Name); err != nil {
			return err
		}
		if err := d.wait(ctx, calm); err != nil {
			return err
		}
	}
}

func (d *deployer) writeTrigger(ctx context.Context, function string, c triggerChange) error {
	switch c.action {
	case "create":
		return d.api.CreateTrigger(ctx, c.write)
	case "delete":
		return d.api.DeleteTrigger(ctx, function, c.old)
	}
	err := d.api.UpdateTrigger(ctx, c.write)
	refused := scfapi.Is(err, "InvalidParameterValue.Type", "UnsupportedOperation")
	switch {
	case refused && c.write.Type == "http":
		return fmt.Errorf("%w\n  → change the function URL in the console: %s. This command does not make it again, because it might get another address, and VOD would call the old one", err, c.write.TriggerDesc)
	case refused:
		if err := d.api.DeleteTrigger(ctx, function, c.old); err != nil {
			return err
		}
		return d.api.CreateTrigger(ctx, c.write)
	}
	return err
}
