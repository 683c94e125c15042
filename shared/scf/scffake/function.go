package scffake

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	"vodevents/shared/scf/local"
)

// Status is the state of a function (583/115197, 583/47175).
type Status string

// The states that a function of the stand-in can be in.
const (
	Creating     Status = "Creating"
	Active       Status = "Active"
	CreateFailed Status = "CreateFailed"
	Updating     Status = "Updating"
	UpdateFailed Status = "UpdateFailed" // the earlier content still serves
	Deleting     Status = "Deleting"
	DeleteFailed Status = "DeleteFailed"
)

// Variable is one variable of a function's environment.
type Variable struct{ Key, Value string }

// Environment is the whole list; an update replaces it.
type Environment struct{ Variables []Variable }

// VpcConfig is the network of a function; empty ids: none.
type VpcConfig struct{ VpcId, SubnetId string }

// PublicNetConfig says whether a function reaches the public network.
type PublicNetConfig struct {
	PublicNetStatus string // ENABLE or DISABLE
	EipConfig       EipConfig
}

// EipConfig says whether a function has a fixed exit address.
type EipConfig struct {
	EipStatus  string   // ENABLE or DISABLE
	EipAddress []string `json:",omitempty"`
}

// Tag is a tag of a function.
type Tag struct{ Key, Value string }

// Reason is why a function is in a state.
type Reason struct{ ErrorCode, ErrorMessage string }

// Settings are what CreateFunction and the updates set.
type Settings struct {
	Handler         string
	Description     string
	MemorySize      int // MB
	Timeout         int // s
	InitTimeout     int // s
	Environment     Environment
	Role            string
	VpcConfig       VpcConfig
	PublicNetConfig *PublicNetConfig // nil: never set
	ClsLogsetId     string
	ClsTopicId      string
}

// function is one function. The fields of an operation in progress take effect
// when it ends well.
type function struct {
	place
	Settings
	id       string
	runtime  string
	code     *code
	tags     []Tag
	status   Status
	reasons  []Reason
	added    time.Time
	modified time.Time
	active   time.Time // when it became Active
	busy     *operation
	triggers []*trigger
	retries  int // of asynchronous invocations
	ttl      int // s, of events that wait
	reserved int // MB; 0: none
	pool     *instances
	log      *lineLog
}

// operation is a write that takes time.
type operation struct {
	until time.Time
	polls int     // left, with Options.StatePolls
	done  func()  // takes effect if it succeeds
	fails *Reason // why it fails; nil: it succeeds
	ends  Status  // the state that it ends in
}

// start begins an operation in the state meanwhile.
func (s *Server) start(c *Call, f *function, meanwhile, failed Status, done func()) {
	op := &operation{until: s.now().Add(max(0, s.opt.StateTime)), polls: s.opt.StatePolls, done: done, ends: Active}
	if c.is(Ends) {
		code := c.fault.Code
		if code == "" {
			code = "FailedOperation"
		}
		op.fails, op.ends = &Reason{code, "The call was made to fail."}, failed
	}
	f.busy, f.status, f.reasons = op, meanwhile, nil
	f.modified = s.now()
	s.settle(f)
}

// settle ends an operation whose time is over. Call it before reading a function.
func (s *Server) settle(f *function) {
	op := f.busy
	if op == nil {
		return
	}
	over := !s.now().Before(op.until)
	if s.opt.StatePolls > 0 {
		over = op.polls <= 0
	}
	if !over {
		return
	}
	f.busy, f.status = nil, op.ends
	if op.fails != nil {
		f.reasons = []Reason{*op.fails}
		return
	}
	f.active = op.until
	if s.opt.StatePolls > 0 {
		f.active = s.now()
	}
	op.done()
}

