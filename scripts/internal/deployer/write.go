package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vodevents/scripts/internal/scfapi"
)

// create makes a function. A new role is not seen everywhere at once, so its
// absence is borne for half a minute.
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

// errOther is a write that somebody else made between our look and our write.
var errOther = errors.New("somebody else deploys it right now, for its description changed since it was looked at\n  → wait for the other one to end, then run this again")

// write sends one write and waits until the function is Active. Where it is busy,
// it waits and tries again. Where the answer was lost it looks first: if the write
// marks the function, one that carries the new mark was written.
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
		return "if CLS was never opened in this account, open it at https://console.cloud.tencent.com/cls; then run this again: it deletes the function and makes it anew"
	}
	return "what was there before still serves; run this again, and it is sent again"
}

// calm is how long to wait after a function became Active, before the next write.
// Terraform's provider does so too.
const calm = 3 * time.Second

// settle waits until nothing goes on with a function, and returns it.
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
				return f, found, fmt.Errorf("%s: the account is in arrears, and SCF stopped the function\n  → charge the account, then run this again", name)
			}
			return f, found, nil
		}
		if err := d.wait(ctx, step); err != nil {
			return f, found, err
		}
	}
	return f, found, fmt.Errorf("%s is %s for five minutes now\n  → look at it in the console, and run this again later", name, f.Status)
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
		case err == nil && try < most: // accepted, and not begun yet
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
