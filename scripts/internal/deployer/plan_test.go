package main

import (
	"slices"
	"strings"
	"testing"

	"vodevents/scripts/internal/scfapi"
	"vodevents/scripts/internal/serverless"
)

// wanted returns a function as serverless.yml might want it.
func wanted() *function {
	w := &function{
		key:       "pull",
		Function:  serverless.Function{Name: "r-dev-a-pull", Handler: "pull", Type: "event", Runtime: "Go1", MemorySize: 128, Timeout: 60, Role: "SCF_ExecuteRole"},
		variables: []scfapi.Variable{{Key: "SINK", Value: "postgres://u:p4ssw0rd@db.example.com/vod"}, {Key: "VOD_SUB_APP_IDS", Value: "1500000007"}},
		zip:       []byte("zip"),
		sha256:    strings.Repeat("ab", 32),
	}
	w.triggers = []scfapi.WriteTrigger{{FunctionName: w.Name, TriggerName: "pull", Type: "timer", TriggerDesc: "0 * * * * * *",
		Qualifier: scfapi.Qualifier, Enable: "OPEN", Description: triggerMark}}
	return w
}

// deployed returns what the cloud reports once w is deployed.
func deployed(t *testing.T, w *function) present {
	t.Helper()
	p, err := newPlan(w, present{}, false)
	if err != nil {
		t.Fatal(err)
	}
	return present{
		Function: scfapi.Function{FunctionName: w.Name, Status: scfapi.Active, Type: "Event", Runtime: w.Runtime, Handler: w.Handler,
			MemorySize: w.MemorySize, Timeout: w.Timeout, Role: w.Role, Description: p.mark.String(), Environment: scfapi.Environment{Variables: p.vars}},
		found:      true,
		codeSha256: w.sha256,
		triggers: []scfapi.Trigger{{TriggerName: "pull", Type: "timer", TriggerDesc: `{"cron":"0 * * * * * *"}`, Enable: 1,
			Qualifier: scfapi.Qualifier, Description: triggerMark}},
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(w *function, have *present)
		force  bool
		calls  string // the writes, by spaces
		lines  string // what the plan says, by "; "
		sends  string // a part of the calls
		fails  string
	}{
		"nothing differs": {},
		"it is not there": {
			change: func(w *function, have *present) { *have = present{} },
			calls:  "CreateFunction CreateTrigger",
		},
		"its creation failed": {
			change: func(w *function, have *present) { have.Status, have.triggers = scfapi.CreateFailed, nil },
			calls:  "DeleteFunction CreateFunction CreateTrigger",
		},
		"other code": {
			change: func(w *function, have *present) { have.codeSha256 = strings.Repeat("cd", 32) },
			calls:  "UpdateFunctionCode UpdateFunctionConfiguration",
		},
		"the cloud reports another hash, as it did when this code was sent": {
			change: func(w *function, have *present) {
				have.codeSha256 = strings.Repeat("cd", 32)
				have.Description = strings.Replace(have.Description, " conf ", " as cdcdcdcdcdcdcdcd conf ", 1)
			},
		},
		"code was sent, and the configuration was not": {
			change: func(w *function, have *present) { have.Description = "vodevents code 0000 conf 0000" },
			calls:  "UpdateFunctionConfiguration",
		},
		"another handler goes with the code": {
			change: func(w *function, have *present) { have.Handler = "main" },
			calls:  "UpdateFunctionCode UpdateFunctionConfiguration",
			lines:  "~ handler    main → pull",
		},
		"memory, timeout and role": {
			change: func(w *function, have *present) { have.MemorySize, have.Timeout, have.Role = 64, 3, "" },
			calls:  "UpdateFunctionConfiguration",
			lines:  "~ memory     64 → 128 MB; ~ timeout    3 → 60 s; ~ role       none → SCF_ExecuteRole",
		},
		"another password": {
			change: func(w *function, have *present) {
				have.Environment.Variables = []scfapi.Variable{{Key: "SINK", Value: "postgres://u:0ther0ther@db.example.com/vod"}, w.variables[1]}
			},
			calls: "UpdateFunctionConfiguration",
			lines: "~ variable   SINK postgres://db.example.com → another value",
		},
		"a variable of ours that is no longer set goes": {
			change: func(w *function, have *present) {
				have.Environment.Variables = append(slices.Clone(w.variables), scfapi.Variable{Key: "CALLBACK_SIGN_KEY", Value: "0ld0ld0ld"})
			},
			calls: "UpdateFunctionConfiguration",
			lines: "- variable   CALLBACK_SIGN_KEY (set)",
		},
		"a variable of somebody else goes only by force": {
			change: func(w *function, have *present) {
				have.Environment.Variables = append(slices.Clone(w.variables), scfapi.Variable{Key: "TEAM", Value: "media"})
			},
			force: true,
			calls: "UpdateFunctionConfiguration",
			lines: "- variable   TEAM (set)",
		},
		"into a VPC": {
			change: func(w *function, have *present) { w.vpc = &scfapi.VPC{VpcId: "vpc-1a", SubnetId: "subnet-2b"} },
			calls:  "UpdateFunctionConfiguration",
			lines:  "~ vpc        no VPC → vpc-1a subnet-2b",
		},
		"a network of the console stays": {
			change: func(w *function, have *present) {
				have.VpcConfig, have.PublicNetConfig = scfapi.VPC{VpcId: "vpc-1a", SubnetId: "subnet-2b"}, scfapi.NewPublicNet()
			},
		},
		"in a VPC without the public network": {
			change: func(w *function, have *present) { have.VpcConfig = scfapi.VPC{VpcId: "vpc-1a", SubnetId: "subnet-2b"} },
			calls:  "UpdateFunctionConfiguration",
		},
		"another cron": {
			change: func(w *function, have *present) { have.triggers[0].TriggerDesc = "0 0 * * * * *" },
			calls:  "UpdateTrigger",
			lines:  "~ trigger    timer pull, 0 0 * * * * * → 0 * * * * * *, enabled",
		},
		"a closed timer": {
			change: func(w *function, have *present) { have.triggers[0].Enable = 0 },
			calls:  "UpdateTrigger",
		},
		"a timer of ours with another name goes, one of others stays": {
			change: func(w *function, have *present) {
				have.triggers = append(have.triggers, scfapi.Trigger{TriggerName: "old", Type: "timer", Description: triggerMark}, scfapi.Trigger{TriggerName: "theirs", Type: "timer"})
			},
			calls: "DeleteTrigger",
			lines: "- trigger    timer old",
		},
		"a timer that loses its argument": {
			change: func(w *function, have *present) { have.triggers[0].CustomArgument = "reconcile" },
			calls:  "UpdateTrigger",
			lines:  `~ trigger    timer pull 0 * * * * * *, argument "reconcile" → "", enabled`,
			sends:  `"CustomArgument":""`,
		},
		"a function URL that was closed, for signed calls of the intranet": {
			change: func(w *function, have *present) {
				w.triggers[0] = scfapi.WriteTrigger{TriggerName: urlTrigger, Type: "http", Qualifier: scfapi.Qualifier, Enable: "OPEN",
					TriggerDesc: `{"AuthType":"NONE","NetConfig":{"EnableIntranet":false,"EnableExtranet":true}}`}
				have.triggers = []scfapi.Trigger{{TriggerName: "by-hand", Type: "http", Qualifier: "$LATEST",
					TriggerDesc: `{"AuthType":"CAM","NetConfig":{"EnableIntranet":true,"EnableExtranet":true,"ExtranetUrl":"https://x"}}`}}
			},
			calls: "UpdateTrigger",
			lines: "~ trigger    http by-hand, AuthType CAM → NONE, also in the intranet →, closed → a public URL" + openToAll,
			sends: `"Qualifier":"$LATEST"`,
		},
		"retries of a timer that fires often": {
			change: func(w *function, have *present) {
				w.async, have.async = &scfapi.AsyncConfig{MsgTTL: 60}, &scfapi.AsyncConfig{RetryNum: 2, MsgTTL: 21600}
			},
			calls: "UpdateFunctionEventInvokeConfig",
			lines: "~ retries    2 after a failed run, events wait 21600 s at most → 0 after a failed run, events wait 60 s at most",
			sends: `"AsyncTriggerConfig":{"MsgTTL":60,"RetryConfig":[{"RetryNum":0}]}`,
		},
		"retries that the keys may not see stay": {
			change: func(w *function, have *present) { w.async = &scfapi.AsyncConfig{MsgTTL: 60} },
		},
		"a function of somebody else that is CreateFailed": {
			change: func(w *function, have *present) { have.Description, have.Status = "by hand", scfapi.CreateFailed },
			fails:  "this command did not make it",
		},
		"a function of somebody else": {
			change: func(w *function, have *present) { have.Description = "by hand" },
			fails:  "this command did not make it",
		},
		"a function of somebody else, by force": {
			change: func(w *function, have *present) { have.Description = "by hand" },
			force:  true,
			calls:  "UpdateFunctionConfiguration",
		},
		"another runtime": {
			change: func(w *function, have *present) { have.Runtime = "CustomRuntime" },
			fails:  "neither can be changed",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := wanted()
			have := deployed(t, w)
			if test.change != nil {
				test.change(w, &have)
			}
			p, err := newPlan(w, have, test.force)
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Fatalf("error %v, want %q", err, test.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var calls []string
			sent := ""
			for _, c := range p.calls() {
				calls = append(calls, c.action)
				sent += c.show(w)
				if shown := c.show(w); strings.Contains(shown, "p4ssw0rd") {
					t.Errorf("a secret is shown: %s", shown)
				}
			}
			if got := strings.Join(calls, " "); got != test.calls {
				t.Errorf("calls %q, want %q; the plan says %q", got, test.calls, p.lines)
			}
			if got := strings.Join(p.lines, "; "); test.lines != "" && got != test.lines {
				t.Errorf("the plan says %q, want %q", got, test.lines)
			}
			if !strings.Contains(sent, test.sends) {
				t.Errorf("no %s in %s", test.sends, sent)
			}
			if p.writes() != (len(p.lines) > 0) {
				t.Errorf("it writes: %t, and says %q", p.writes(), p.lines)
			}
		})
	}
}

