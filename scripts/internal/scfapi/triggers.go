package scfapi

import (
	"context"
	"encoding/json"
)

// Qualifier is the alias that the triggers call. It points at $LATEST.
const Qualifier = "$DEFAULT"

// Trigger is what ListTriggers answers about one trigger.
type Trigger struct {
	TriggerName    string
	Type           string // timer, http and others
	TriggerDesc    string // JSON
	Enable         int    // 1 or 0
	Qualifier      string
	CustomArgument string
	Description    string
}

// WriteTrigger makes a trigger (583/18589) or changes one (583/96828).
type WriteTrigger struct {
	FunctionName   string
	TriggerName    string
	Type           string
	TriggerDesc    string // http: JSON; timer: a bare cron
	Namespace      string
	Qualifier      string
	Enable         string  // OPEN or CLOSE
	CustomArgument *string `json:",omitempty"` // of timers; nil: none, or unchanged
	Description    string
}

// Argument is the timer's CustomArgument, the Message of its events.
func (t WriteTrigger) Argument() string {
	if t.CustomArgument == nil {
		return ""
	}
	return *t.CustomArgument
}

// HTTPDesc is the TriggerDesc of a function URL (583/100227). Only answers have
// ExtranetUrl.
type HTTPDesc struct {
	AuthType  string
	NetConfig struct {
		EnableIntranet, EnableExtranet bool
		ExtranetUrl                    string `json:",omitempty"`
	}
}

// HTTP returns the description of a function URL. It is zero if there is none.
func (t Trigger) HTTP() (d HTTPDesc) {
	json.Unmarshal([]byte(t.TriggerDesc), &d) // another shape has no URL
	return d
}

// Cron returns the expression of a timer. A write has it bare; answers have
// {"cron":"…"}.
func (t Trigger) Cron() string {
	var d struct {
		Cron string `json:"cron"`
	}
	if json.Unmarshal([]byte(t.TriggerDesc), &d) == nil {
		return d.Cron
	}
	return t.TriggerDesc
}

// ListTriggers returns all triggers of a function, none if there is no such function.
func (c *Client) ListTriggers(ctx context.Context, function string) ([]Trigger, error) {
	const page = 100
	var all []Trigger
	for range maxPages {
		var a struct {
			TotalCount int
			Triggers   []Trigger
		}
		err := c.call(ctx, "scf", "ListTriggers", struct {
			named
			Offset, Limit int
		}{named{function, Namespace}, len(all), page}, &a)
		if absent(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, a.Triggers...)
		if len(a.Triggers) == 0 || len(all) >= a.TotalCount {
			return all, nil
		}
	}
	return nil, endless("ListTriggers")
}

// CreateTrigger makes a trigger.
func (c *Client) CreateTrigger(ctx context.Context, t WriteTrigger) error {
	return c.call(ctx, "scf", "CreateTrigger", t, nil)
}

// UpdateTrigger changes a trigger.
func (c *Client) UpdateTrigger(ctx context.Context, t WriteTrigger) error {
	return c.call(ctx, "scf", "UpdateTrigger", t, nil)
}

// DeleteTrigger deletes a trigger. It is not an error if there is none.
func (c *Client) DeleteTrigger(ctx context.Context, function string, t Trigger) error {
	err := c.call(ctx, "scf", "DeleteTrigger", struct {
		named
		TriggerName, Type, Qualifier string
	}{named{function, Namespace}, t.TriggerName, t.Type, t.Qualifier}, nil)
	if absent(err) || Is(err, "ResourceNotFound.Trigger", "ResourceNotFound.Timer") {
		return nil
	}
	return err
}
