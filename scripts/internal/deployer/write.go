package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vodevents/scripts/internal/scfapi"
)

// create makes a function. SCF may not see a new role for some seconds, so create
// retries for half a minute if the role is missing.
func (d *deployer) create(ctx context.Context, p *plan) error {
	const step, patience = 3 * time.Second, 30 * time.Second
	p.have = present{Function: scfapi.Function{Description: p.mark.String()}, found: true}
	for waited := time.Duration(0); ; waited += step {
		err := d.write(ctx, p, true, func() error { return d.api.CreateFunction(ctx, p.createRequest()) })
		if !scfapi.Is(err, "ResourceNotFound.Role", "UnauthorizedOperation.Role") || waited >= patience {
			return err
		}
		if err := d.wait(ctx, step); err != nil {
			return err
		}
	}
}

// errOther means that somebody else changed the function after we looked at it.
var errOther = errors.New("somebody else is deploying it: its description has changed since this run looked at it\n  → wait for the other one to end, then run this again")

// write sends one write and waits until the function is Active. If the function is
// busy, it waits and tries again. If the answer was lost, it looks first: if the
// function has the new mark, the write was done.
func (d *deployer) write(ctx context.Context, p *plan, marks bool, send func() error) error {
	const most = 5
	for try := 1; ; try++ {
		err := send()
		again := scfapi.Busy(err) || scfapi.Lost(err)
		if err != nil && !again {
			return err
		}
		f, found, settled := d.settle(ctx, p.want.Name)
		switch {
		case settled != nil:
			return settled
		case found && failed(f):
			return fmt.Errorf("%s: %s\n  → %s", f.Status, reasons(f), afterFailure(f))
		case found && f.Description != p.have.Description && f.Description != p.mark.String():
			return errOther
		case err == nil, marks && found && f.Description == p.mark.String(): // done, though its answer was lost
			return d.wait(ctx, calm)
		case try == most:
			return err
		}
		if err := d.wait(ctx, time.Duration(try)*calm); err != nil {
			return err
		}
	}
}

// failed tells whether the last write failed.
func failed(f scfapi.Function) bool {
	return f.Status == scfapi.CreateFailed || f.Status == scfapi.UpdateFailed || f.Status == "PublishFailed"
}

// afterFailure says what to do about a function in a failed state.
func afterFailure(f scfapi.Function) string {
	if f.Status == scfapi.CreateFailed {
		return "if CLS was never activated in this account, activate it at https://console.cloud.tencent.com/cls; then run this again: it deletes the function and makes it again"
	}
	return "the earlier version still serves; run this again to send the new one"
}

// calm is the pause between the moment when a function becomes Active and the next
// write. Terraform's provider waits, too.
const calm = 3 * time.Second

// settle waits until no change of a function is under way, and returns it.
func (d *deployer) settle(ctx context.Context, name string) (f scfapi.Function, found bool, err error) {
	const step, most = time.Second, 300
	for range most {
		f, found, err = d.api.GetFunction(ctx, name)
		if err != nil || !found {
			return f, found, err
		}
		switch f.Status {
		case scfapi.Creating, scfapi.Updating, scfapi.Publishing, scfapi.Deleting:
		default:
			if f.AvailableStatus == "InsufficientBalance" {
				return f, found, fmt.Errorf("%s: the account is in arrears, and SCF stopped the function\n  → top up the account, then run this again", name)
			}
			return f, found, nil
		}
		if err := d.wait(ctx, step); err != nil {
			return f, found, err
		}
	}
	return f, found, fmt.Errorf("%s has been %s for five minutes\n  → look at it in the console, and run this again later", name, f.Status)
}

// delete deletes a function and waits until it is gone.
func (d *deployer) delete(ctx context.Context, name string) error {
	const most = 5
	for try := 1; ; try++ {
		err := d.api.DeleteFunction(ctx, name)
		if err != nil && !scfapi.Busy(err) && !scfapi.Lost(err) {
			return err
		}
		f, found, settled := d.settle(ctx, name)
		switch {
		case settled != nil:
			return settled
		case !found:
			return nil
		case err == nil && f.Status == scfapi.DeleteFailed:
			err = fmt.Errorf("%s: %s\n  → run this again; if it stays, delete the function in the console", f.Status, reasons(f))
		case err == nil && try < most: // accepted, but not begun yet
		}
		if try == most {
			if err == nil {
				err = fmt.Errorf("%s is still there after %d deletions\n  → delete it in the console", name, most)
			}
			return err
		}
		if err := d.wait(ctx, time.Duration(try)*calm); err != nil {
			return err
		}
	}
}
