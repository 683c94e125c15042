package scffake_test

import (
	"strings"
	"testing"

	"vodevents/shared/scf/scffake"
)

func someZip(t *testing.T) members {
	return members{"Code": members{"ZipFile": inBase64(zipped(t, 0o755, "main"))}}
}

// What CreateTrigger refuses, and by which code (583/18589).
func TestCreateTriggerRefuses(t *testing.T) {
	t.Parallel()
	_, c := run(t, scffake.Options{})
	c.create("fn", someZip(t))
	c.must("CreateTrigger", timerTrigger("fn", members{"TriggerName": "taken"}))
	for name, x := range map[string]struct {
		code string
		p    members
	}{
		"http without a name":  {"MissingParameter", httpTrigger("fn", members{"TriggerName": nil})},
		"no such function":     {"ResourceNotFound.Function", httpTrigger("gn", nil)},
		"no such version":      {"ResourceNotFound.Qualifier", httpTrigger("fn", members{"Qualifier": "7"})},
		"no AuthType":          {"InvalidParameterValue.TriggerDesc", httpTrigger("fn", members{"TriggerDesc": `{"NetConfig":{"EnableIntranet":false,"EnableExtranet":true}}`})},
		"one boolean":          {"InvalidParameterValue.TriggerDesc", httpTrigger("fn", members{"TriggerDesc": `{"AuthType":"NONE","NetConfig":{"EnableExtranet":true}}`})},
		"unknown key":          {"InvalidParameterValue.TriggerDesc", httpTrigger("fn", members{"TriggerDesc": `{"AuthType":"NONE","Net":{}}`})},
		"http with argument":   {"InvalidParameterValue.CustomArgument", httpTrigger("fn", members{"CustomArgument": "x"})},
		"argument over 4 KB":   {"InvalidParameterValue.CustomArgument", timerTrigger("fn", members{"CustomArgument": strings.Repeat("x", 4097)})},
		"six fields":           {"InvalidParameterValue.TriggerDesc", timerTrigger("fn", members{"TriggerDesc": "* * * * * *"})},
		"JSON instead of cron": {"InvalidParameterValue.TriggerDesc", timerTrigger("fn", members{"TriggerDesc": `{"cron":"0 * * * * * *"}`})},
		"bad name":             {"InvalidParameterValue.TriggerName", timerTrigger("fn", members{"TriggerName": "a b"})},
		"Enable true":          {"InvalidParameterValue.Enable", timerTrigger("fn", members{"Enable": "true"})},
		"unknown type":         {"InvalidParameterValue.Type", timerTrigger("fn", members{"Type": "tick"})},
		"it exists":            {"ResourceInUse.Trigger", timerTrigger("fn", members{"TriggerName": "taken"})},
	} {
		t.Run(name, func(t *testing.T) { c.want(x.code, "CreateTrigger", x.p) })
	}
	for _, name := range strings.Split("bcdefghij", "") {
		c.must("CreateTrigger", timerTrigger("fn", members{"TriggerName": name}))
	}
	c.want("LimitExceeded.Trigger", "CreateTrigger", timerTrigger("fn", members{"TriggerName": "k"}))
	c.must("CreateTrigger", httpTrigger("fn", nil))
	c.want("ResourceInUse.Trigger", "CreateTrigger", httpTrigger("fn", members{"TriggerName": "second"}))
}

// A trigger without Enable is closed, unless the alternative opens it. A bare
// cron comes back as JSON, unless the alternative keeps it.
func TestTriggerAnswers(t *testing.T) {
	t.Parallel()
	for _, other := range []bool{false, true} {
		_, c := run(t, scffake.Options{Alternatives: scffake.Alternatives{TriggersOpen: other, BareCron: other}})
		c.create("fn", someZip(t))
		c.must("CreateTrigger", timerTrigger("fn", members{"Enable": nil}))
		enable, desc := 0.0, `{"cron":"0 * * * * * *"}`
		if other {
			enable, desc = 1, "0 * * * * * *"
		}
		if got, _ := c.trigger("fn", "tick"); got["Enable"] != enable || got["TriggerDesc"] != desc || got["CustomArgument"] != "an argument" || got["Qualifier"] != "$DEFAULT" {
			t.Errorf("other %v: %v", other, got)
		}
	}
}

// UpdateTrigger does not change members that are left out, and finds a trigger only by
// its Qualifier (583/96828).
func TestUpdateTrigger(t *testing.T) {
	t.Parallel()
	s, c := run(t, scffake.Options{})
	c.create("fn", someZip(t))
	c.must("CreateTrigger", timerTrigger("fn", nil))
	named := members{"FunctionName": "fn", "Type": "timer", "TriggerName": "tick", "Qualifier": "$DEFAULT"}
	with := func(k string, v any) members {
		p := members{}
		for k, v := range named {
			p[k] = v
		}
		p[k] = v
		return p
	}
	c.want("ResourceNotFound.Trigger", "UpdateTrigger", with("Qualifier", "$LATEST"))
	c.must("UpdateTrigger", with("TriggerDesc", "0 0 * * * * *"))
	if got, desc := c.trigger("fn", "tick"); desc["cron"] != "0 0 * * * * *" || got["Enable"] != 1.0 || got["CustomArgument"] != "an argument" {
		t.Errorf("%v", got)
	}
	c.must("UpdateTrigger", with("CustomArgument", ""))
	if got, _ := c.trigger("fn", "tick"); got["CustomArgument"] != "" {
		t.Errorf("%v", got)
	}
	c.must("UpdateTriggerStatus", with("Enable", "CLOSE"))
	c.want("FailedOperation.UpdateTriggerStatus", "UpdateTriggerStatus", with("Enable", "CLOSE"))
	c.must("CreateTrigger", httpTrigger("fn", nil))
	c.must("UpdateTrigger", httpTrigger("fn", nil))
	c.want("InvalidParameterValue.Type", "UpdateTriggerStatus", httpTrigger("fn", members{"TriggerDesc": nil}))
	s.SetAlternatives(scffake.Alternatives{NoHTTPUpdate: true})
	c.want("InvalidParameterValue.Type", "UpdateTrigger", httpTrigger("fn", nil))
	c.must("DeleteTrigger", named)
	c.want("ResourceNotFound.Trigger", "DeleteTrigger", named)
}

// A URL may be missing at first; a deleted one comes back only with KeepURL.
func TestURLs(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		_, c := run(t, scffake.Options{URLPolls: 2, Alternatives: scffake.Alternatives{KeepURL: keep}})
		c.create("fn", someZip(t))
		c.must("CreateTrigger", httpTrigger("fn", nil))
		missing := []bool{c.address("fn") == "<nil>", c.address("fn") == "<nil>", c.address("fn") == "<nil>"}
		if !missing[0] || !missing[1] || missing[2] {
			t.Errorf("missing: %v", missing)
		}
		old := c.address("fn")
		c.must("DeleteTrigger", members{"FunctionName": "fn", "Type": "http", "TriggerName": "url-trigger", "Qualifier": "$DEFAULT"})
		c.must("CreateTrigger", httpTrigger("fn", nil))
		c.address("fn")
		c.address("fn")
		if again := c.address("fn"); (again == old) != keep {
			t.Errorf("keep %v: %s, then %s", keep, old, again)
		}
	}
}
