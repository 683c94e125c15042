package vod

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"vodevents/shared/internal/jsonscan"
)

const (
	// MaxEvents is how many events a PullEvents brings (266/33433) and how many
	// handles a ConfirmEvents takes (266/33434).
	MaxEvents = 16

	// Lease is how long VOD keeps a pulled event from other pulls. The event
	// must be confirmed within that time (266/33433). It cannot be extended.
	Lease = 30 * time.Second
)

// application is the parameter that all actions have. Accounts that opened VOD
// since 2023-12-25 must send it, even for their default application. Older
// accounts may leave it out; 0 does.
type application struct {
	SubAppId uint64 `json:",omitempty"`
}

// PullEvents takes up to [MaxEvents] events of an application from the queue of
// reliable callbacks, for the time of [Lease]. If none waits, VOD holds the call
// for up to 5 s; if none comes, the error is [ErrEmpty] (266/33433). VOD takes
// 100 calls a second.
//
// Each event has the bytes that VOD sent. The events share one buffer, but none
// can grow into the next. An event that is not JSON is among them and is not
// Valid. If the answer breaks off, PullEvents returns the events before that and
// an error, [ErrRetry]: VOD has leased them.
//
// If ctx ends during a pull, VOD may have leased events that nobody gets until
// [Lease] is over.
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

// ConfirmEvents takes events out of the queue for good. It names them by their
// handles, at most [MaxEvents] in a call (266/33434). VOD takes 100 calls a
// second. It gives one answer for the whole group: see [ErrBadHandle]. Without
// handles no call is made.
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

// DescribeEventsState returns about how many events wait (266/48758). The number
// is about 3 minutes old, so do not use it to decide whether to pull. A number in
// quotes, or with a fraction of zero, is read. A value that is not a count, such
// as -1, is [ErrStrange]. VOD takes 20 calls a second.
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

// readCount reads a count out of JSON: 23, "23", 23.0 or 2.3e1. Everything else that Go
// reads as a number, such as 0x17, is none, and so is what a float64 rounds to a whole
// number.
func readCount(value json.RawMessage) (uint64, bool) {
	text := string(value)
	if strings.HasPrefix(text, `"`) && json.Unmarshal(value, &text) != nil {
		return 0, false
	}
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return n, true
	}
	if text == "" || text[0]-'0' > 9 || !json.Valid([]byte(text)) {
		return 0, false
	}
	digits, whole := jsonscan.Whole(text)
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, whole && err == nil
}

// EventConfig says how an application gets its events.
type EventConfig struct {
	Mode            string // PUSH: normal callbacks; PULL: reliable callbacks. Never both
	NotificationUrl string // where normal callbacks in the 3.0 format go

	// ON or OFF. Only these three kinds have a switch. All start as OFF.
	UploadMediaCompleteEventSwitch string // NewFileUpload
	DeleteMediaCompleteEventSwitch string // FileDeleted
	PersistenceCompleteEventSwitch string // PersistenceComplete
}

// DescribeEventConfig returns the configuration of an application. VOD does not
// return the SignKey. It takes 20 calls a second.
func (c *Client) DescribeEventConfig(ctx context.Context, subAppId uint64) (EventConfig, error) {
	var r EventConfig
	err := c.describe(ctx, "DescribeEventConfig", application{subAppId}, &r)
	return r, err
}

// EventConfigChange is a change of an [EventConfig]. What is nil stays as it is.
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

// ModifyEventConfig changes the configuration of an application (266/37542). Those
// who receive its events today may get no more of them. A change takes effect
// after about 10 minutes: an old README of Tencent's says so, in
// tencentyun/vod-xiaoshipin-server, but no page does. VOD takes 20 calls a second.
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
		return c.strange(action, err)
	}
	return nil
}
