package scffake_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"

	"vodevents/shared/scf/scffake"
)

// Calls must be signed for their service, and SCF's must name a region.
func TestSignature(t *testing.T) {
	t.Parallel()
	s := scffake.RunT(t)
	c := newClient(t, s)
	c.must("GetAccount", members{})
	c.must("GetUserAppId", members{})
	noRegion := c
	noRegion.scf = c.cam
	noRegion.want("MissingParameter", "GetAccount", members{})
	wrong := newClient(t, s)
	wrong.scf.WithCredential(common.NewCredential(scffake.SecretId, "wrong"))
	wrong.want("AuthFailure.SignatureFailure", "GetAccount", members{})
	skewed, _ := run(t, scffake.Options{ClockSkew: 6 * time.Minute})
	newClient(t, skewed).want("AuthFailure.SignatureExpire", "GetAccount", members{})
	c.want("InvalidAction", "MakeCoffee", members{})
}

// Each fault does what its kind says, over a connection and in this process.
func TestFaults(t *testing.T) {
	t.Parallel()
	inside, _ := run(t, scffake.Options{})
	for _, s := range []*scffake.Server{scffake.RunT(t), inside} {
		c := newClient(t, s)
		n := 0
		for kind, x := range map[scffake.FaultKind]struct {
			code string
			done bool
		}{
			scffake.HTTPStatus:       {"network", false},
			scffake.Fail:             {"InternalError", false},
			scffake.Limit:            {"RequestLimitExceeded", false},
			scffake.SignatureExpired: {"AuthFailure.SignatureExpire", false},
			scffake.Drop:             {"network", false},
			scffake.Lost:             {"network", true},
			scffake.Cut:              {"network", true},
		} {
			n++
			name := fmt.Sprintf("f%d", n)
			s.Next("CreateFunction", scffake.Fault{Kind: kind})
			c.want(x.code, "CreateFunction", function(t, name, someZip(t)))
			if _, there := s.Function(region, name); there != x.done {
				t.Errorf("%s: performed %v", kind, there)
			}
			calls := s.Calls("CreateFunction")
			last := calls[len(calls)-1]
			if last.Function != name || last.Fault != kind || last.N != n || last.Lost != (x.code == "network" && kind != scffake.HTTPStatus) {
				t.Errorf("%s: %+v", kind, last)
			}
		}
	}
}

// Control decides for each call.
func TestControl(t *testing.T) {
	t.Parallel()
	s, c := run(t, scffake.Options{})
	stop := s.Control("GetAccount", func(call *scffake.Call) *scffake.Fault {
		if call.N == 2 {
			return &scffake.Fault{Kind: scffake.Fail, Code: "InternalError.System"}
		}
		return nil
	})
	c.must("GetAccount", members{})
	c.want("InternalError.System", "GetAccount", members{})
	stop()
	c.must("GetAccount", members{})
}

// After so many calls the deployer is stopped, and nothing more is done for it.
func TestStopAfter(t *testing.T) {
	t.Parallel()
	for n := range 3 {
		s, c := run(t, scffake.Options{})
		stopped := 0
		s.StopAfter(n, func() { stopped++ })
		for i := range 3 {
			name := fmt.Sprintf("f%d", i)
			want := "network"
			if i+1 < n {
				want = ""
			}
			c.want(want, "CreateFunction", function(t, name, someZip(t)))
			if _, there := s.Function(region, name); there != (i < n) {
				t.Errorf("after %d: call %d performed %v", n, i+1, there)
			}
		}
		if stopped != 1 {
			t.Errorf("after %d: stopped %d times", n, stopped)
		}
		s.Resume()
		c.must("GetAccount", members{})
	}
}

// The list of Calls has no variable's value and no key.
func TestCallsHoldNoSecret(t *testing.T) {
	t.Parallel()
	s, c := run(t, scffake.Options{})
	p := someZip(t)
	p["Environment"] = variables("SINK", "postgres://u:hidden-value@db/vod")
	c.create("fn", p)
	c.must("GetFunction", members{"FunctionName": "fn"})
	if text := fmt.Sprintf("%+v", s.Calls("")); strings.Contains(text, "hidden-value") || strings.Contains(text, scffake.SecretKey) || !strings.Contains(text, "CreateFunction") {
		t.Error(text)
	}
}

// A second has room for 20 calls of UpdateTrigger and 100 of most others.
func TestRate(t *testing.T) {
	t.Parallel()
	_, c := run(t, scffake.Options{Rate: 2})
	start := time.Now()
	codes := map[string]int{}
	for range 4 {
		_, code := c.call("GetAccount", members{})
		codes[code]++
	}
	if took := time.Since(start); took < time.Second && codes["RequestLimitExceeded"] != 2 {
		t.Errorf("4 calls in %v: %v", took, codes)
	}
}

