package scfapi

import (
	"context"
	"encoding/json"
	"slices"
)

// Namespace is where the functions are. Every account has it.
const Namespace = "default"

// The values of [Function.Status] (583/115197).
const (
	Active       = "Active"
	Creating     = "Creating"
	Updating     = "Updating"
	Publishing   = "Publishing"
	Deleting     = "Deleting"
	CreateFailed = "CreateFailed" // it can only be deleted
	UpdateFailed = "UpdateFailed" // the earlier version still serves
	DeleteFailed = "DeleteFailed"
)

// Variable is one environment variable.
type Variable struct{ Key, Value string }

// Environment has all variables of a function. A write replaces them all.
type Environment struct{ Variables []Variable }

// VPC is a network and one of its subnets. Both are empty for none.
type VPC struct {
	VpcId    string
	SubnetId string
}

// PublicNet says whether a function reaches the public network. In a VPC it does
// only if the status is ENABLE.
type PublicNet struct {
	PublicNetStatus string // ENABLE or DISABLE
	EipConfig       struct{ EipStatus string }
}

// NewPublicNet is a public network without an address of its own.
func NewPublicNet() *PublicNet {
	n := &PublicNet{PublicNetStatus: "ENABLE"}
	n.EipConfig.EipStatus = "DISABLE"
	return n
}

// Function is what GetFunction answers.
type Function struct {
	FunctionName    string
	Status          string
	StatusDesc      string
	StatusReasons   []StatusReason
	AvailableStatus string // Available, or InsufficientBalance
	Type            string // Event or HTTP
	Runtime         string
	Handler         string
	MemorySize      int // MB
	Timeout         int // s
	Role            string
	Description     string
	Environment     Environment // secret
	VpcConfig       VPC
	PublicNetConfig *PublicNet
	ClsLogsetId     string
	ClsTopicId      string
	ModTime         string
}

// StatusReason says why a function failed.
type StatusReason struct{ ErrorCode, ErrorMessage string }

// Code is a function's code: a zip, in base64 as JSON has it.
type Code struct{ ZipFile []byte }

// CreateFunction is a new function (583/18586).
type CreateFunction struct {
	FunctionName    string
	Namespace       string
	Type            string
	Runtime         string
	Handler         string
	MemorySize      int
	Timeout         int
	Role            string `json:",omitempty"`
	Code            Code
	Environment     *Environment `json:",omitempty"`
	VpcConfig       *VPC         `json:",omitempty"`
	PublicNetConfig *PublicNet   `json:",omitempty"`
	Description     string
}

// UpdateFunctionCode replaces the code (583/18581). A handler can change only
// here.
type UpdateFunctionCode struct {
	FunctionName string
	Namespace    string
	Handler      string
	Code         Code
	Publish      string // FALSE
}

// UpdateFunctionConfiguration changes everything else (583/18580).
type UpdateFunctionConfiguration struct {
	FunctionName    string
	Namespace       string
	MemorySize      int
	Timeout         int
	Role            string
	Environment     Environment
	VpcConfig       *VPC       `json:",omitempty"` // nil: unchanged
	PublicNetConfig *PublicNet `json:",omitempty"` // nil: unchanged
	Description     string
}

// named has the parameters that only name a function.
type named struct{ FunctionName, Namespace string }

// GetFunction returns a function. If there is none, found is false.
func (c *Client) GetFunction(ctx context.Context, name string) (f Function, found bool, err error) {
	err = c.call(ctx, "scf", "GetFunction", struct {
		named
		ShowCode string
	}{named{name, Namespace}, "FALSE"}, &f)
	if absent(err) {
		return Function{}, false, nil
	}
	return f, err == nil, err
}

// absent tells whether an error says that there is no such function.
func absent(err error) bool {
	return Is(err, "ResourceNotFound.Function", "ResourceNotFound.FunctionName", "InvalidParameterValue.FunctionName")
}

// CodeSha256 returns the hash of a function's code as SCF reports it, 64 hex
// digits. It is not documented whether that is the hash of the zip that was sent
// (583/37164).
func (c *Client) CodeSha256(ctx context.Context, name string) (string, error) {
	var a struct{ CodeSha256 string }
	err := c.call(ctx, "scf", "GetFunctionAddress", named{name, Namespace}, &a)
	return a.CodeSha256, err
}

// CreateFunction begins to make a function.
func (c *Client) CreateFunction(ctx context.Context, f CreateFunction) error {
	return c.call(ctx, "scf", "CreateFunction", f, nil)
}

// UpdateFunctionCode begins to replace a function's code.
func (c *Client) UpdateFunctionCode(ctx context.Context, f UpdateFunctionCode) error {
	return c.call(ctx, "scf", "UpdateFunctionCode", f, nil)
}

