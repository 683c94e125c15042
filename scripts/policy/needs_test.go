package policy_test

import (
	"strings"
	"testing"

	"vodevents/scripts/policy"
)

// The functions may pull and confirm for their applications, and nothing else.
func TestLeastRights(t *testing.T) {
	t.Parallel()
	text, err := policy.Function(policy.Needs{Uin: "100000000009", SubAppIds: []string{"1500000007", "1500000008"}})
	const want = `{"version":"2.0","statement":[{"effect":"allow","action":["vod:PullEvents","vod:ConfirmEvents"],` +
		`"resource":["qcs::vod::uin/100000000009:subAppId/1500000007","qcs::vod::uin/100000000009:subAppId/1500000008"]}]}`
	if err != nil || text != want {
		t.Errorf("%v: %s, want %s", err, text, want)
	}
	if text, err = policy.Function(policy.Needs{Uin: "1"}); err != nil || !strings.Contains(text, `"qcs::vod::uin/1:subAppId/*"`) {
		t.Errorf("without applications: %v, %s", err, text)
	}
}

// What settings need is added, and only that.
func TestRightsOfSettings(t *testing.T) {
	t.Parallel()
	text, err := policy.Function(policy.Needs{Uin: "1", Actions: []string{"vod:DescribeTaskDetail"}, Objects: []string{"qcs::cos:r:uid/9:b-9/p/*"}})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(text, `"effect"`) != 2 || !strings.Contains(text, `"vod:ConfirmEvents","vod:DescribeTaskDetail"]`) ||
		!strings.Contains(text, `{"effect":"allow","action":["name/cos:PutObject"],"resource":["qcs::cos:r:uid/9:b-9/p/*"]}`) {
		t.Errorf("%s", text)
	}
}
