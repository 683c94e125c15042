package cos

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// No key is shown, whatever part of an answer repeats it.
func TestErrorsShowNoKey(t *testing.T) {
	t.Parallel()
	table := openTable(t, "cos://AKIDmask0123:k3yk3yk3y@b-1/vod?region=r")
	table.static.token = "t0kent0kent0ken"
	for _, key := range []string{table.static.id, table.static.token} {
		for name, c := range map[string]struct{ status, body string }{
			"the status":    {"403 " + key, ""},
			"the code":      {"403 Forbidden", "<Error><Code>" + key + "</Code></Error>"},
			"the RequestId": {"403 Forbidden", "<Error><Code>AccessDenied</Code><RequestId>" + key + "</RequestId></Error>"},
		} {
			if _, err := table.explain(&http.Response{Status: c.status, StatusCode: 403}, []byte(c.body)); err == nil || strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), "(masked)") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := table.judge(&http.Response{Status: "202 " + key, StatusCode: 202}, nil); err == nil || strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), "(masked)") {
			t.Errorf("an answer without an ETag: %v", err)
		}
		table.roundTrip = func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(bytes.NewReader([]byte("<" + key + "/>")))}, nil
		}
		if _, _, err := table.list(t.Context(), ""); err == nil || strings.Contains(err.Error(), key) {
			t.Errorf("a list: %v", err)
		}
	}
}