// UpdateFunctionConfiguration begins to change a function's configuration.
func (c *Client) UpdateFunctionConfiguration(ctx context.Context, f UpdateFunctionConfiguration) error {
	return c.call(ctx, "scf", "UpdateFunctionConfiguration", f, nil)
}

// DeleteFunction begins to delete a function with its triggers. It is not an error if
// there is none.
func (c *Client) DeleteFunction(ctx context.Context, name string) error {
	err := c.call(ctx, "scf", "DeleteFunction", named{name, Namespace}, nil)
	if absent(err) {
		return nil
	}
	return err
}

// AsyncConfig says what SCF does with an event of an asynchronous trigger, such as a
// timer, if it found no instance or its run failed (583/41138, 583/53639).
type AsyncConfig struct {
	RetryNum int // how often a failed run is repeated, 0 to 2
	MsgTTL   int // how long an event waits for an instance, 60 to 21600 s
}

// AsyncConfig returns how the function's asynchronous events are retried.
func (c *Client) AsyncConfig(ctx context.Context, name string) (AsyncConfig, error) {
	var a struct {
		AsyncTriggerConfig struct {
			RetryConfig []retryNum
			MsgTTL      int
		}
	}
	err := c.call(ctx, "scf", "GetFunctionEventInvokeConfig", named{name, Namespace}, &a)
	config := AsyncConfig{RetryNum: -1, MsgTTL: a.AsyncTriggerConfig.MsgTTL}
	if retries := a.AsyncTriggerConfig.RetryConfig; len(retries) > 0 {
		config.RetryNum = retries[0].RetryNum
	}
	return config, err
}

// retryNum is an element of RetryConfig: {"RetryNum":1}, and in a sample of
// GetFunctionEventInvokeConfig a bare number.
type retryNum struct{ RetryNum int }

func (r *retryNum) UnmarshalJSON(text []byte) error {
	if json.Unmarshal(text, &r.RetryNum) == nil {
		return nil
	}
	type plain retryNum
	return json.Unmarshal(text, (*plain)(r))
}

// UpdateAsyncConfig is the request that changes how asynchronous events are retried
// (583/53639).
type UpdateAsyncConfig struct {
	FunctionName       string
	Namespace          string
	AsyncTriggerConfig struct {
		RetryConfig [1]retryNum
		MsgTTL      int
	}
}

// NewUpdateAsyncConfig returns the request for a function.
func NewUpdateAsyncConfig(name string, a AsyncConfig) UpdateAsyncConfig {
	r := UpdateAsyncConfig{FunctionName: name, Namespace: Namespace}
	r.AsyncTriggerConfig.RetryConfig[0].RetryNum = a.RetryNum
	r.AsyncTriggerConfig.MsgTTL = a.MsgTTL
	return r
}

// UpdateFunctionEventInvokeConfig changes how asynchronous events are retried.
func (c *Client) UpdateFunctionEventInvokeConfig(ctx context.Context, r UpdateAsyncConfig) error {
	return c.call(ctx, "scf", "UpdateFunctionEventInvokeConfig", r, nil)
}

// InvokeResult is the result of one run of a function.
type InvokeResult struct {
	RetMsg            string // the function's result
	ErrMsg            string // not empty: the function failed
	InvokeResult      int
	FunctionRequestId string
	Duration          float64 // ms
	MemUsage          int64   // bytes
}

// Invoke runs a function with an event and waits for its result (583/17243).
func (c *Client) Invoke(ctx context.Context, name, qualifier string, event json.RawMessage) (InvokeResult, error) {
	var a struct{ Result InvokeResult }
	err := c.call(ctx, "scf", "Invoke", struct {
		named
		InvocationType, Qualifier, ClientContext string
	}{named{name, Namespace}, "RequestResponse", qualifier, string(event)}, &a)
	a.Result.RetMsg, a.Result.ErrMsg = c.o.Mask(a.Result.RetMsg), c.o.Mask(a.Result.ErrMsg)
	return a.Result, err
}

// CheckAccount makes the cheapest call of SCF. An error means that SCF is not activated
// or that the keys do not work.
func (c *Client) CheckAccount(ctx context.Context) error {
	return c.call(ctx, "scf", "GetAccount", struct{}{}, nil)
}

// Sorted returns the variables by key.
func (e Environment) Sorted() []Variable {
	return slices.SortedFunc(slices.Values(e.Variables), func(a, b Variable) int {
		switch {
		case a.Key < b.Key:
			return -1
		case a.Key > b.Key:
			return 1
		}
		return 0
	})
}
