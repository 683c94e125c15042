package main

import (
	"strings"
	"testing"

	"vodevents/scripts/internal/serverless"
)

// A policy takes * and ? in a resource for patterns. So a bucket whose URL has one is
// refused where it would become a resource of the role's policy, however it is spelled,
// and nowhere else.
func TestThePolicyOfAPrefixIsNoPattern(t *testing.T) {
	for sinks, want := range map[string]string{
		"cos://box-1490000077/a*?region=ap-nanjing":                        "refused",
		"cos://box-1490000077/a%2A/b?region=ap-nanjing":                    "refused",
		"cos://box-1490000077/q%3Fz?region=ap-nanjing":                     "refused",
		"cos://box-1490000077/$%7Buin%7D?region=ap-nanjing":                "refused",
		"cos://box-1490000077/ok?region=ap-*":                              "refused",
		"cos://*-1490000077/ok?region=ap-nanjing":                          "refused",
		"stdout: cos://box-1490000077/*?region=ap-nanjing":                 "refused",
		"cos://box-1490000077/a$b?region=ap-nanjing":                       `"qcs::cos:ap-nanjing:uid/1490000077:box-1490000077/a$b/*"`,
		"cos://box-1490000077?region=ap-nanjing":                           `"qcs::cos:ap-nanjing:uid/1490000077:box-1490000077/*"`,
		"cos://id:key@box-1490000077/a*?region=ap-nanjing":                 "", // the role is not asked
		"cos://box-1490000077/a*?region=r&endpoint=https://s3.example.com": "",
		"https://example.com/*?types=A":                                    "",
	} {
		for _, variable := range []string{"SINK", "DEAD_LETTER"} {
			settings := map[string]string{variable: sinks}
			d := &deployer{vars: settings, getenv: func(name string) string { return settings[name] }}
			d.user.OwnerUin = "100000000033"
			text, err := d.rights(new(serverless.File))
			switch {
			case want == "refused":
				if err == nil || text != "" || !strings.Contains(err.Error(), "→") {
					t.Errorf("%s=%s: %s, %v", variable, sinks, text, err)
				}
			case err != nil || !strings.Contains(text, want) || want == "" && strings.Contains(text, "qcs::cos"):
				t.Errorf("%s=%s: %s, %v", variable, sinks, text, err)
			}
		}
	}
}
