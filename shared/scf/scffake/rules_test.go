package scffake_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vodevents/shared/scf/scffake"
)

// What CreateFunction refuses, and by which code (583/18586).
func TestCreateFunctionRefuses(t *testing.T) {
	t.Parallel()
	zip := inBase64(zipped(t, 0o755, "main"))
	_, c := run(t, scffake.Options{Vpcs: []string{"vpc-1/subnet-1"}})
	c.create("taken", members{"Code": members{"ZipFile": zip}})
	for name, x := range map[string]struct {
		code    string
		changes members
	}{
		"no code":           {"MissingParameter.Code", members{"Code": nil}},
		"no base64":         {"InvalidParameterValue.ZipFileBase64BinasciiError", members{"Code": members{"ZipFile": "%"}}},
		"no zip":            {"InvalidParameterValue.ZipFile", members{"Code": members{"ZipFile": inBase64([]byte("text"))}}},
		"no object":         {"ResourceNotFound.CosObject", members{"Code": members{"CosBucketName": "b", "CosObjectName": "/o"}}},
		"short name":        {"InvalidParameterValue.FunctionName", members{"FunctionName": "x"}},
		"long name":         {"InvalidParameterValue.FunctionName", members{"FunctionName": strings.Repeat("x", 61)}},
		"name ends in -":    {"InvalidParameterValue.FunctionName", members{"FunctionName": "name-"}},
		"Golang1":           {"InvalidParameterValue.Runtime", members{"Runtime": "Golang1"}},
		"no handler":        {"InvalidParameterValue.Handler", members{"Handler": nil}},
		"96 MB":             {"InvalidParameterValue.MemorySize", members{"MemorySize": 96}},
		"4096 MB":           {"LimitExceeded.Memory", members{"MemorySize": 4096}},
		"901 s":             {"LimitExceeded.Timeout", members{"Timeout": 901}},
		"no such role":      {"ResourceNotFound.Role", members{"Role": "nobody"}},
		"no such namespace": {"ResourceNotFound.Namespace", members{"Namespace": "other"}},
		"no such VPC":       {"ResourceNotFound.Vpc", members{"VpcConfig": members{"VpcId": "vpc-2", "SubnetId": "subnet-1"}}},
		"VPC alone":         {"InvalidParameterValue.Vpc", members{"VpcConfig": members{"VpcId": "vpc-1"}}},
		"public net of on":  {"InvalidParameterValue.PublicNetConfig", members{"PublicNetConfig": members{"PublicNetStatus": "ON"}}},
		"address, no net":   {"InvalidParameterValue.EipConfig", members{"PublicNetConfig": members{"PublicNetStatus": "DISABLE", "EipConfig": members{"EipStatus": "ENABLE"}}}},
		"description":       {"InvalidParameterValue.Description", members{"Description": "a/b"}},
		"long description":  {"InvalidParameterValue.Description", members{"Description": strings.Repeat("x", 1001)}},
		"empty value":       {"InvalidParameterValue.Environment", members{"Environment": variables("KEY", "")}},
		"bad key":           {"InvalidParameterValue.Environment", members{"Environment": variables("A-B", "v")}},
		"key twice":         {"InvalidParameterValue.Environment", members{"Environment": variables("A", "v", "A", "w")}},
		"reserved SCF_":     {"InvalidParameterValue.EnvironmentSystemProtect", members{"Environment": variables("SCF_X", "v")}},
		"reserved QCLOUD_":  {"InvalidParameterValue.EnvironmentSystemProtect", members{"Environment": variables("QCLOUD_X", "v")}},
		"reserved TENCENT…": {"InvalidParameterValue.EnvironmentSystemProtect", members{"Environment": variables("TENCENTCLOUD_X", "v")}},
		"over 4 KB":         {"InvalidParameterValue.EnvironmentExceededLimit", members{"Environment": variables("KEY", strings.Repeat("x", 4094))}},
		"exactly 4 KB":      {"", members{"FunctionName": "full", "Environment": variables("KEY", strings.Repeat("x", 4093))}},
		"it exists":         {"ResourceInUse.Function", members{"FunctionName": "taken"}},
		"unknown member":    {"UnknownParameter", members{"Color": "red"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := function(t, "new", members{"Code": members{"ZipFile": zip}})
			for k, v := range x.changes {
				if p[k] = v; v == nil {
					delete(p, k)
				}
			}
			c.want(x.code, "CreateFunction", p)
		})
	}
}

// A namespace holds 50 functions.
func TestFiftyFunctions(t *testing.T) {
	t.Parallel()
	_, c := run(t, scffake.Options{Rate: -1})
	zip := members{"ZipFile": inBase64(zipped(t, 0o755, "main"))}
	for i := range scffake.MaxFunctions {
		c.must("CreateFunction", function(t, fmt.Sprintf("f%d", i), members{"Code": zip}))
	}
	c.want("LimitExceeded.Function", "CreateFunction", function(t, "more", members{"Code": zip}))
	if a := c.must("ListFunctions", members{"SearchKey": "f1", "Limit": 5}); len(a["Functions"].([]any)) != 5 || a["TotalCount"] != 11.0 {
		t.Errorf("ListFunctions: %v", a)
	}
}

