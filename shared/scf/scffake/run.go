package scffake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"vodevents/shared/internal/api3"
	"vodevents/shared/scf/local"
)

// maxLog is how many lines of a function are kept.
const maxLog = 10000

// lineLog is what a function's instances wrote.
type lineLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *lineLog) add(line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) == maxLog {
		l.lines = l.lines[1:]
	}
	l.lines = append(l.lines, string(line))
}

// Log returns the last lines that a function wrote, events included. Lines of
// an invocation may come a moment after its answer.
func (s *Server) Log(region, name string) []string {
	s.mu.Lock()
	f := s.functions[place{region, name}]
	s.mu.Unlock()
	if f == nil {
		return nil
	}
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	return append([]string(nil), f.log.lines...)
}

// starter returns a function that starts an instance of f, with the settings that f
// has now.
func (s *Server) starter(f *function, path string) func(context.Context) (*local.Function, error) {
	env := append(s.environment(f, filepath.Dir(path)), s.opt.Environment...)
	memory, name, lines := f.MemorySize, f.name, f.log
	return func(ctx context.Context) (*local.Function, error) {
		line := func(line []byte) {
			lines.add(line)
			if s.opt.Log != nil {
				s.opt.Log(name, line)
			}
		}
		return local.Start(ctx, path, env, local.WithMemory(memory), local.WithLines(line, line))
	}
}

// environment is what SCF sets in a function's process (583/14570), and the
// function's own variables.
func (s *Server) environment(f *function, dir string) []string {
	env := []string{
		"TENCENTCLOUD_RUNENV=SCF", "TENCENTCLOUD_TZ=UTC",
		"TENCENTCLOUD_REGION=" + f.region, "TENCENTCLOUD_APPID=" + AppId, "TENCENTCLOUD_UIN=" + Uin,
		"SCF_RUNTIME=" + f.runtime, "SCF_NAMESPACE=default", "SCF_FUNCTIONNAME=" + f.name, "SCF_FUNCTIONVERSION=$LATEST",
		"USER_CODE_ROOT=" + dir + "/", "PWD=" + dir, "HOME=/home/qcloud", "USER=qcloud",
		"LANG=en_US.UTF8", "LC_ALL=en_US.UTF8", "PATH=/usr/local/bin:/usr/bin:/bin",
	}
	if f.Role != "" {
		k := s.opt.RoleKeys
		env = append(env, "TENCENTCLOUD_SECRETID="+k.SecretId, "TENCENTCLOUD_SECRETKEY="+k.SecretKey, "TENCENTCLOUD_SESSIONTOKEN="+k.Token)
	}
	for _, v := range f.Environment.Variables {
		env = append(env, v.Key+"="+v.Value)
	}
	return env
}

// run is one invocation, finished or not.
type run struct {
	function string
	id       string
	start    time.Time
	took     time.Duration
	running  bool
	payload  []byte
	err      error
}

func (s *Server) newRun(at place) *run {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &run{function: at.name, id: api3.RequestId(s.rand), start: s.now(), running: true}
	s.runs[r.id] = r
	return r
}

