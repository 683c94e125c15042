package scffake

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// runtimes are the values that Runtime may have. The stand-in runs only Go1.
var runtimes = []string{
	"Python2.7", "Python3.6", "Python3.7", "Python3.9", "Python3.10",
	"Nodejs10.15", "Nodejs12.16", "Nodejs14.18", "Nodejs16.13", "Nodejs18.15", "Nodejs20.19",
	"Php5", "Php7", "Php7.4", "Php8.0", "Java8", "Java11", "Go1", "CustomRuntime",
}

// reserved are the prefixes of variables that users cannot set (583/14570).
var reserved = []string{"SCF_", "QCLOUD_", "TENCENTCLOUD_"}

// check says what is wrong with the settings of f, by the codes of
// CreateFunction (583/18586) and UpdateFunctionConfiguration (583/18580).
func (s *Server) check(f *function) error {
	c := &f.Settings
	switch {
	case c.Handler == "" || len(c.Handler) > 60:
		return apiError("InvalidParameterValue.Handler", "Handler must have 1 to 60 characters.")
	case c.MemorySize > 3072:
		return apiError("LimitExceeded.Memory", "MemorySize may be 3072 MB.")
	case c.MemorySize != 64 && (c.MemorySize < 128 || c.MemorySize%128 != 0):
		return apiError("InvalidParameterValue.MemorySize", "MemorySize must be 64 or a multiple of 128 MB.")
	case c.Timeout < 1 || c.Timeout > 900:
		return apiError("LimitExceeded.Timeout", "Timeout must be 1 to 900 s.")
	case c.InitTimeout < 3 || c.InitTimeout > 300:
		return apiError("LimitExceeded.InitTimeout", "InitTimeout must be 3 to 300 s.")
	case utf8.RuneCountInString(c.Description) > 1000:
		return apiError("InvalidParameterValue.Description", "Description may have 1,000 characters.")
	case !s.opt.AnyDescription && strings.ContainsFunc(c.Description, forbidden):
		return apiError("InvalidParameterValue.Description", "Description may have letters, digits, spaces, commas, full stops, line breaks and Chinese.")
	case (c.ClsLogsetId == "") != (c.ClsTopicId == ""):
		return apiError("InvalidParameterValue.Cls", "ClsLogsetId and ClsTopicId need each other.")
	}
	for _, check := range []func(*function) error{s.checkEnvironment, s.checkNetwork, s.checkRole} {
		if err := check(f); err != nil {
			return err
		}
	}
	return nil
}

func forbidden(r rune) bool {
	return !(r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) || strings.ContainsRune(" ,.\n", r) || unicode.Is(unicode.Han, r))
}

// checkEnvironment also leaves out entries without a key, which only clear.
func (s *Server) checkEnvironment(f *function) error {
	size := 0
	seen := map[string]bool{}
	for _, v := range f.Environment.Variables {
		switch {
		case slices.ContainsFunc(reserved, func(p string) bool { return strings.HasPrefix(v.Key, p) }):
			return apiError("InvalidParameterValue.EnvironmentSystemProtect", "The variable "+v.Key+" is the platform's.")
		case !keyForm.MatchString(v.Key):
			return apiError("InvalidParameterValue.Environment", "The name of a variable must be letters, digits and underscores.")
		case v.Value == "":
			return apiError("InvalidParameterValue.Environment", "The variable "+v.Key+" is empty.")
		case seen[v.Key]:
			return apiError("InvalidParameterValue.Environment", "The variable "+v.Key+" is there twice.")
		}
		seen[v.Key] = true
		size += len(v.Key) + len(v.Value)
	}
	if size > MaxEnvironment {
		return apiError("InvalidParameterValue.EnvironmentExceededLimit", "All variables together may have 4 KB.")
	}
	return nil
}

func (s *Server) checkNetwork(f *function) error {
	v := f.VpcConfig
	if (v.VpcId == "") != (v.SubnetId == "") {
		return apiError("InvalidParameterValue.Vpc", "VpcId and SubnetId need each other.")
	}
	if v.VpcId != "" && s.opt.Vpcs != nil && !slices.Contains(s.opt.Vpcs, v.VpcId+"/"+v.SubnetId) {
		return apiError("ResourceNotFound.Vpc", "The VPC or the subnet does not exist.")
	}
	n := f.PublicNetConfig
	if n == nil {
		return nil
	}
	onOff := []string{"ENABLE", "DISABLE"}
	if !slices.Contains(onOff, n.PublicNetStatus) {
		return apiError("InvalidParameterValue.PublicNetConfig", "PublicNetStatus must be ENABLE or DISABLE.")
	}
	if n.EipConfig.EipStatus == "" {
		n.EipConfig.EipStatus = "DISABLE"
	}
	if !slices.Contains(onOff, n.EipConfig.EipStatus) || n.EipConfig.EipStatus == "ENABLE" && n.PublicNetStatus != "ENABLE" {
		return apiError("InvalidParameterValue.EipConfig", "EipStatus must be ENABLE or DISABLE, and needs the public network.")
	}
	if n.EipConfig.EipStatus == "DISABLE" {
		return nil
	}
	fixed := 0
	for _, other := range s.functions {
		if n := other.PublicNetConfig; other.place != f.place && other.region == f.region && n != nil && n.EipConfig.EipStatus == "ENABLE" {
			fixed++
		}
	}
	if fixed >= MaxEips {
		return apiError("LimitExceeded.Eip", "A region may have 5 fixed exit addresses.")
	}
	n.EipConfig.EipAddress = []string{"203.0.113.7"}
	return nil
}

func (s *Server) checkRole(f *function) error {
	if s.cam.role("SCF_QcsRole") == nil {
		return apiError("FailedOperation.QcsRoleNotFound", "The role SCF_QcsRole is missing: consent to it in the console.")
	}
	if f.Role == "" {
		return nil
	}
	r := s.cam.role(f.Role)
	if r == nil {
		return apiError("ResourceNotFound.Role", "The role does not exist.")
	}
	if !strings.Contains(r.Trust, "scf.qcloud.com") {
		return apiError("UnauthorizedOperation.Role", "The role does not trust scf.qcloud.com.")
	}
	return nil
}

// netOf returns the public network of a function for which nobody chose it: a function
// in a VPC has none.
func netOf(v VpcConfig) *PublicNetConfig {
	if v.VpcId == "" {
		return nil
	}
	return &PublicNetConfig{PublicNetStatus: "DISABLE", EipConfig: EipConfig{EipStatus: "DISABLE"}}
}
