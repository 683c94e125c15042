package scffake

import (
	"cmp"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// scfTrust is the trust policy of a role that SCF may assume (583/32389).
const scfTrust = `{"version":"2.0","statement":[{"action":"name/sts:AssumeRole","effect":"allow","principal":{"service":["scf.qcloud.com"]}}]}`

// Role is a role of the account.
type Role struct {
	Name     string
	Trust    string   // who may assume it, as a policy in JSON; "" in New: scf.qcloud.com
	Policies []string // by name
}

// Policy is a policy of the account, or one of Tencent's.
type Policy struct {
	Id       int
	Name     string
	Document string
	Preset   bool // Tencent's
}

type cam struct {
	roles    []*Role
	policies []*Policy
}

func newCAM(roles []Role) cam {
	c := cam{}
	for _, name := range []string{"QcloudAccessForScfRole", "QcloudVODFullAccess", "QcloudVODReadOnlyAccess", "QcloudSCFFullAccess"} {
		c.add(name, `{"version":"2.0","statement":[{"effect":"allow","action":["*"],"resource":["*"]}]}`, true)
	}
	for _, r := range roles {
		r.Trust = cmp.Or(r.Trust, scfTrust)
		r.Policies = slices.Clone(r.Policies)
		c.roles = append(c.roles, &r)
	}
	return c
}

func (c *cam) add(name, document string, preset bool) *Policy {
	p := &Policy{len(c.policies) + 1, name, document, preset}
	c.policies = append(c.policies, p)
	return p
}

func (c *cam) role(name string) *Role {
	for _, r := range c.roles {
		if r.Name == name {
			return r
		}
	}
	return nil
}

func (c *cam) policy(id int, name string) *Policy {
	for _, p := range c.policies {
		if p.Id == id || id == 0 && p.Name == name {
			return p
		}
	}
	return nil
}

// Roles returns the account's roles, for tests.
func (s *Server) Roles() []Role {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Role
	for _, r := range s.cam.roles {
		list = append(list, Role{r.Name, r.Trust, slices.Clone(r.Policies)})
	}
	return list
}

// Policy returns a policy by its name, for tests.
func (s *Server) Policy(name string) (Policy, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.cam.policy(0, name)
	if p == nil {
		return Policy{}, false
	}
	return *p, true
}

type getUserAppId struct{ none }

func (s *Server) getUserAppId(*Call, *getUserAppId) (any, error) {
	id, err := strconv.Atoi(AppId)
	return struct {
		Uin, OwnerUin string
		AppId         int
	}{Uin, Uin, id}, err
}

type getRole struct {
	none
	RoleId, RoleName string
}

// getRole may answer PolicyDocument URL-encoded, as has been seen.
func (s *Server) getRole(_ *Call, r *getRole) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	role := s.cam.role(r.RoleName)
	if role == nil {
		return nil, errNoRole
	}
	trust := role.Trust
	if !s.opt.PlainTrust {
		trust = url.QueryEscape(trust)
	}
	type info struct {
		RoleId, RoleName, PolicyDocument, RoleArn string
		SessionDuration                           int
	}
	return struct{ RoleInfo info }{info{"4611686018427397" + strconv.Itoa(100+len(role.Name)), role.Name, trust, "qcs::cam::uin/" + Uin + ":roleName/" + role.Name, 7200}}, nil
}

var errNoRole = apiError("InvalidParameter.RoleNotExist", "The role does not exist.")

type createRole struct {
	none
	RoleName, PolicyDocument, Description string
	ConsoleLogin                          int
	SessionDuration                       int
	Tags                                  []Tag
}

var roleName = regexp.MustCompile(`^[A-Za-z0-9+=,.@_-]{1,128}$`)

// createRole takes PolicyDocument as plain JSON or URL-encoded.
func (s *Server) createRole(_ *Call, r *createRole) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	trust := r.PolicyDocument
	if plain, err := url.QueryUnescape(trust); err == nil && strings.HasPrefix(trust, "%7B") {
		trust = plain
	}
	switch {
	case !roleName.MatchString(r.RoleName):
		return nil, apiError("InvalidParameter.RoleNameError", "RoleName must have 1 to 128 letters, digits and +=,.@_-.")
	case s.cam.role(r.RoleName) != nil:
		return nil, apiError("InvalidParameter.RoleNameInUse", "There is a role of this name.")
	case !isPolicy(trust):
		return nil, apiError("InvalidParameter.PolicyDocumentError", "PolicyDocument is not a policy.")
	case !strings.Contains(trust, ".qcloud.com"):
		return nil, apiError("InvalidParameter.PrincipalServiceNotExist", "The service of the principal does not exist.")
	}
	s.cam.roles = append(s.cam.roles, &Role{Name: r.RoleName, Trust: trust})
	return struct{ RoleId string }{"4611686018427397" + strconv.Itoa(100+len(r.RoleName))}, nil
}