// A variable that somebody added in the console stays, with a note.
func TestForeignVariableStays(t *testing.T) {
	t.Parallel()
	w := wanted()
	have := deployed(t, w)
	have.Environment.Variables = append(have.Environment.Variables, scfapi.Variable{Key: "TEAM", Value: "media-team"})
	p, err := newPlan(w, have, false)
	if err != nil {
		t.Fatal(err)
	}
	if r := p.configRequest(); !slices.Contains(r.Environment.Variables, scfapi.Variable{Key: "TEAM", Value: "media-team"}) {
		t.Errorf("the request has %v", r.Environment.Variables)
	}
	if notes := strings.Join(p.notes, "; "); !strings.Contains(notes, "TEAM is not in serverless.yml and stays") {
		t.Errorf("the notes are %q", notes)
	}
}

// In a VPC a function keeps the public network, and its fixed address.
func TestVPCKeepsThePublicNetwork(t *testing.T) {
	t.Parallel()
	w := wanted()
	w.vpc = &scfapi.VPC{VpcId: "vpc-1a", SubnetId: "subnet-2b"}
	have := deployed(t, wanted())
	have.PublicNetConfig = scfapi.NewPublicNet()
	have.PublicNetConfig.EipConfig.EipStatus = "ENABLE"
	p, err := newPlan(w, have, false)
	if err != nil {
		t.Fatal(err)
	}
	r := p.configRequest()
	if r.PublicNetConfig == nil || r.PublicNetConfig.PublicNetStatus != "ENABLE" || r.PublicNetConfig.EipConfig.EipStatus != "ENABLE" {
		t.Errorf("the request has %+v", r.PublicNetConfig)
	}
	if c := p.createRequest(); c.PublicNetConfig == nil || c.PublicNetConfig.PublicNetStatus != "ENABLE" {
		t.Errorf("the request to create it has %+v", c.PublicNetConfig)
	}
}

