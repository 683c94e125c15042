// Package policy holds the rights that a deployment needs, one JSON file for each
// purpose. Read them before you give them to anybody. UIN stands for the main
// account's number, SUBAPPID for a VOD application.
//
//   - trust.json: who may take the functions' role: SCF alone;
//   - function.json: what the functions may do with it;
//   - deployer.json: what the user behind ./scripts/deploy may do. SCF checks most
//     of these actions for the resource * only (598/70005): with a function named
//     there they are denied. -configure needs vod:ModifyEventConfig too;
//   - role-maker.json: what that user needs as well for ./scripts/deploy -role.
package policy

import (
	_ "embed"
	"encoding/json"
	"strings"
)

// Trust lets SCF take the functions' role.
//
//go:embed trust.json
var Trust string

//go:embed function.json
var function string

// document is a policy with the members that the files use.
type document struct {
	Version   string      `json:"version"`
	Statement []statement `json:"statement"`
}

type statement struct {
	Effect   string   `json:"effect"`
	Action   []string `json:"action"`
	Resource []string `json:"resource"`
}

// Function returns the rights of the functions of an account, for the given
// applications. more are further actions that the settings need, such as
// vod:DescribeTaskDetail. Without applications it is for all of the account's.
func Function(uin string, subAppIds []string, more ...string) (string, error) {
	var d document
	if err := json.Unmarshal([]byte(function), &d); err != nil {
		return "", err
	}
	if len(subAppIds) == 0 {
		subAppIds = []string{"*"}
	}
	s := &d.Statement[0]
	s.Action = append(s.Action, more...)
	pattern := s.Resource[0]
	s.Resource = nil
	for _, id := range subAppIds {
		s.Resource = append(s.Resource, strings.NewReplacer("UIN", uin, "SUBAPPID", id).Replace(pattern))
	}
	text, err := json.Marshal(d)
	return string(text), err
}
