package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"vodevents/scripts/internal/scfapi"
	"vodevents/scripts/internal/serverless"
)

// removeAll deletes the functions, the one with the timer first. The role stays.
func (d *deployer) removeAll(ctx context.Context, f *serverless.File) error {
	if d.api == nil {
		return errors.New("-remove needs keys: set TENCENT_SECRET_ID and TENCENT_SECRET_KEY")
	}
	names, url, err := d.there(ctx, f)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		d.say("Nothing to remove: neither function is there.")
		return nil
	}
	for _, name := range names {
		d.say("  - %s, with its triggers", name)
	}
	if err := d.checkUnused(ctx, url); err != nil {
		return err
	}
	if d.dryRun {
		d.say("Nothing was removed: -dry-run.")
		return nil
	}
	whole := fmt.Sprintf("%s-%s-%s", f.Name, f.Stage, f.App)
	if !d.yes {
		answer, err := d.ask(ctx, fmt.Sprintf("This removes the function URL for good. To remove the functions, enter the name %s:", whole))
		if err != nil {
			return err
		}
		if answer != whole {
			return errors.New("nothing was removed: that is not the name")
		}
	}
	for _, name := range names {
		if err := d.stopTimers(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		d.say("%s: deleting", name)
		if err := d.delete(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	d.say("Removed. The role stays: other functions may use it.")
	return nil
}

// there returns the functions that exist, in the order of removal, and the function
// URL. A function that this command did not make is an error, unless forced.
func (d *deployer) there(ctx context.Context, f *serverless.File) (names []string, url string, err error) {
	for _, key := range slices.Backward(slices.Sorted(maps.Keys(f.Inputs.Functions))) { // pull, callback
		name := f.FunctionName(key)
		fn, found, err := d.settle(ctx, name)
		if err != nil {
			return nil, "", err
		}
		if !found {
			continue
		}
		if _, ours := parseMark(fn.Description); !ours && !d.force {
			return nil, "", fmt.Errorf("%s: this command did not make it: nothing was removed\n  → if it is yours, say -force", name)
		}
		if fn.Status != scfapi.CreateFailed {
			triggers, err := d.api.ListTriggers(ctx, name)
			if err != nil {
				return nil, "", err
			}
			if u := urlOf(triggers); u != "" {
				url = u
			}
		}
		names = append(names, name)
	}
	return names, url, nil
}

// stopTimers deletes the timers, so that no new run begins while the function is
// deleted.
func (d *deployer) stopTimers(ctx context.Context, name string) error {
	triggers, err := d.api.ListTriggers(ctx, name)
	if scfapi.Busy(err) { // a function that failed has none that fires
		return nil
	}
	if err != nil {
		return err
	}
	for _, t := range triggers {
		if t.Type != "timer" {
			continue
		}
		d.say("%s: trigger timer %s: deleting", name, t.TriggerName)
		if err := d.api.DeleteTrigger(ctx, name, t); err != nil {
			return err
		}
		if _, _, err := d.settle(ctx, name); err != nil {
			return err
		}
		if err := d.wait(ctx, calm); err != nil {
			return err
		}
	}
	return nil
}

// checkUnused refuses to remove a function URL that VOD still calls: events would
// be lost for good.
func (d *deployer) checkUnused(ctx context.Context, url string) error {
	if url == "" {
		return nil
	}
	state, calls := d.vodState(ctx, url)
	if !calls {
		d.say("  VOD %s.", state)
		return nil
	}
	if d.force {
		d.say("  VOD %s: its events will be lost.", state)
		return nil
	}
	return errors.New("VOD still sends its callbacks to this URL, and would lose them: nothing was removed\n" +
		"  → first `go run ./scripts/vodctl config set -mode pull`, or -url with another address, and wait ten minutes; or say -force")
}