// call gives a function one event. It is called without the lock.
func (s *Server) call(ctx context.Context, r *run, at place, event []byte) *run {
	s.mu.Lock()
	pool, timeout, err := s.ready(at)
	s.mu.Unlock()
	began := time.Now()
	var payload []byte
	if err == nil {
		payload, err = pool.Invoke(ctx, event, timeout, nil)
		pool.busy.Done()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.payload, r.err, r.took, r.running = payload, err, time.Since(began), false
	done := *r
	return &done
}

// ready returns the instances for an event and the function's timeout. The caller
// must call busy.Done after the event. While a function is updated, or after an
// update failed, the earlier version serves.
func (s *Server) ready(at place) (*instances, time.Duration, error) {
	f := s.functions[at]
	if f != nil {
		s.settle(f)
	}
	if f = s.functions[at]; f == nil || f.code == nil {
		return nil, 0, errors.New("the function is not there, or has no code yet")
	}
	if f.runtime != "Go1" {
		return nil, 0, fmt.Errorf("the stand-in runs Go1 only, not %s", f.runtime)
	}
	path, err := s.code.executable(f.code, f.Handler)
	if err != nil {
		return nil, 0, err
	}
	if f.pool == nil {
		f.pool = &instances{Pool: local.NewPool(f.most(), s.starter(f, path))}
	}
	f.pool.busy.Add(1)
	return f.pool, time.Duration(f.Timeout) * time.Second, nil
}

// most is how many instances a function may have: as many as fit into its
// reserved quota (583/49313).
func (f *function) most() int {
	if f.reserved == 0 {
		return 100
	}
	return max(1, f.reserved/f.MemorySize)
}

// message is what the caller learns about an error.
func (r *run) message() string {
	if r.err == nil {
		return ""
	}
	if e, ok := errors.AsType[*local.Error](r.err); ok {
		b, _ := json.Marshal(map[string]string{"errorType": e.Type, "errorMessage": e.Message}) // two strings
		return string(b)
	}
	return r.err.Error()
}

type invoke struct {
	target
	InvocationType string
	Qualifier      string
	ClientContext  string
	LogType        string
	RoutingKey     string
}

// invoke is Invoke (583/17243). If the function failed, ErrMsg is not empty, and the
// call itself succeeds.
func (s *Server) invoke(c *Call, r *invoke) (any, error) {
	limit := MaxEvent
	if r.InvocationType == "Event" {
		limit = MaxAsyncEvent
	}
	event := []byte(r.ClientContext)
	if len(event) == 0 {
		event = []byte("{}")
	}
	s.mu.Lock()
	f, err := s.find(c, r.target)
	if err == nil && f.code == nil {
		err = apiError("FailedOperation.FunctionStatusError", "The function is in the status "+string(f.status)+".")
	}
	s.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case r.InvocationType != "" && r.InvocationType != "RequestResponse" && r.InvocationType != "Event":
		return nil, apiError("InvalidParameterValue.InvocationType", "InvocationType must be RequestResponse or Event.")
	case !json.Valid(event):
		return nil, apiError("InvalidParameterValue.ClientContext", "ClientContext must be JSON.")
	case len(event) > limit:
		return nil, apiError("InvalidParameter.Payload", fmt.Sprintf("ClientContext may have %d bytes.", limit))
	}
	if err := knownQualifier(r.Qualifier); err != nil {
		return nil, err
	}
	at := place{c.Region, r.FunctionName}
	type result struct {
		RetMsg, ErrMsg, Log, FunctionRequestId string
		InvokeResult                           int
		Duration                               float64 // ms
		BillDuration, MemUsage                 int
	}
	if r.InvocationType == "Event" {
		run := s.newRun(at)
		s.work.Go(func() { s.call(s.running, run, at, event) })
		return struct{ Result result }{result{FunctionRequestId: run.id}}, nil
	}
	done := s.call(c.Context, s.newRun(at), at, event)
	a := result{RetMsg: string(done.payload), ErrMsg: done.message(), FunctionRequestId: done.id, Duration: float64(done.took.Microseconds()) / 1000, MemUsage: 16 << 20}
	a.BillDuration = int(a.Duration) + 1
	if done.err != nil {
		a.InvokeResult = -1
	}
	if r.LogType == "Tail" {
		a.Log = tail(s.Log(at.region, at.name))
	}
	return struct{ Result result }{a}, nil
}

// tail is the last 4 KB of a log.
func tail(lines []string) string {
	text := strings.Join(lines, "\n")
	return text[max(0, len(text)-4096):]
}

type getRequestStatus struct {
	target
	FunctionRequestId  string
	StartTime, EndTime string
}

// getRequestStatus is GetRequestStatus (583/65348).
func (s *Server) getRequestStatus(c *Call, r *getRequestStatus) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	type status struct {
		FunctionName, RetMsg, RequestId, StartTime string
		RetCode, RetryNum, MemUsage                int
		Duration                                   float64
	}
	list := []status{}
	if run := s.runs[r.FunctionRequestId]; run != nil && run.function == r.FunctionName {
		a := status{FunctionName: run.function, RequestId: run.id, StartTime: stamp(run.start), RetMsg: string(run.payload), Duration: float64(run.took.Microseconds()) / 1000}
		switch {
		case run.running:
			a.RetCode = 1
		case run.err != nil:
			a.RetCode, a.RetMsg = -1, run.message()
		}
		list = append(list, a)
	}
	return struct {
		TotalCount int
		Data       []status
	}{len(list), list}, nil
}
