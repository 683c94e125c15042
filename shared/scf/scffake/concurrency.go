package scffake

import "fmt"

// An account's quota of memory, and the part that nothing may reserve, in MB.
const (
	totalMemory = 128000
	leastShared = 12800
)

type putReserved struct {
	target
	ReservedConcurrencyMem int
}

// putReserved sets how much memory all instances of a function may have
// (583/49313).
func (s *Server) putReserved(c *Call, r *putReserved) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.find(c, r.target)
	if err != nil {
		return nil, err
	}
	sum := r.ReservedConcurrencyMem
	for _, other := range s.sorted(c.Region) {
		if other != f {
			sum += other.reserved
		}
	}
	switch {
	case r.ReservedConcurrencyMem < f.MemorySize:
		return nil, apiError("InvalidParameterValue.ReservedConcurrencyMem", fmt.Sprintf("The quota must hold one instance, %d MB.", f.MemorySize))
	case sum > totalMemory-leastShared:
		return nil, apiError("LimitExceeded.FunctionReservedConcurrencyMemory", "The sum of all quotas may be the account's total less 12,800 MB.")
	}
	f.reserved = r.ReservedConcurrencyMem
	s.replace(f)
	return nil, nil
}

type getReserved struct{ target }

func (s *Server) getReserved(c *Call, r *getReserved) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.find(c, r.target)
	if err != nil {
		return nil, err
	}
	var a struct{ ReservedMem *int }
	if f.reserved > 0 {
		a.ReservedMem = &f.reserved
	}
	return a, nil
}

type deleteReserved struct{ target }

func (s *Server) deleteReserved(c *Call, r *deleteReserved) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.find(c, r.target)
	if err != nil {
		return nil, err
	}
	f.reserved = 0
	s.replace(f)
	return nil, nil
}

type retryConfig struct{ RetryNum int }

type asyncTriggerConfig struct {
	RetryConfig []retryConfig
	MsgTTL      int
}

type updateEventInvokeConfig struct {
	target
	AsyncTriggerConfig *asyncTriggerConfig
}

// updateEventInvokeConfig is UpdateFunctionEventInvokeConfig (583/53639).
func (s *Server) updateEventInvokeConfig(c *Call, r *updateEventInvokeConfig) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.find(c, r.target)
	if err != nil {
		return nil, err
	}
	a := r.AsyncTriggerConfig
	switch {
	case f.status != Active:
		return nil, apiError("FailedOperation.FunctionVersionStatusNotActive", "The function is in the status "+string(f.status)+".")
	case a == nil || len(a.RetryConfig) != 1:
		return nil, apiError("InvalidParameterValue.AsyncTriggerConfig", "AsyncTriggerConfig needs one RetryConfig and a MsgTTL.")
	case a.RetryConfig[0].RetryNum < 0 || a.RetryConfig[0].RetryNum > 2:
		return nil, apiError("LimitExceeded.RetryNum", "RetryNum must be 0 to 2.")
	case a.MsgTTL < 60 || a.MsgTTL > 21600:
		return nil, apiError("LimitExceeded.MsgTTL", "MsgTTL must be 60 to 21600 s.")
	}
	f.retries, f.ttl = a.RetryConfig[0].RetryNum, a.MsgTTL
	return nil, nil
}

type getEventInvokeConfig struct {
	target
	Qualifier string
}

func (s *Server) getEventInvokeConfig(c *Call, r *getEventInvokeConfig) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.find(c, r.target)
	if err != nil {
		return nil, err
	}
	return struct{ AsyncTriggerConfig asyncTriggerConfig }{asyncTriggerConfig{[]retryConfig{{f.retries}}, f.ttl}}, nil
}