// Every write takes time, and the next one is refused meanwhile.
func TestStates(t *testing.T) {
	t.Parallel()
	zip := members{"ZipFile": inBase64(zipped(t, 0o755, "main"))}
	code := members{"FunctionName": "fn", "Code": members{"ZipFile": inBase64(zipped(t, 0o755, "main", "other"))}}
	memory := members{"FunctionName": "fn", "MemorySize": 128}
	writes := map[string]members{"UpdateFunctionCode": code, "UpdateFunctionConfiguration": memory, "CreateTrigger": httpTrigger("fn", nil), "DeleteFunction": {"FunctionName": "fn"}}
	for _, busyCode := range []string{"", "ResourceInUse", "FailedOperation.OperationConflict"} {
		s, c := run(t, scffake.Options{Rate: -1, Alternatives: scffake.Alternatives{BusyCode: busyCode}})
		refused := func(state string) {
			t.Helper()
			if got := c.must("GetFunction", members{"FunctionName": "fn"})["Status"]; got != state {
				t.Errorf("Status %v, want %s", got, state)
			}
			for action, p := range writes {
				want := busyCode
				if want == "" {
					want = "FailedOperation." + action
				}
				c.want(want, action, p)
			}
		}
		c.must("CreateFunction", function(t, "fn", members{"Code": zip}))
		refused("Creating")
		c.until("fn", scffake.Active)
		for _, action := range []string{"UpdateFunctionCode", "UpdateFunctionConfiguration"} {
			c.must(action, writes[action])
			refused("Updating")
			c.until("fn", scffake.Active)
		}
		c.must("DeleteFunction", members{"FunctionName": "fn"})
		refused("Deleting")
		s.FastForward(busy)
		c.want("ResourceNotFound.Function", "GetFunction", members{"FunctionName": "fn"})
	}
}

// With StatePolls only answers of GetFunction count toward the end of a state.
func TestStatePolls(t *testing.T) {
	t.Parallel()
	s, c := run(t, scffake.Options{StatePolls: 2})
	c.must("CreateFunction", function(t, "fn", members{"Code": members{"ZipFile": inBase64(zipped(t, 0o755, "main"))}}))
	s.FastForward(10 * busy)
	for _, want := range []string{"Creating", "Creating", "Active"} {
		if got := c.must("GetFunction", members{"FunctionName": "fn"})["Status"]; got != want {
			t.Errorf("Status %v, want %s", got, want)
		}
	}
}

// A function whose creation failed can only be deleted, and one whose update
// failed serves what it had before and takes the update again (583/115197).
func TestFailedStates(t *testing.T) {
	t.Parallel()
	zip := members{"ZipFile": inBase64(zipped(t, 0o755, "main"))}
	for name, o := range map[string]scffake.Options{"no CLS": {CLS: scffake.CLSFails}, "made to fail": {}} {
		t.Run(name, func(t *testing.T) {
			s, c := run(t, o)
			if o.CLS == "" {
				s.Next("CreateFunction", scffake.Fault{Kind: scffake.Ends})
			}
			c.must("CreateFunction", function(t, "fn", members{"Code": zip}))
			c.until("fn", scffake.CreateFailed)
			if a := c.must("GetFunction", members{"FunctionName": "fn"}); len(a["StatusReasons"].([]any)) != 1 {
				t.Errorf("no reason: %v", a)
			}
			c.want("FailedOperation.UpdateFunctionConfiguration", "UpdateFunctionConfiguration", members{"FunctionName": "fn", "Timeout": 4})
			c.want("FailedOperation.CreateTrigger", "CreateTrigger", httpTrigger("fn", nil))
			c.must("DeleteFunction", members{"FunctionName": "fn"})
			c.until("fn", "")
		})
	}
	t.Run("update", func(t *testing.T) {
		s, c := run(t, scffake.Options{})
		c.create("fn", members{"Code": zip})
		before, _ := s.Function(region, "fn")
		code := members{"FunctionName": "fn", "Code": members{"ZipFile": inBase64(zipped(t, 0o755, "main", "other"))}}
		s.Next("UpdateFunctionCode", scffake.Fault{Kind: scffake.Ends, Code: "InternalError"})
		c.must("UpdateFunctionCode", code)
		c.until("fn", scffake.UpdateFailed)
		if f, _ := s.Function(region, "fn"); f.SHA256 != before.SHA256 {
			t.Error("the failed code serves")
		}
		c.must("UpdateFunctionCode", code)
		c.until("fn", scffake.Active)
		if f, _ := s.Function(region, "fn"); f.SHA256 == before.SHA256 {
			t.Error("the second try did not change the code")
		}
	})
}

