package callback

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
)

// The application of a callback is the only one, or the one that the URL names.
func TestApplicationOfACallback(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		apps     []uint64
		needsApp bool
		query    string
		source   string // of the event that is delivered
		refused  string // in the answer
	}{
		"none":                  {nil, true, "", "/tencentcloud/vod", ""},
		"the only one":          {[]uint64{7}, true, "", "/tencentcloud/vod/7", ""},
		"several, none named":   {[]uint64{7, 8}, false, "", "/tencentcloud/vod", ""},
		"several, one named":    {[]uint64{7, 8}, true, "?app=8", "/tencentcloud/vod/8", ""},
		"several, with media":   {[]uint64{7, 8}, true, "", "", "add ?app=SubAppId to the callback URL"},
		"another one is named":  {[]uint64{7, 8}, false, "?app=9", "", `app=\"9\" in the callback's URL is not in VOD_SUB_APP_IDS`},
		"what is named is none": {nil, false, "?app=x", "", "is not in VOD_SUB_APP_IDS"},
	} {
		t.Run(name, func(t *testing.T) {
			source := ""
			o := Options{SubAppIds: test.apps, NeedsApp: test.needsApp, Deliver: func(_ context.Context, events []*event.Event) []deliver.Result {
				source = events[0].Source()
				return []deliver.Result{delivered}
			}}
			w := httptest.NewRecorder()
			Handler(func() (Options, error) { return o, nil }).ServeHTTP(w, httptest.NewRequest("POST", "/"+test.query, strings.NewReader(body)))
			want := http.StatusOK
			if test.refused != "" {
				want = http.StatusInternalServerError
			}
			if w.Code != want || source != test.source || !strings.Contains(w.Body.String(), test.refused) {
				t.Errorf("%d %s, source %q", w.Code, w.Body, source)
			}
		})
	}
}