// Errors that have two names can have the second.
func TestOtherCodes(t *testing.T) {
	t.Parallel()
	_, c := run(t, scffake.Options{Alternatives: scffake.Alternatives{OtherCodes: true}})
	c.want("ResourceNotFound.FunctionName", "GetFunction", members{"FunctionName": "fn"})
	c.create("fn", someZip(t))
	c.want("ResourceInUse.FunctionName", "CreateFunction", function(t, "fn", someZip(t)))
}

// Retries and quotas of a function have limits (583/53639, 583/49313).
func TestConcurrency(t *testing.T) {
	t.Parallel()
	s, c := run(t, scffake.Options{})
	c.must("CreateFunction", function(t, "fn", someZip(t)))
	async := func(retries, ttl int) members {
		return members{"FunctionName": "fn", "AsyncTriggerConfig": members{"RetryConfig": []members{{"RetryNum": retries}}, "MsgTTL": ttl}}
	}
	c.want("FailedOperation.FunctionVersionStatusNotActive", "UpdateFunctionEventInvokeConfig", async(0, 60))
	c.until("fn", scffake.Active)
	c.want("LimitExceeded.RetryNum", "UpdateFunctionEventInvokeConfig", async(3, 60))
	c.want("LimitExceeded.MsgTTL", "UpdateFunctionEventInvokeConfig", async(0, 59))
	c.must("UpdateFunctionEventInvokeConfig", async(0, 60))
	reserve := func(mb int) members { return members{"FunctionName": "fn", "ReservedConcurrencyMem": mb} }
	c.want("LimitExceeded.FunctionReservedConcurrencyMemory", "PutReservedConcurrencyConfig", reserve(128000))
	c.must("PutReservedConcurrencyConfig", reserve(64))
	if f, _ := s.Function(region, "fn"); f.Retries != 0 || f.MsgTTL != 60 || f.Reserved != 64 {
		t.Errorf("%+v", f)
	}
	c.must("DeleteReservedConcurrencyConfig", members{"FunctionName": "fn"})
	if a := c.must("GetReservedConcurrencyConfig", members{"FunctionName": "fn"}); a["ReservedMem"] != nil {
		t.Errorf("%v", a)
	}
}

// A role is made, given a policy and read back.
func TestRole(t *testing.T) {
	t.Parallel()
	trust := `{"version":"2.0","statement":[{"action":"name/sts:AssumeRole","effect":"allow","principal":{"service":["scf.qcloud.com"]}}]}`
	policy := `{"version":"2.0","statement":[{"effect":"allow","action":["vod:PullEvents"],"resource":["*"]}]}`
	for _, plain := range []bool{false, true} {
		s, c := run(t, scffake.Options{Roles: []scffake.Role{{Name: "SCF_QcsRole"}}, Alternatives: scffake.Alternatives{PlainTrust: plain}})
		role := members{"RoleName": "SCF_ExecuteRole"}
		c.want("InvalidParameter.RoleNotExist", "GetRole", role)
		c.must("CreateRole", members{"RoleName": "SCF_ExecuteRole", "PolicyDocument": trust})
		c.want("InvalidParameter.RoleNameInUse", "CreateRole", members{"RoleName": "SCF_ExecuteRole", "PolicyDocument": trust})
		id := c.must("CreatePolicy", members{"PolicyName": "events", "PolicyDocument": policy})["PolicyId"]
		c.want("FailedOperation.PolicyNameInUse", "CreatePolicy", members{"PolicyName": "events", "PolicyDocument": policy})
		attach := members{"PolicyId": id, "AttachRoleName": "SCF_ExecuteRole"}
		c.must("AttachRolePolicy", attach)
		c.must("AttachRolePolicy", attach)
		if a := c.must("ListAttachedRolePolicies", members{"RoleName": "SCF_ExecuteRole", "Page": 1, "Rp": 200}); a["TotalNum"] != 1.0 {
			t.Errorf("%v", a)
		}
		if a := c.must("ListPolicies", members{"Scope": "Local"}); a["TotalNum"] != 1.0 {
			t.Errorf("%v", a)
		}
		document := c.must("GetRole", role)["RoleInfo"].(map[string]any)["PolicyDocument"].(string)
		if strings.HasPrefix(document, "%7B") == plain {
			t.Errorf("plain %v: %s", plain, document)
		}
		if got := s.Roles()[1]; got.Trust != trust || len(got.Policies) != 1 || got.Policies[0] != "events" {
			t.Errorf("%+v", got)
		}
	}
	_, c := run(t, scffake.Options{Roles: []scffake.Role{}})
	c.want("FailedOperation.QcsRoleNotFound", "CreateFunction", function(t, "fn", someZip(t)))
}