// An account without CLS can also be refused at once.
func TestCLSRefused(t *testing.T) {
	t.Parallel()
	_, c := run(t, scffake.Options{CLS: scffake.CLSRefuses})
	c.want("FailedOperation.ClsServiceUnregistered", "CreateFunction", function(t, "fn", members{"Code": members{"ZipFile": inBase64(zipped(t, 0o755, "main"))}}))
}

// The list that is sent is the whole environment; what is left out stays
// (583/18580).
func TestUpdateFunctionConfiguration(t *testing.T) {
	t.Parallel()
	vpc := members{"VpcId": "vpc-1", "SubnetId": "subnet-1"}
	for name, x := range map[string]struct {
		other  scffake.Alternatives
		change members
		want   func(f *scffake.Function)
	}{
		"one variable":   {change: members{"Environment": variables("B", "2")}, want: func(f *scffake.Function) { f.Environment.Variables = []scffake.Variable{{Key: "B", Value: "2"}} }},
		"cleared":        {change: members{"Environment": variables("", "")}, want: func(f *scffake.Function) { f.Environment.Variables = nil }},
		"empty list":     {change: members{"Environment": variables()}, want: func(f *scffake.Function) { f.Environment.Variables = []scffake.Variable{} }},
		"empty, no-op":   {scffake.Alternatives{EmptyEnvironment: true}, members{"Environment": variables()}, func(*scffake.Function) {}},
		"memory alone":   {change: members{"MemorySize": 256}, want: func(f *scffake.Function) { f.MemorySize = 256 }},
		"no description": {change: members{"Description": ""}, want: func(f *scffake.Function) { f.Description = "" }},
		"no role":        {change: members{"Role": ""}, want: func(f *scffake.Function) { f.Role = "" }},
		"VPC left":       {change: members{"VpcConfig": members{"VpcId": "", "SubnetId": ""}}, want: func(f *scffake.Function) { f.VpcConfig = scffake.VpcConfig{} }},
		"VPC not left":   {scffake.Alternatives{VpcStays: true}, members{"VpcConfig": members{"VpcId": "", "SubnetId": ""}}, func(*scffake.Function) {}},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := run(t, scffake.Options{Alternatives: x.other})
			c.create("fn", members{"Code": members{"ZipFile": inBase64(zipped(t, 0o755, "main"))}, "Description": "mark", "VpcConfig": vpc, "Environment": variables("A", "1", "B", "1")})
			want, _ := s.Function(region, "fn")
			if want.PublicNetConfig == nil || want.PublicNetConfig.PublicNetStatus != "DISABLE" {
				t.Error("a function with a VPC alone has the public network")
			}
			x.want(&want)
			x.change["FunctionName"] = "fn"
			c.must("UpdateFunctionConfiguration", x.change)
			c.until("fn", scffake.Active)
			if got, _ := s.Function(region, "fn"); !cmp.Equal(got, want) {
				t.Error(cmp.Diff(want, got))
			}
		})
	}
	_, c := run(t, scffake.Options{})
	c.create("fn", members{"Code": members{"ZipFile": inBase64(zipped(t, 0o755, "main"))}})
	c.want("InvalidParameterValue.Runtime", "UpdateFunctionConfiguration", members{"FunctionName": "fn", "Runtime": "Php8.0"})
	c.want("UnknownParameter", "UpdateFunctionConfiguration", members{"FunctionName": "fn", "Handler": "h"})
}

// CodeSha256 is the hash of the zip, or something else (583/37164).
func TestGetFunctionAddress(t *testing.T) {
	t.Parallel()
	zip := zipped(t, 0o755, "main")
	sum := sha256.Sum256(zip)
	for _, other := range []bool{false, true} {
		s, c := run(t, scffake.Options{Alternatives: scffake.Alternatives{OtherHash: other}})
		s.Put(region, "bucket", "/code.zip", zip)
		c.create("fn", members{"Code": members{"CosBucketName": "bucket", "CosObjectName": "/code.zip"}})
		got := c.must("GetFunctionAddress", members{"FunctionName": "fn"})["CodeSha256"].(string)
		if len(got) != 64 || (got == hex.EncodeToString(sum[:])) == other {
			t.Errorf("other %v: %s", other, got)
		}
	}
}

// A request may have 10 MB (1130/46710).
func TestRequestSize(t *testing.T) {
	t.Parallel()
	s, c := run(t, scffake.Options{})
	big := members{"FunctionName": "fn", "Code": members{"ZipFile": strings.Repeat("A", 10<<20)}}
	c.want("RequestSizeLimitExceeded", "CreateFunction", big)
	s.SetAlternatives(scffake.Alternatives{MaxRequest: 20 << 20})
	c.want("InvalidParameterValue.ZipFile", "CreateFunction", big)
}