type listPolicies struct {
	none
	Scope, Keyword string
	Page, Rp       int
}

type policyInfo struct {
	PolicyId   int
	PolicyName string
}

// listPolicies lists the account's own policies for Scope Local, Tencent's for
// QCS, and all for All. Page counts from 1.
func (s *Server) listPolicies(_ *Call, r *listPolicies) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []policyInfo{}
	for _, p := range s.cam.policies {
		if (r.Scope == "Local" && p.Preset) || (r.Scope == "QCS" && !p.Preset) || !strings.Contains(p.Name, r.Keyword) {
			continue
		}
		list = append(list, policyInfo{p.Id, p.Name})
	}
	size := cmp.Or(r.Rp, 20)
	return struct {
		TotalNum int
		List     []policyInfo
	}{len(list), page(list, (max(1, r.Page)-1)*size, size)}, nil
}

type getPolicy struct {
	none
	PolicyId int
}

func (s *Server) getPolicy(_ *Call, r *getPolicy) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.cam.policy(r.PolicyId, "")
	if p == nil {
		return nil, errNoPolicy
	}
	return struct{ PolicyName, PolicyDocument string }{p.Name, p.Document}, nil
}

var errNoPolicy = apiError("InvalidParameter.PolicyIdNotExist", "The policy does not exist.")

type createPolicy struct {
	none
	PolicyName, PolicyDocument, Description string
}

func (s *Server) createPolicy(_ *Call, r *createPolicy) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !roleName.MatchString(r.PolicyName):
		return nil, apiError("InvalidParameter.PolicyNameError", "PolicyName must have 1 to 128 letters, digits and +=,.@_-.")
	case s.cam.policy(0, r.PolicyName) != nil:
		return nil, apiError("FailedOperation.PolicyNameInUse", "There is a policy of this name.")
	case !isPolicy(r.PolicyDocument):
		return nil, apiError("InvalidParameter.PolicyDocumentError", "PolicyDocument is not a policy.")
	}
	return struct{ PolicyId int }{s.cam.add(r.PolicyName, r.PolicyDocument, false).Id}, nil
}

type attachRolePolicy struct {
	none
	PolicyId                     int
	PolicyName                   string
	AttachRoleId, AttachRoleName string
}

// attachRolePolicy may be done twice without harm.
func (s *Server) attachRolePolicy(_ *Call, r *attachRolePolicy) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, role := s.cam.policy(r.PolicyId, r.PolicyName), s.cam.role(r.AttachRoleName)
	switch {
	case role == nil:
		return nil, errNoRole
	case p == nil:
		return nil, errNoPolicy
	}
	if !slices.Contains(role.Policies, p.Name) {
		role.Policies = append(role.Policies, p.Name)
	}
	return nil, nil
}

type listAttachedRolePolicies struct {
	none
	RoleName, RoleId string
	Page, Rp         int
}

func (s *Server) listAttachedRolePolicies(_ *Call, r *listAttachedRolePolicies) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	role := s.cam.role(r.RoleName)
	if role == nil {
		return nil, errNoRole
	}
	list := []policyInfo{}
	for _, name := range role.Policies {
		if p := s.cam.policy(0, name); p != nil {
			list = append(list, policyInfo{p.Id, p.Name})
		}
	}
	size := cmp.Or(r.Rp, 20)
	return struct {
		TotalNum int
		List     []policyInfo
	}{len(list), page(list, (max(1, r.Page)-1)*size, size)}, nil
}

// isPolicy tells whether a text is a policy of version 2.0.
func isPolicy(text string) bool {
	var p struct {
		Version   string
		Statement []json.RawMessage
	}
	return json.Unmarshal([]byte(text), &p) == nil && p.Version == "2.0" && len(p.Statement) > 0
}
