package serverless

import (
	"strings"
	"testing"
)

// Each rule of Check, broken by one edit of the shipped file.
func TestFindings(t *testing.T) {
	t.Parallel()
	const callbackMemory = "handler: callback\n      memorySize: 64"
	const pullTimeout = "timeout: 60"
	const timerHead = "    - type: timer\n      function: pull\n"
	long := strings.Repeat("x", 61)
	environment := func(entry string) [2]string {
		return [2]string{"  environments:\n", "  environments:\n    " + entry + "\n"}
	}
	timers := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(timerHead + "      parameters: {name: t" + string(rune('a'+i)) + ", cronExpression: '0 * * * * * *', enable: true}\n")
		}
		return b.String()
	}

	tests := []struct {
		name string
		edit [2]string // text, and what takes its place
		want string    // the finding begins with it
		vars map[string]string
	}{
		// The whole.
		{"component", [2]string{"component: multi-scf", "component: scf"}, `error: component: "scf"`, nil},
		{"no app", [2]string{"app: vod-events", "#"}, "error: app: missing", nil},
		{"no name", [2]string{"name: receiver", "#"}, "error: name: missing", nil},
		{"src", [2]string{"src: ./dist", "src: ./"}, `error: inputs.src: "./"`, nil},
		{"no src", [2]string{"  src:\n    src: ./dist\n", ""}, `error: inputs.src: ""`, nil},
		{"triggers ignored", [2]string{"  region:", "  ignoreTriggers: true\n  region:"}, "error: inputs.ignoreTriggers", nil},
		{"component scf's variables", [2]string{"  region:", "  environment: {variables: {A: b}}\n  region:"}, "error: inputs.environment", nil},
		{"foreign reference", [2]string{"ap-guangzhou", "${self:custom.region}"}, "error: inputs.region: ${self:custom.region}", nil},
		{"foreign reference", [2]string{"ap-guangzhou", "${opt:region}"}, "error: inputs.region: ${opt:region}", nil},
		{"unset reference", [2]string{"ap-guangzhou", "${env:REGION}"}, "error: inputs.region: REGION is not set", nil},

		// Names.
		{"function name too long", [2]string{"name: receiver", "name: " + long}, "error: functions.callback: its name", nil},
		{"function name with a dot", [2]string{"app: vod-events", "app: vod.events"}, "error: functions.callback: its name", nil},
		{"function name begins with a digit", [2]string{"name: receiver", "name: 1st"}, "error: functions.callback: its name", nil},
		{"own function name", [2]string{callbackMemory, callbackMemory + "\n      name: ends-with-"}, "error: functions.callback: its name", nil},
		{"function missing", [2]string{"    pull:\n      handler", "    drain:\n      handler"}, `error: inputs.functions: no function "pull"`, nil},
		{"handler", [2]string{"handler: pull", "handler: main"}, `error: functions.pull.handler: "main"`, nil},
		{"handler as with other languages", [2]string{"handler: pull", "handler: pull.main"}, "error: functions.pull.handler", nil},
		{"timer name", [2]string{"name: pull", "name: 1pull"}, "error: triggers[1].name", nil},
		{"timer name too long", [2]string{"name: pull", "name: " + long}, "error: triggers[1].name", nil},
		{"timer without a name", [2]string{"        name: pull\n", ""}, "error: triggers[1].name", nil},
		{"two timers of one name", [2]string{timerHead, timerHead + "      parameters: {name: pull, cronExpression: '0 * * * * * *', enable: true}\n" + timerHead}, `error: triggers[2].name: "pull" is there twice`, nil},

		// Runtime and sizes.
		{"own src", [2]string{callbackMemory, callbackMemory + "\n      src: ./callback"}, "error: functions.callback.src", nil},
		{"own environment", [2]string{callbackMemory, callbackMemory + "\n      environment: [{key: A, value: b}]"}, "error: functions.callback.environment", nil},
		{"web function", [2]string{"type: event", "type: web"}, "error: functions.callback.type", nil},
		{"runtime", [2]string{"runtime: Go1", "runtime: Golang1"}, `error: functions.callback.runtime: "Golang1"`, nil},
		{"no runtime", [2]string{"runtime: Go1", "#"}, `error: functions.callback.runtime: ""`, nil},
		{"memory step", [2]string{callbackMemory, "handler: callback\n      memorySize: 192"}, "error: functions.callback.memorySize: 192", nil},
		{"memory too small", [2]string{callbackMemory, "handler: callback\n      memorySize: 32"}, "error: functions.callback.memorySize: 32", nil},
		{"memory too large", [2]string{callbackMemory, "handler: callback\n      memorySize: 3200"}, "error: functions.callback.memorySize: 3200", nil},
		{"no memory", [2]string{callbackMemory, "handler: callback"}, "error: functions.callback.memorySize: missing", nil},
		{"memory that large events exceed", [2]string{"memorySize: 128", "memorySize: 64"}, "warning: functions.pull.memorySize: 64 MB", nil},
		{"no timeout", [2]string{pullTimeout, "#"}, "error: functions.pull.timeout: missing", nil},
		{"timeout too long", [2]string{pullTimeout, "timeout: 901"}, "error: functions.pull.timeout: 901", nil},
		{"timeout negative", [2]string{pullTimeout, "timeout: -1"}, "error: functions.pull.timeout: -1", nil},
		{"callback shorter than VOD's patience", [2]string{"timeout: 15", "timeout: 5"}, "error: functions.callback.timeout: 5 s", nil},
		{"pull shorter than a call", [2]string{pullTimeout, "timeout: 10"}, "error: functions.pull.timeout: 10 s", nil},
		{"pull shorter than the lease", [2]string{pullTimeout, "timeout: 30"}, "warning: functions.pull.timeout: 30 s", nil},
		{"no role", [2]string{"timeout: 60\n      role: SCF_ExecuteRole", "timeout: 60"}, "error: functions.pull.role", nil},

		// Variables.
		{"reserved", environment("- {key: SCF_NAME, value: x}"), "error: inputs.environments: SCF_NAME", nil},
		{"reserved", environment("- {key: QCLOUD_X, value: x}"), "error: inputs.environments: QCLOUD_X", nil},
		{"reserved", environment("- {key: TENCENTCLOUD_SECRETID, value: x}"), "error: inputs.environments: TENCENTCLOUD_SECRETID", nil},
		{"bad key", environment("- {key: A-B, value: x}"), `error: inputs.environments: "A-B"`, nil},
		{"bad key", environment("- {key: _A, value: x}"), `error: inputs.environments: "_A"`, nil},
		{"twice", environment("- {key: A, value: x}\n    - {key: A, value: x}"), "error: inputs.environments: A is there twice", nil},
		{"undefined", [2]string{"app:", "app:"}, "error: functions.callback.environments: SINK", map[string]string{"SINK": "undefined"}},
		{"reference in a value", [2]string{"app:", "app:"}, "error: functions.callback.environments: SINK", map[string]string{"SINK": "${env:SINK}"}},
		{"part of a value unset", environment(`- {key: A, value: "x-${env:HALF}"}`), "error: inputs.environments[0].value: HALF is not set", nil},
		{"no value", environment("- {key: A, value: }"), "error: inputs.environments: A has no value", nil},
		{"no value", environment("- key: A\n      value:"), "error: inputs.environments: A has no value", nil},
		{"no value", environment("- {key: A, value: ~}"), "error: inputs.environments: A has no value", nil},
		{"no value", environment("- {key: A}"), "error: inputs.environments: A has no value", nil},
		{"no own value", [2]string{"timeout: 60", "timeout: 60\n      environments: [{key: A, value: null}]"}, "error: functions.pull.environments: A has no value", nil},
		{"only on a host", environment("- {key: LISTEN_ADDR, value: ':8080'}"), "error: inputs.environments: LISTEN_ADDR is for other machines", nil},
		{"only in dev", environment("- {key: VOD_RPC_SOCKET, value: /tmp/s}"), "error: inputs.environments: VOD_RPC_SOCKET is for other machines", nil},
		{"over 64 bytes", [2]string{"app:", "app:"}, "warning: inputs.environments: SINK is longer", map[string]string{"SINK": "https://example.com/" + long}},
		{"a value that the function refuses", [2]string{"app:", "app:"}, "error: functions.pull.environments: PULL_RATE", map[string]string{"PULL_RATE": "fast-as-you-can"}},
		{"own value that the function refuses", [2]string{"timeout: 60", "timeout: 60\n      environments: [{key: MAX_ATTEMPTS, value: none}]"}, "error: functions.pull.environments: MAX_ATTEMPTS", nil},
		{"own key", [2]string{"timeout: 60", "timeout: 60\n      environments: [{key: SCF_A, value: x}]"}, "error: functions.pull.environments: SCF_A", nil},
		{"over 4 KB", [2]string{"app:", "app:"}, "error: functions.callback.environments: 4101 bytes", map[string]string{"SINK": strings.Repeat("x", 4097)}},
		{"own over 4 KB", [2]string{callbackMemory, callbackMemory + "\n      environments: [{key: A, value: " + strings.Repeat("x", 4096) + "}]"}, "error: functions.callback.environments: 4097 bytes", nil},

		// Triggers that would be made disabled, or not at all.
		{"no public URL", [2]string{"          enableExtranet: true", "          #"}, "error: triggers[0].netConfig.enableExtranet", nil},
		{"no public URL", [2]string{"enableExtranet: true", "enableExtranet: false"}, "error: triggers[0].netConfig.enableExtranet", nil},
		{"CAM", [2]string{"authType: NONE", "authType: CAM"}, "error: triggers[0].authType", nil},
		{"URL closed", [2]string{"enableIntranet: false\n        enable: true", "enableIntranet: false\n        enable: false"}, "error: triggers[0].enable", nil},
		{"timer closed", [2]string{"enable: true # false", "enable: false # false"}, "error: triggers[1].enable", nil},
		{"timer closed by default", [2]string{"enable: true # false", "# false"}, "error: triggers[1].enable", nil},
		{"no such function", [2]string{"type: timer\n      function: pull", "type: timer\n      function: poll"}, `error: triggers[1].function: "poll"`, nil},
		{"no timer", [2]string{"type: timer\n      function: pull", "type: timer\n      function: callback"}, "error: triggers: no timer for pull", nil},
		{"no URL", [2]string{"type: http\n      function: callback", "type: http\n      function: pull"}, "error: triggers: no http trigger for callback", nil},
		{"unknown trigger", [2]string{"type: http\n", "type: https\n"}, `error: triggers[0].type: "https"`, nil},
		{"API Gateway", [2]string{"type: http\n      function: callback\n      parameters:", "type: apigw\n      parameters:\n        apis: [{path: /, function: callback}]"}, "warning: triggers[0]: API Gateway", nil},
		{"eleven timers", [2]string{timerHead, timers(10) + timerHead}, `error: triggers: 11 of type timer for function "pull"`, nil},
		{"argument", [2]string{"        name: pull\n", "        name: pull\n        argument: " + strings.Repeat("x", 4097) + "\n"}, "error: triggers[1].argument: 4097", nil},

		// Cron.
		{"five fields", [2]string{"'0 * * * * * *'", "'* * * * *'"}, `error: triggers[1].cronExpression: cron "* * * * *" has 5 fields`, nil},
		{"no cron", [2]string{"cronExpression:", "cron:"}, `error: triggers[1].cronExpression: cron ""`, nil},
		{"garbage", [2]string{"'0 * * * * * *'", "garbage"}, "error: triggers[1].cronExpression", nil},
		{"in the past", [2]string{"'0 * * * * * *'", "'0 * * * * * 2020'"}, `error: triggers[1].cronExpression: "0 * * * * * 2020" never comes`, nil},
		{"overlap", [2]string{"'0 * * * * * *'", "'*/10 * * * * * *'"}, "warning: triggers[1].cronExpression: fires 10s after", nil},
		{"overlap by a second", [2]string{pullTimeout, "timeout: 61"}, "warning: triggers[1].cronExpression: fires 1m0s after it fired, and the function may run for 1m1s", nil},
		{"a gap between runs until the deadline", [2]string{"app:", "app:"}, "warning: triggers[1].cronExpression: fires 1m0s after it fired, and with PULL_UNTIL=deadline", map[string]string{"PULL_UNTIL": "deadline"}},
		{"too much overlap until the deadline", [2]string{pullTimeout, "timeout: 76"}, "warning: triggers[1].cronExpression: fires 1m0s after it fired, and the function may run for 1m16s", map[string]string{"PULL_UNTIL": "deadline"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := shipped(t)
			if strings.Count(text, tt.edit[0]) == 0 {
				t.Fatalf("serverless.yml has no %q any more", tt.edit[0])
			}
			f, err := Parse([]byte(strings.Replace(text, tt.edit[0], tt.edit[1], 1)), Options{Getenv: env(tt.vars)})
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, finding := range f.Check(programs, now) {
				if all = append(all, finding.String()); strings.HasPrefix(finding.String(), tt.want) {
					return
				}
				for _, value := range tt.vars {
					if strings.Contains(finding.String(), value) {
						t.Errorf("%v tells a value", finding)
					}
				}
			}
			t.Errorf("no finding %q among\n%s", tt.want, strings.Join(all, "\n"))
		})
	}
}

