package main

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vodevents/scripts/internal/serverless"
	"vodevents/shared/config"
)

// FuzzRights makes the policy of the functions' role for any settings that the functions
// take:
//
//   - it is JSON, and names exactly the applications that the functions read from
//     VOD_SUB_APP_IDS, each as VOD spells it, or all if there is none;
//   - it names an object for each bucket to which the role writes, and no others;
//   - an object is a pattern only in its last character. Otherwise there is no policy.
func FuzzRights(f *testing.F) {
	for _, ids := range []string{"", "7", " 7 ,\t8\n", "007,18446744073709551615", "+7", "7,,8", "*"} {
		f.Add(ids, "stdout: cos://vod-1490012345/events?region=ap-guangzhou")
	}
	f.Add("7", "cos://b-1?region=r cos://b-1/?region=r cos://id:key@c-1?region=r")
	f.Add("7", "cos://b-1/a*?region=r")
	f.Add("7", "cos://b-1/%3f?region=r")
	f.Fuzz(func(t *testing.T, ids, sinks string) {
		settings := map[string]string{"VOD_SUB_APP_IDS": ids, "SINK": sinks}
		getenv := func(name string) string { return settings[name] }
		cfg, err := config.Read(getenv, config.Both)
		if err != nil {
			return // the check refuses them
		}
		d := &deployer{vars: settings, getenv: getenv}
		d.user.OwnerUin = "100000000001"
		text, err := d.rights(new(serverless.File))
		if err != nil && strings.ContainsAny(sinks, "*?$%") && strings.Contains(err.Error(), "cos://") {
			return
		}
		var policy struct {
			Statement []struct {
				Action, Resource []string
			}
		}
		if err != nil || json.Unmarshal([]byte(text), &policy) != nil || len(policy.Statement) == 0 {
			t.Fatalf("%q: %s, %v", settings, text, err)
		}
		var want []string
		for _, id := range cfg.SubAppIds {
			want = append(want, "qcs::vod::uin/100000000001:subAppId/"+strconv.FormatUint(id, 10))
		}
		if want == nil {
			want = []string{"qcs::vod::uin/100000000001:subAppId/*"}
		}
		if !slices.Equal(policy.Statement[0].Resource, want) {
			t.Fatalf("%q: %q, want %q", ids, policy.Statement[0].Resource, want)
		}
		for _, s := range policy.Statement[1:] {
			for _, object := range s.Resource {
				if before, ok := strings.CutSuffix(object, "/*"); !ok || strings.ContainsAny(before, "*?") {
					t.Fatalf("%q: %s", sinks, object)
				}
			}
		}
		buckets := slices.ContainsFunc(cfg.Sinks, func(u string) bool { return strings.HasPrefix(strings.ToLower(u), "cos:") })
		if len(policy.Statement) > 1 && !buckets {
			t.Fatalf("%q: %s", sinks, text)
		}
	})
}
