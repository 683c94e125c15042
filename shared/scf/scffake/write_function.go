package scffake

import (
	"cmp"
	"fmt"
	"slices"
)

// createFunction is CreateFunction (583/18586).
type createFunction struct {
	target
	Code                        codeParams
	CodeSource                  string
	Type                        string
	Runtime                     string
	Handler                     string
	Description                 string
	MemorySize                  int
	Timeout                     int
	InitTimeout                 int
	Environment                 *Environment
	Role                        string
	VpcConfig                   *VpcConfig
	PublicNetConfig             *PublicNetConfig
	ClsLogsetId, ClsTopicId     string
	AutoCreateClsTopic          string
	AutoDeployClsTopicIndex     string
	AsyncRunEnable, TraceEnable string
	Tags                        []Tag
}

func (s *Server) createFunction(c *Call, r *createFunction) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, err := s.find(c, r.target); err == nil {
		return nil, apiError(s.either("ResourceInUse.Function", "ResourceInUse.FunctionName"), "The function exists, in the status "+string(f.status)+".")
	} else if r.FunctionName == "" || r.Namespace != "" && r.Namespace != "default" {
		return nil, err
	}
	f := &function{
		place:    place{c.Region, r.FunctionName},
		runtime:  cmp.Or(r.Runtime, "Python2.7"),
		tags:     r.Tags,
		retries:  2,
		ttl:      21600,
		log:      new(lineLog),
		Settings: r.settings(),
	}
	code, err := s.readCode(c.Region, r.Code)
	switch {
	case len(r.FunctionName) < 2 || len(r.FunctionName) > 60 || !nameForm.MatchString(r.FunctionName):
		return nil, apiError("InvalidParameterValue.FunctionName", "FunctionName must have 2 to 60 letters, digits, - and _, begin with a letter and not end with - or _.")
	case cmp.Or(r.Type, "Event") != "Event":
		return nil, apiError("InvalidParameterValue.Type", "Type must be Event; the stand-in has no HTTP functions.")
	case !slices.Contains(runtimes, f.runtime):
		return nil, apiError("InvalidParameterValue.Runtime", "There is no such Runtime.")
	case err != nil:
		return nil, err
	case s.opt.CLS == CLSRefuses:
		return nil, apiError("FailedOperation.ClsServiceUnregistered", "CLS is not open.")
	case len(s.sorted(c.Region)) >= MaxFunctions:
		return nil, apiError("LimitExceeded.Function", "A namespace may have 50 functions.")
	}
	if err := s.check(f); err != nil {
		return nil, err
	}
	s.lastID++
	f.id, f.added = fmt.Sprintf("lam-%08x", s.lastID), s.now()
	s.functions[f.place] = f
	s.start(c, f, Creating, CreateFailed, func() {
		f.code = code
		if s.opt.CLS == CLSFails {
			f.code, f.status = nil, CreateFailed
			f.reasons = []Reason{{"FailedOperation.ClsServiceUnregistered", "CLS is not open for this account."}}
		}
	})
	return nil, nil
}

// settings are the function's, with SCF's defaults.
func (r *createFunction) settings() Settings {
	c := Settings{
		Handler:         r.Handler,
		Description:     r.Description,
		MemorySize:      cmp.Or(r.MemorySize, 128),
		Timeout:         cmp.Or(r.Timeout, 3),
		InitTimeout:     cmp.Or(r.InitTimeout, 65),
		Role:            r.Role,
		PublicNetConfig: r.PublicNetConfig,
		ClsLogsetId:     r.ClsLogsetId,
		ClsTopicId:      r.ClsTopicId,
	}
	if c.ClsTopicId == "" {
		c.ClsLogsetId, c.ClsTopicId = "logset-scffake", "topic-scffake"
	}
	if r.Environment != nil {
		c.Environment = *r.Environment
	}
	if r.VpcConfig != nil {
		c.VpcConfig = *r.VpcConfig
	}
	if c.PublicNetConfig == nil {
		c.PublicNetConfig = netOf(c.VpcConfig)
	}
	return c
}