// CheckUse is about the settings, not the file.
func TestCheckUse(t *testing.T) {
	t.Parallel()
	const key = "k3yk3yk3y"
	tests := []struct {
		key, sink string
		open      bool
		want      []string // beginnings
	}{
		{"", "", false, []string{"error: CALLBACK_SIGN_KEY: not set", "warning: SINK: is stdout:"}},
		{"", "https://example.com", true, []string{"warning: CALLBACK_SIGN_KEY: not set"}},
		{key, "", false, []string{"warning: SINK: is stdout:"}},
		{key, "https://example.com stdout:", false, []string{"warning: SINK: is stdout:"}},
		{key, "https://example.com file:/tmp/e", false, []string{"warning: SINK: has a file:"}},
		{key, "https://example.com", false, nil},
		{key, "https://example.com", true, nil},
	}
	for _, tt := range tests {
		f, err := Parse([]byte(shipped(t)), Options{Getenv: env(map[string]string{"CALLBACK_SIGN_KEY": tt.key, "SINK": tt.sink})})
		if err != nil {
			t.Fatal(err)
		}
		got := f.CheckUse(tt.open)
		if len(got) != len(tt.want) {
			t.Errorf("key %q, sink %q, open %v: %v, want %q", tt.key, tt.sink, tt.open, got, tt.want)
			continue
		}
		for i := range got {
			if !strings.HasPrefix(got[i].String(), tt.want[i]) {
				t.Errorf("key %q, sink %q, open %v: %v, want %q", tt.key, tt.sink, tt.open, got[i], tt.want[i])
			}
		}
	}
}

// If a variable is set here and the file does not list it, the function would miss
// it and nobody would notice.
func TestCheckUseOfUnlistedVariables(t *testing.T) {
	t.Parallel()
	text := strings.Replace(shipped(t), "    - key: MAX_ATTEMPTS\n      value: ${env:MAX_ATTEMPTS}\n", "", 1)
	f, err := Parse([]byte(text), Options{Getenv: env(map[string]string{
		"CALLBACK_SIGN_KEY": "k", "SINK": "https://example.com", "MAX_ATTEMPTS": "7",
		"VOD_SECRET_ID": "for other programs", "LISTEN_ADDR": ":1",
	})})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.CheckUse(false); len(got) != 1 || !strings.HasPrefix(got[0].String(), "warning: MAX_ATTEMPTS: is set here") {
		t.Errorf("%v", got)
	}
}
