// Package policy holds the rights that a deployment needs, one JSON file for each
// purpose. Read them before you give them to anybody. UIN stands for the main
// account's number, SUBAPPID for a VOD application.
//
//   - trust.json: who may take the functions' role: SCF alone;
//   - function.json: what the functions may do with it. With CALLBACK_VERIFY=ask
//     callback also needs the actions in [Ask]; reconcile needs those in
//     [Reconcile]; a sink cos:// without keys in its URL needs name/cos:PutObject
//     on its prefix. [Function] adds them, and ./scripts/deploy -api -role with it;
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

// Ask are the actions of VOD with which callback asks whether an event is true, with
// CALLBACK_VERIFY=ask.
var Ask = []string{"vod:DescribeTaskDetail", "vod:DescribeMediaInfos"}

// Reconcile are the actions of VOD with which reconcile finds what was missed.
var Reconcile = []string{"vod:DescribeTasks", "vod:DescribeTaskDetail", "vod:SearchMedia", "vod:DescribeMediaInfos"}

// Needs is what the functions do with their role.
type Needs struct {
	Uin       string   // of the main account
	SubAppIds []string // VOD applications; none: all of the account's
	Actions   []string // of VOD, besides those in function.json
	Objects   []string // of COS, that they put, such as qcs::cos:REGION:uid/APPID:BUCKET/PREFIX/*
}

// Function returns the least rights for what the functions do.
func Function(n Needs) (string, error) {
	var d document
	if err := json.Unmarshal([]byte(function), &d); err != nil {
		return "", err
	}
	if len(n.SubAppIds) == 0 {
		n.SubAppIds = []string{"*"}
	}
	s := &d.Statement[0]
	s.Action = append(s.Action, n.Actions...)
	pattern := s.Resource[0]
	s.Resource = nil
	for _, id := range n.SubAppIds {
		s.Resource = append(s.Resource, strings.NewReplacer("UIN", n.Uin, "SUBAPPID", id).Replace(pattern))
	}
	if len(n.Objects) > 0 {
		d.Statement = append(d.Statement, statement{Effect: "allow", Action: []string{"name/cos:PutObject"}, Resource: n.Objects})
	}
	text, err := json.Marshal(d)
	return string(text), err
}
