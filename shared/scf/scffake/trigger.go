package scffake

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"vodevents/shared/internal/api3"
)

// trigger is one trigger of a function.
type trigger struct {
	f           *function
	name, kind  string
	desc        string // of a timer its cron
	http        *httpDesc
	open        bool
	qualifier   string
	argument    string
	description string
	added       time.Time
	modified    time.Time
	url         *functionURL
	hidden      int // answers that still lack the URL
}

// Trigger is one trigger as ListTriggers, GetFunction and CreateTrigger answer
// it.
type Trigger struct {
	TriggerName, Type, TriggerDesc string
	Enable                         int // 1: open
	Qualifier, AvailableStatus     string
	CustomArgument, Description    string
	AddTime, ModTime               string
}

// httpDesc is the TriggerDesc of a function URL (583/100227). Its keys are
// PascalCase. ExtranetUrl and IntranetUrl are in answers only.
type httpDesc struct {
	AuthType         string
	NetConfig        *netConfig
	CorsConfig       json.RawMessage `json:",omitempty"`
	ApiGwCompatible  *bool           `json:",omitempty"` // not documented; seen
	EnableSimpleMode *bool           `json:",omitempty"` // not documented; seen
}

type netConfig struct {
	EnableIntranet, EnableExtranet *bool
	ExtranetUrl                    string `json:",omitempty"`
	IntranetUrl                    string `json:",omitempty"`
}

// info is the trigger as answers have it. Its URL may be missing at first.
func (t *trigger) info(s *Server) Trigger {
	i := Trigger{
		TriggerName: t.name, Type: t.kind, TriggerDesc: t.desc,
		Qualifier: t.qualifier, AvailableStatus: "Available",
		CustomArgument: t.argument, Description: t.description,
		AddTime: stamp(t.added), ModTime: stamp(t.modified),
	}
	if t.open {
		i.Enable = 1
	}
	var desc any = map[string]string{"cron": t.desc}
	if t.kind == "http" {
		d, net := *t.http, *t.http.NetConfig
		if t.hidden <= 0 && t.url != nil && *net.EnableExtranet {
			net.ExtranetUrl = t.url.text
		}
		d.NetConfig = &net
		desc = d
	} else if s.opt.BareCron {
		return i
	}
	b, err := json.Marshal(desc)
	if err != nil {
		panic(err) // a bug of this package
	}
	i.TriggerDesc = string(b)
	return i
}

// triggersOf lists a function's triggers for an answer. Each answer counts toward
// the time when new URLs appear.
func (s *Server) triggersOf(f *function) []Trigger {
	list := []Trigger{}
	for _, t := range f.triggers {
		list = append(list, t.info(s))
		t.hidden--
	}
	return list
}

// triggerTarget names a trigger. The default of Qualifier is $LATEST, so a trigger of
// $DEFAULT is found only by its Qualifier.
type triggerTarget struct {
	target
	TriggerName, Type string
	Qualifier         string
}

type createTrigger struct {
	triggerTarget
	TriggerDesc    string
	Enable         string
	CustomArgument string
	Description    string
}

// createTrigger is CreateTrigger (583/18589).
func (s *Server) createTrigger(c *Call, r *createTrigger) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.triggerFunction(c, &r.triggerTarget)
	if err != nil {
		return nil, err
	}
	t := &trigger{f: f, name: r.TriggerName, kind: r.Type, qualifier: r.Qualifier, added: s.now(), open: s.opt.TriggersOpen}
	if err := t.set(s, &r.TriggerDesc, r.Enable, &r.CustomArgument, &r.Description); err != nil {
		return nil, err
	}
	same := 0
	for _, other := range f.triggers {
		if other.name == t.name {
			return nil, apiError(s.either("ResourceInUse.Trigger", "ResourceInUse.TriggerName"), "The function has a trigger of this name.")
		}
		if other.kind == t.kind {
			same++
			if t.kind == "http" && other.qualifier == t.qualifier {
				return nil, apiError("ResourceInUse.Trigger", "A version or alias has one function URL.")
			}
		}
	}
	if same >= MaxTriggers {
		return nil, apiError("LimitExceeded.Trigger", "A function may have 10 triggers of one type.")
	}
	if t.kind == "http" {
		if t.url, err = s.newURL(t); err != nil {
			return nil, err
		}
		t.hidden = s.opt.URLPolls
		if t.hidden > 0 {
			t.hidden++ // this answer
		}
	}
	f.triggers = append(f.triggers, t)
	info := t.info(s)
	t.hidden--
	return struct{ TriggerInfo Trigger }{info}, nil
}

// triggerFunction returns the function of a trigger, which must be Active.
func (s *Server) triggerFunction(c *Call, r *triggerTarget) (*function, error) {
	f, err := s.findIdle(c, r.target)
	if err != nil {
		return nil, err
	}
	switch {
	case r.TriggerName == "":
		return nil, apiError("MissingParameter", "The request is missing TriggerName.")
	case !triggerName.MatchString(r.TriggerName) || len(r.TriggerName) > 60:
		return nil, apiError("InvalidParameterValue.TriggerName", "TriggerName must have 1 to 60 letters, digits, - and _, and begin with a letter.")
	case r.Type == "":
		return nil, apiError("MissingParameter", "The request is missing Type.")
	case r.Type != "http" && r.Type != "timer":
		return nil, apiError("InvalidParameterValue.Type", "The stand-in has triggers of Type http and timer.")
	}
	if r.Qualifier == "" {
		r.Qualifier = "$LATEST"
	}
	return f, knownQualifier(r.Qualifier)
}