// find returns a function, settled.
func (s *Server) find(c *Call, t target) (*function, error) {
	if t.Namespace != "" && t.Namespace != "default" {
		return nil, apiError("ResourceNotFound.Namespace", "The namespace does not exist.")
	}
	if t.FunctionName == "" {
		return nil, apiError("MissingParameter", "The request is missing FunctionName.")
	}
	f := s.functions[place{c.Region, t.FunctionName}]
	if f != nil {
		s.settle(f)
		f = s.functions[f.place] // it may be gone
	}
	if f == nil {
		return nil, apiError(s.either("ResourceNotFound.Function", "ResourceNotFound.FunctionName"), "The function does not exist.")
	}
	return f, nil
}

// findIdle returns a function that can be written to: an update needs Active or
// UpdateFailed.
func (s *Server) findIdle(c *Call, t target) (*function, error) {
	f, err := s.find(c, t)
	if err != nil {
		return nil, err
	}
	usable := f.status == Active || f.status == UpdateFailed
	if usable && f.status == Active && s.now().Before(f.active.Add(s.opt.Settle)) {
		usable = false
	}
	if !usable {
		return nil, s.busyError(c, f)
	}
	return f, nil
}

// busyError is the answer to a write in a wrong state.
func (s *Server) busyError(c *Call, f *function) error {
	code := s.opt.BusyCode
	if code == "" {
		code = "FailedOperation." + c.Action
	}
	return apiError(code, fmt.Sprintf("The function is in the status %s; try again later.", f.status))
}

// either returns one of two codes that the pages list for one thing.
func (s *Server) either(first, second string) string {
	if s.opt.OtherCodes {
		return second
	}
	return first
}

// instances are the running instances of a function, all with the same settings.
type instances struct {
	*local.Pool
	busy sync.WaitGroup // events; Add only with the Server's lock
}

// replace takes the function's instances out of use, so that the next event meets
// new ones. Those that are busy finish their event.
func (s *Server) replace(f *function) {
	old := f.pool
	f.pool = nil
	if old == nil {
		return
	}
	s.work.Go(func() {
		old.busy.Wait()
		old.Close()
	})
}

var (
	regionForm = regexp.MustCompile(`^[a-z]{2,}-[a-z0-9-]+$`)
	nameForm   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*[A-Za-z0-9]$`)
	keyForm    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
)

// Function is what the stand-in knows about a function, for tests.
type Function struct {
	Settings
	Name     string
	Region   string
	Runtime  string
	Status   Status
	Tags     []Tag
	SHA256   string // of the zip that serves
	Triggers []Trigger
	Reserved int // MB; 0: none
	Retries  int // of asynchronous invocations
	MsgTTL   int // s
}

// Function returns the function of a name, if it exists. It does not count as a
// poll.
func (s *Server) Function(region, name string) (Function, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.functions[place{region, name}]
	if f != nil {
		s.settle(f)
		f = s.functions[place{region, name}]
	}
	if f == nil {
		return Function{}, false
	}
	return s.describe(f), true
}

// Functions returns all functions of all regions, by region and name.
func (s *Server) Functions() []Function {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Function
	for _, f := range s.sorted("") {
		list = append(list, s.describe(f))
	}
	return list
}

func (s *Server) describe(f *function) Function {
	d := Function{
		Settings: f.Settings,
		Name:     f.name,
		Region:   f.region,
		Runtime:  f.runtime,
		Status:   f.status,
		Tags:     slices.Clone(f.tags),
		Reserved: f.reserved,
		Retries:  f.retries,
		MsgTTL:   f.ttl,
	}
	if f.code != nil {
		d.SHA256 = f.code.sha256
	}
	for _, t := range f.triggers {
		d.Triggers = append(d.Triggers, t.info(s))
	}
	return d
}

// sorted returns the functions of a region, or of all for "", settled.
func (s *Server) sorted(region string) []*function {
	var list []*function
	for at, f := range s.functions {
		s.settle(f)
		if s.functions[at] != nil && (region == "" || at.region == region) {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b *function) int {
		if a.region != b.region {
			return cmp.Compare(a.region, b.region)
		}
		return cmp.Compare(a.name, b.name)
	})
	return list
}
