package policy_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

type statement struct {
	Effect    string
	Action    any // a string or a list
	Resource  []string
	Principal struct{ Service []string }
}

func (s statement) actions(t *testing.T) (actions []string) {
	t.Helper()
	switch a := s.Action.(type) {
	case string:
		return []string{a}
	case []any:
		for _, one := range a {
			actions = append(actions, one.(string))
		}
	}
	if len(actions) == 0 {
		t.Fatalf("no action in %+v", s)
	}
	return actions
}

func statements(t *testing.T, file string) []statement {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var p struct{ Statement []statement }
	if err := json.Unmarshal(text, &p); err != nil || len(p.Statement) == 0 {
		t.Fatalf("%s: %d statements, %v", file, len(p.Statement), err)
	}
	return p.Statement
}

// What the functions may do: take events, confirm them, and ask. All of it in one
// application.
func TestFunctionsMayOnlyReadAndConfirm(t *testing.T) {
	for _, s := range statements(t, "function.json") {
		for _, a := range s.actions(t) {
			if !regexp.MustCompile(`^vod:(PullEvents|ConfirmEvents|(Describe|Search)[A-Za-z]+)$`).MatchString(a) {
				t.Errorf("the functions may %s", a)
			}
		}
		for _, r := range s.Resource {
			if r != "qcs::vod::uin/UIN:subAppId/SUBAPPID" {
				t.Errorf("the functions may act on %s", r)
			}
		}
	}
}

func TestOnlySCFTakesTheRole(t *testing.T) {
	for _, s := range statements(t, "trust.json") {
		if len(s.Principal.Service) != 1 || s.Principal.Service[0] != "scf.qcloud.com" {
			t.Errorf("the role may be taken by %v", s.Principal.Service)
		}
	}
}

// Of CAM, who deploys may read, and hand the one role to the functions.
func TestDeployingMakesNoRights(t *testing.T) {
	for _, s := range statements(t, "deployer.json") {
		for _, a := range s.actions(t) {
			service, action, _ := strings.Cut(a, ":")
			reads := strings.HasPrefix(action, "Get") || strings.HasPrefix(action, "List")
			oneRole := a == "cam:PassRole" && len(s.Resource) == 1 && strings.HasPrefix(s.Resource[0], "qcs::cam::uin/UIN:roleName/")
			if strings.Contains(a, "*") || service != "scf" && service != "vod" && !(service == "cam" && (reads || oneRole)) {
				t.Errorf("who deploys may %s on %v", a, s.Resource)
			}
		}
	}
}