func TestZipOverTheLimit(t *testing.T) {
	t.Parallel()
	w := wanted()
	w.zip = make([]byte, 8<<20)
	err := checkSize(w)
	if err == nil || !strings.Contains(err.Error(), "8.39 MB") || !strings.Contains(err.Error(), "COS") {
		t.Errorf("a zip of 8 MiB gives %v", err)
	}
	w.zip = make([]byte, 7<<20)
	if err := checkSize(w); err != nil {
		t.Errorf("a zip of 7 MiB gives %v", err)
	}
}

func TestUnreachableHosts(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{
		"postgres://u:p@10.0.0.5/vod":                      true,
		"mysql://u:p@192.168.1.2:3306/vod":                 true,
		"https://hooks.example.com/in postgres://u:p@db/v": true,
		"kafka://10.1.2.3:9092,10.1.2.4:9092/events":       true,
		"postgres://u:p@100.64.3.4/vod":                    true,
		"http://localhost:8080/":                           true,
		"https://hooks.example.com/in":                     false,
		"postgres://u:p@203.0.113.9/vod":                   false,
		"stdout:":                                          false,
		"memory:":                                          false,
	} {
		got := false
		for _, host := range hosts(value) {
			got = got || unreachable(host) != ""
		}
		if got != want {
			t.Errorf("%s: unreachable %t, want %t", value, got, want)
		}
	}
}

