package vod

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const (
	// MaxEvents is how many events a PullEvents brings (266/33433) and how many
	// handles a ConfirmEvents takes (266/33434).
	MaxEvents = 16

	// Lease is how long a pulled event is kept from other pulls; within it the
	// event must be confirmed (266/33433). Nothing prolongs it.
	Lease = 30 * time.Second
)

// application is the parameter that all actions have. Accounts that opened VOD
// since 2023-12-25 must send it, even for their default application; others may
// leave it out, which 0 does.
type application struct {
	SubAppId uint64 `json:",omitempty"`
}

// PullEvents takes up to [MaxEvents] events of an application from the queue of
// reliable callbacks, for the time of [Lease]. If none waits, VOD holds the call
// for up to 5 s; if none comes, the error is [ErrEmpty] (266/33433). VOD takes
// 100 calls a second.
//
// Each event is as VOD sent it, byte by byte. They share one buffer, but none
// can grow into the next. One that is no JSON is among them and is not Valid. When
// the answer breaks off, the events before that come with an error, [ErrRetry]:
// VOD has lent them all the same.
//
// When ctx ends during a pull, VOD may have leased events that nobody will see
// for [Lease].
func (c *Client) PullEvents(ctx context.Context, subAppId uint64) ([]Element, error) {
	const action = "PullEvents"
	e, err := c.call(ctx, action, application{subAppId})
	if err != nil {
		return e.events, err
	}
	if len(e.events) == 0 { // documented as possible, beside ResourceNotFound
		return nil, c.refuse(&Error{Action: action, Code: "ResourceNotFound", Message: "EventSet is empty"})
	}
	return e.events, nil
}

// ConfirmEvents takes events out of the queue for good, by their handles, at
// most [MaxEvents] of them (266/33434). VOD takes 100 calls a second. It
// answers for the group as a whole: see [ErrBadHandle]. No handles, no call.
func (c *Client) ConfirmEvents(ctx context.Context, subAppId uint64, handles []string) error {
	switch n := len(handles); {
	case n == 0:
		return nil
	case n > MaxEvents:
		return fmt.Errorf("vod: ConfirmEvents takes at most %d handles a call, not %d", MaxEvents, n)
	}
	_, err := c.call(ctx, "ConfirmEvents", struct {
		application
		EventHandles []string
	}{application{subAppId}, handles})
	return err
}

// DescribeEventsState returns about how many events wait (266/48758). The
// number is some 3 minutes old: do not decide by it whether to pull. A number in
// quotes, or one with a zero fraction, is read; what is no count, such as -1, is
// [ErrStrange]. VOD takes 20 calls a second.
func (c *Client) DescribeEventsState(ctx context.Context, subAppId uint64) (uint64, error) {
	const action = "DescribeEventsState"
	var r struct{ CountOfEventsToPull json.RawMessage }
	if err := c.describe(ctx, action, application{subAppId}, &r); err != nil {
		return 0, err
	}
	n, ok := readCount(r.CountOfEventsToPull)
	if !ok {
		text := "missing"
		if r.CountOfEventsToPull != nil {
			text = excerpt(r.CountOfEventsToPull)
		}
		return 0, c.refuse(&Error{Action: action, Code: codeStrange, Message: "CountOfEventsToPull is " + text})
	}
	return n, nil
}

// readCount reads a count out of JSON: 23, "23", 23.0 or 2.3e1.
func readCount(value json.RawMessage) (uint64, bool) {
	text := string(value)
	if strings.HasPrefix(text, `"`) && json.Unmarshal(value, &text) != nil {
		return 0, false
	}
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return n, true
	}
	const exact = 1 << 53 // beyond it a float64 skips integers
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || f < 0 || f > exact {
		return 0, false
	}
	return uint64(f), true
}

// EventConfig is how an application gets its events.
type EventConfig struct {
	Mode            string // PUSH: normal callbacks; PULL: reliable callbacks. Never both
	NotificationUrl string // where normal callbacks in the 3.0 format go

	// ON or OFF. Only these three kinds have a switch, and all begin as OFF.
	UploadMediaCompleteEventSwitch string // NewFileUpload
	DeleteMediaCompleteEventSwitch string // FileDeleted
	PersistenceCompleteEventSwitch string // PersistenceComplete
}

// DescribeEventConfig returns the configuration of an application. VOD does not
// give the SignKey away. VOD takes 20 calls a second.
func (c *Client) DescribeEventConfig(ctx context.Context, subAppId uint64) (EventConfig, error) {
	var r EventConfig
	err := c.describe(ctx, "DescribeEventConfig", application{subAppId}, &r)
	return r, err
}

// EventConfigChange is what is to change in an [EventConfig]; nil is left as it
// is.
type EventConfigChange struct {
	Mode            *string `json:",omitempty"`
	NotificationUrl *string `json:",omitempty"` // the empty string removes it

	UploadMediaCompleteEventSwitch *string `json:",omitempty"`
	DeleteMediaCompleteEventSwitch *string `json:",omitempty"`
	PersistenceCompleteEventSwitch *string `json:",omitempty"`

	// SignKey has up to 32 letters and digits. With it VOD signs its normal
	// callbacks.
	SignKey *string `json:",omitempty"`
}

// ModifyEventConfig changes the configuration of an application, and so where
// the events of whoever receives them today go (266/37542). A change takes about
// 10 minutes to work, says an old README of Tencent's, that of
// tencentyun/vod-xiaoshipin-server; no page does. VOD takes 20 calls a second.
func (c *Client) ModifyEventConfig(ctx context.Context, subAppId uint64, change EventConfigChange) error {
	_, err := c.call(ctx, "ModifyEventConfig", struct {
		application
		EventConfigChange
	}{application{subAppId}, change})
	return err
}

// describe calls an action and decodes its Response into r.
func (c *Client) describe(ctx context.Context, action string, params, r any) error {
	e, err := c.call(ctx, action, params)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(e.response, r); err != nil {
		return c.refuse(&Error{Action: action, Code: codeStrange, Message: err.Error()})
	}
	return nil
}
