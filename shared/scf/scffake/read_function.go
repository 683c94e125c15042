package scffake

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// stamp is a time as the API writes it: in UTC+8, without a zone.
func stamp(t time.Time) string {
	return t.In(time.FixedZone("UTC+8", 8*60*60)).Format(time.DateTime)
}

type getFunction struct {
	target
	Qualifier string
	ShowCode  string
}

// functionInfo is the answer of GetFunction.
type functionInfo struct {
	FunctionName, Namespace, FunctionId string
	FunctionVersion, Qualifier          string
	Type, Runtime                       string
	Handler, Description, Role          string
	MemorySize, Timeout, InitTimeout    int
	CodeSize                            int
	CodeInfo, CodeResult, CodeError     string
	ErrNo                               int
	Environment                         Environment
	VpcConfig                           VpcConfig
	PublicNetConfig                     *PublicNetConfig
	ClsLogsetId, ClsTopicId             string
	Status                              Status
	StatusDesc                          string
	StatusReasons                       []Reason
	AvailableStatus                     string
	Triggers                            []Trigger
	Tags                                []Tag
	AddTime, ModTime                    string
}

// getFunction returns every variable in clear text, and no hash of the code. It
// counts as a poll.
func (s *Server) getFunction(c *Call, r *getFunction) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.find(c, r.target)
	if err != nil {
		return nil, err
	}
	if err := knownQualifier(r.Qualifier); err != nil {
		return nil, err
	}
	if f.busy != nil {
		f.busy.polls--
	}
	a := functionInfo{
		FunctionName: f.name, Namespace: "default", FunctionId: f.id,
		FunctionVersion: "$LATEST", Qualifier: "$LATEST",
		Type: "Event", Runtime: f.runtime,
		Handler: f.Handler, Description: f.Description, Role: f.Role,
		MemorySize: f.MemorySize, Timeout: f.Timeout, InitTimeout: f.InitTimeout,
		CodeResult:      "success",
		Environment:     f.Environment,
		VpcConfig:       f.VpcConfig,
		PublicNetConfig: f.PublicNetConfig,
		ClsLogsetId:     f.ClsLogsetId,
		ClsTopicId:      f.ClsTopicId,
		Status:          f.status,
		StatusReasons:   f.reasons,
		AvailableStatus: "Available",
		Triggers:        s.triggersOf(f),
		Tags:            f.tags,
		AddTime:         stamp(f.added),
		ModTime:         stamp(f.modified),
	}
	if f.code != nil {
		a.CodeSize = len(f.code.zip)
	}
	if len(f.reasons) > 0 {
		a.StatusDesc = f.reasons[0].ErrorMessage
	}
	if a.PublicNetConfig == nil && !s.opt.NullMembers {
		a.PublicNetConfig = &PublicNetConfig{PublicNetStatus: "ENABLE", EipConfig: EipConfig{EipStatus: "DISABLE"}}
	}
	return a, nil
}

type getFunctionAddress struct {
	target
	Qualifier string
}

// getFunctionAddress is GetFunctionAddress (583/37164).
func (s *Server) getFunctionAddress(c *Call, r *getFunctionAddress) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.find(c, r.target)
	if err != nil {
		return nil, err
	}
	if f.code == nil {
		return nil, s.busyError(c, f)
	}
	sum := f.code.sha256
	if s.opt.OtherHash {
		other := sha256.Sum256([]byte(sum))
		sum = hex.EncodeToString(other[:])
	}
	return struct{ Url, CodeSha256 string }{"https://code.example.com/" + f.id + "?sign=expired", sum}, nil
}

type filter struct {
	Name   string
	Values []string
}

type listFunctions struct {
	none
	Namespace     string
	SearchKey     string
	Description   string
	Order         string
	Orderby       string
	Offset, Limit int
	Filters       []filter
}

// listed is one function of ListFunctions and GetAccount.
type listed struct {
	FunctionName, FunctionId, Namespace string
	Runtime, Type, Description          string
	Status                              Status
	AddTime, ModTime                    string
	Tags                                []Tag
}

func (s *Server) listFunctions(c *Call, r *listFunctions) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cmp.Or(r.Namespace, "default") != "default" {
		return nil, apiError("ResourceNotFound.Namespace", "The namespace does not exist.")
	}
	list := []listed{}
	for _, f := range s.sorted(c.Region) {
		fits := strings.Contains(f.name, r.SearchKey) && strings.Contains(f.Description, r.Description)
		for _, by := range r.Filters {
			fits = fits && f.fits(by)
		}
		if fits {
			list = append(list, listed{f.name, f.id, "default", f.runtime, "Event", f.Description, f.status, stamp(f.added), stamp(f.modified), f.tags})
		}
	}
	return struct {
		Functions  []listed
		TotalCount int
	}{page(list, r.Offset, cmp.Or(r.Limit, 20)), len(list)}, nil
}

// fits tells whether a function passes a filter of ListFunctions.
func (f *function) fits(by filter) bool {
	var value string
	switch by.Name {
	case "Status":
		value = string(f.status)
	case "Runtime":
		value = f.runtime
	case "Type":
		value = "Event"
	case "Role":
		value = f.Role
	case "VpcId":
		value = f.VpcConfig.VpcId
	default:
		key, isTag := strings.CutPrefix(by.Name, "tag-")
		return isTag && slices.ContainsFunc(f.tags, func(t Tag) bool { return t.Key == key && slices.Contains(by.Values, t.Value) })
	}
	return slices.Contains(by.Values, value)
}

// page cuts a page out of a list.
func page[T any](list []T, offset, limit int) []T {
	from := min(max(0, offset), len(list))
	return list[from:min(from+max(0, limit), len(list))]
}

type getAccount struct{ none }

func (s *Server) getAccount(c *Call, _ *getAccount) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	type usage struct {
		Namespace                    string
		FunctionsCount               int
		Functions                    []string
		TotalConcurrencyMem          int
		TotalAllocatedConcurrencyMem int
	}
	u := usage{Namespace: "default", Functions: []string{}, TotalConcurrencyMem: totalMemory}
	for _, f := range s.sorted(c.Region) {
		u.Functions = append(u.Functions, f.name)
		u.TotalAllocatedConcurrencyMem += f.reserved
	}
	u.FunctionsCount = len(u.Functions)
	limits := map[string]any{
		"Namespace": "default", "FunctionsCount": MaxFunctions, "ConcurrentExecutions": 128000,
		"RetryNumLimit": 2, "MinMsgTTL": 60, "MaxMsgTTL": 21600,
		"Trigger": map[string]int{"Timer": MaxTriggers, "Total": 10 * MaxTriggers},
	}
	return map[string]any{
		"AccountUsage": map[string]any{"NamespaceCount": 1, "Namespace": []usage{u}, "TotalConcurrencyMem": totalMemory},
		"AccountLimit": map[string]any{"NamespacesCount": 5, "Namespace": []any{limits}},
	}, nil
}