// However SCF spells the hash that it reports, the next run finds the function as it
// left it, and finds other code.
func TestReportedHashInAnySpelling(t *testing.T) {
	t.Parallel()
	for told, other := range map[string]string{
		strings.Repeat("c0", 32):   strings.Repeat("c1", 32),
		"sha256-of-object:pt5QzFe": "sha256-of-object:pt5QzF8",
		"SHA256 (zip) = C0FFEE":    "SHA256 (zip) = C0FFE8",
		"crc64 7":                  "crc64 8",
		strings.Repeat("散", 20):    strings.Repeat("散", 19) + "x",
	} {
		w := wanted()
		p, err := newPlan(w, present{}, false)
		if err != nil {
			t.Fatal(err)
		}
		p.noteTold(told)
		have := deployed(t, w)
		have.Description = p.mark.String()
		if read, _ := parseMark(have.Description); read != p.mark || strings.Trim(have.Description, "abcdefghijklmnopqrstuvwxyz0123456789 ") != "" {
			t.Errorf("%q: the description %q is read as %+v", told, have.Description, read)
		}
		for later, code := range map[string]bool{told: false, other: true} {
			have.codeSha256 = later
			if p, err = newPlan(w, have, false); err != nil || p.code != code || p.config != code { // new code is a new mark
				t.Errorf("SCF told %q, later %q: code %t, configuration %t, %v", told, later, p.code, p.config, err)
			}
		}
	}
}

// The role's policy names the applications as VOD does, however the setting spells them.
func TestRightsSpellApplicationsAsVODDoes(t *testing.T) {
	t.Parallel()
	for ids, want := range map[string]string{
		"1490012345": `["qcs::vod::uin/1:subAppId/1490012345"]`, "007,\t8 ": `["qcs::vod::uin/1:subAppId/7","qcs::vod::uin/1:subAppId/8"]`, "": `["qcs::vod::uin/1:subAppId/*"]`,
	} {
		d := &deployer{vars: map[string]string{"VOD_SUB_APP_IDS": ids}, getenv: func(string) string { return "" }}
		d.user.OwnerUin = "1"
		if text, err := d.rights(new(serverless.File)); err != nil || !strings.Contains(text, `"resource":`+want) {
			t.Errorf("%q: %s, %v", ids, text, err)
		}
	}
}