var triggerName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

// knownQualifier refuses versions and aliases, of which the stand-in has none.
func knownQualifier(q string) error {
	if q == "" || q == "$LATEST" || q == "$DEFAULT" {
		return nil
	}
	return apiError("ResourceNotFound.Qualifier", "There is no such version or alias.")
}

// set changes what is given. A nil, or an empty Enable, changes nothing.
func (t *trigger) set(s *Server, desc *string, enable string, argument, description *string) error {
	switch enable {
	case "OPEN", "CLOSE":
		t.open = enable == "OPEN"
	case "":
	default:
		return apiError("InvalidParameterValue.Enable", "Enable must be OPEN or CLOSE.")
	}
	if argument != nil {
		if *argument != "" && t.kind != "timer" || len(*argument) > MaxArgument {
			return apiError("InvalidParameterValue.CustomArgument", "CustomArgument is for timers and may have 4 KB.")
		}
		t.argument = *argument
	}
	set(&t.description, description)
	t.modified = s.now()
	if desc == nil {
		return nil
	}
	if t.kind == "timer" {
		// Seven fields, or the five of old (583/9708). Whether {"cron":…} is
		// taken is unknown.
		if n := len(strings.Fields(*desc)); n != 7 && n != 5 || strings.Trim(*desc, cronLetters) != "" {
			return apiError("InvalidParameterValue.TriggerDesc", "TriggerDesc of a timer must be a cron expression of seven fields.")
		}
		t.desc = *desc
		return nil
	}
	h := new(httpDesc)
	if err := api3.Decode([]byte(*desc), h); err != nil {
		return apiError("InvalidParameterValue.TriggerDesc", "TriggerDesc is not that of a function URL: "+err.Error())
	}
	n := h.NetConfig
	if h.AuthType != "NONE" && h.AuthType != "CAM" || n == nil || n.EnableIntranet == nil || n.EnableExtranet == nil {
		return apiError("InvalidParameterValue.TriggerDesc", "TriggerDesc needs AuthType NONE or CAM, and NetConfig with EnableIntranet and EnableExtranet.")
	}
	n.ExtranetUrl, n.IntranetUrl = "", ""
	t.http = h
	return nil
}

const cronLetters = "0123456789*/,- ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// findTrigger returns one trigger of a function.
func (s *Server) findTrigger(c *Call, r *triggerTarget) (*function, *trigger, error) {
	f, err := s.triggerFunction(c, r)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range f.triggers {
		if t.name == r.TriggerName && t.kind == r.Type && t.qualifier == r.Qualifier {
			return f, t, nil
		}
	}
	return nil, nil, apiError("ResourceNotFound.Trigger", "The function has no such trigger of this Type and Qualifier.")
}

type updateTrigger struct {
	triggerTarget
	TriggerDesc    *string
	Enable         string
	CustomArgument *string
	Description    *string
}

// updateTrigger is UpdateTrigger (583/96828). Members that are left out do not change.
func (s *Server) updateTrigger(c *Call, r *updateTrigger) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Type == "http" && s.opt.NoHTTPUpdate {
		return nil, apiError("InvalidParameterValue.Type", "UpdateTrigger is for timer and ckafka.")
	}
	_, t, err := s.findTrigger(c, &r.triggerTarget)
	if err != nil {
		return nil, err
	}
	changed := *t
	if err := changed.set(s, r.TriggerDesc, r.Enable, r.CustomArgument, r.Description); err != nil {
		return nil, err
	}
	*t = changed
	return nil, nil
}

type updateTriggerStatus struct {
	triggerTarget
	Enable      string
	TriggerDesc *string
}

func (s *Server) updateTriggerStatus(c *Call, r *updateTriggerStatus) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Type == "http" {
		return nil, apiError("InvalidParameterValue.Type", "UpdateTriggerStatus is for timer, cos and ckafka.")
	}
	_, t, err := s.findTrigger(c, &r.triggerTarget)
	if err != nil {
		return nil, err
	}
	if r.Enable == "" || t.open == (r.Enable == "OPEN") {
		return nil, apiError("FailedOperation.UpdateTriggerStatus", "The trigger is so already.")
	}
	return nil, t.set(s, nil, r.Enable, nil, nil)
}

type deleteTrigger struct {
	triggerTarget
	TriggerDesc *string
}

func (s *Server) deleteTrigger(c *Call, r *deleteTrigger) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, t, err := s.findTrigger(c, &r.triggerTarget)
	if err != nil {
		return nil, err
	}
	s.dropURL(t)
	f.triggers = slices.DeleteFunc(f.triggers, func(other *trigger) bool { return other == t })
	return nil, nil
}

type listTriggers struct {
	target
	OrderBy, Order string
	Offset, Limit  int
	Filters        []filter
}

func (s *Server) listTriggers(c *Call, r *listTriggers) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.find(c, r.target)
	if err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(s.triggersOf(f), func(t Trigger) bool {
		return slices.ContainsFunc(r.Filters, func(by filter) bool {
			value, known := map[string]string{"Qualifier": t.Qualifier, "TriggerName": t.TriggerName, "Description": t.Description}[by.Name]
			return !known || !slices.Contains(by.Values, value)
		})
	})
	return struct {
		TotalCount int
		Triggers   []Trigger
	}{len(list), page(list, r.Offset, cmp.Or(r.Limit, 20))}, nil
}