// updateFunctionCode is UpdateFunctionCode (583/18581). Only it changes Handler.
type updateFunctionCode struct {
	target
	Handler    string
	Code       *codeParams
	CodeSource string
	Publish    string
	codeParams // the older form
}

func (s *Server) updateFunctionCode(c *Call, r *updateFunctionCode) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.findIdle(c, r.target)
	if err != nil {
		return nil, err
	}
	if r.Code == nil {
		r.Code = &r.codeParams
	}
	code, err := s.readCode(c.Region, *r.Code)
	if err != nil {
		return nil, err
	}
	if len(r.Handler) > 60 {
		return nil, apiError("InvalidParameterValue.Handler", "Handler must have 1 to 60 characters.")
	}
	s.start(c, f, Updating, UpdateFailed, func() {
		f.code, f.Handler = code, cmp.Or(r.Handler, f.Handler)
		s.replace(f)
	})
	return nil, nil
}

// updateFunctionConfiguration is UpdateFunctionConfiguration (583/18580). A
// member that is left out keeps its value; the page does not say so, but tools
// rely on it.
type updateFunctionConfiguration struct {
	target
	Description             *string
	MemorySize              *int
	Timeout                 *int
	InitTimeout             *int
	Runtime                 *string
	Environment             *Environment
	Role                    *string
	VpcConfig               *VpcConfig
	PublicNetConfig         *PublicNetConfig
	ClsLogsetId, ClsTopicId *string
	Publish                 string
	IgnoreSysLog            *bool
}

func (s *Server) updateFunctionConfiguration(c *Call, r *updateFunctionConfiguration) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.findIdle(c, r.target)
	if err != nil {
		return nil, err
	}
	if r.Runtime != nil && *r.Runtime != f.runtime {
		return nil, apiError("InvalidParameterValue.Runtime", "Runtime cannot change.")
	}
	changed := &function{place: f.place, Settings: s.merge(f.Settings, r)}
	if err := s.check(changed); err != nil {
		return nil, err
	}
	s.start(c, f, Updating, UpdateFailed, func() {
		f.Settings = changed.Settings
		if !s.opt.KeepInstances {
			s.replace(f)
		}
	})
	return nil, nil
}

// merge returns the settings after an update.
func (s *Server) merge(c Settings, r *updateFunctionConfiguration) Settings {
	set(&c.Description, r.Description)
	set(&c.MemorySize, r.MemorySize)
	set(&c.Timeout, r.Timeout)
	set(&c.InitTimeout, r.InitTimeout)
	set(&c.Role, r.Role)
	set(&c.ClsLogsetId, r.ClsLogsetId)
	set(&c.ClsTopicId, r.ClsTopicId)
	if e := r.Environment; e != nil {
		switch list := e.Variables; {
		case len(list) == 1 && list[0] == Variable{}:
			c.Environment = Environment{}
		case len(list) > 0 || !s.opt.EmptyEnvironment:
			c.Environment = *e
		}
	}
	entered := false
	if v := r.VpcConfig; v != nil && !(*v == VpcConfig{} && s.opt.VpcStays) {
		entered = *v != VpcConfig{} && c.VpcConfig == VpcConfig{}
		c.VpcConfig = *v
	}
	if r.PublicNetConfig != nil {
		c.PublicNetConfig = r.PublicNetConfig
	} else if entered {
		c.PublicNetConfig = netOf(c.VpcConfig)
	}
	return c
}

func set[T any](dst *T, src *T) {
	if src != nil {
		*dst = *src
	}
}

// deleteFunction is DeleteFunction. Triggers go with the function.
type deleteFunction struct {
	target
	Qualifier string
}

func (s *Server) deleteFunction(c *Call, r *deleteFunction) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.find(c, r.target)
	if err != nil {
		return nil, err
	}
	if f.busy != nil {
		return nil, s.busyError(c, f)
	}
	s.start(c, f, Deleting, DeleteFailed, func() {
		for _, t := range f.triggers {
			s.dropURL(t)
		}
		delete(s.functions, f.place)
		s.replace(f)
	})
	return nil, nil
}
