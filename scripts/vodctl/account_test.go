package main

import (
	"strings"
	"testing"
)

func TestShownURL(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ address, want string }{
		{"https://example.com/callback", "https://example.com/callback"},
		{"https://user:s3cret@example.com:8443/a%20b", "https://(masked)@example.com:8443/a%20b"},
		{"https://example.com/?token=s3cret&x=s3cret", "https://example.com/?token=(masked)&x=(masked)"},
		{"https://example.com/?s3cret", "https://example.com/?(masked)"},
		{"https://example.com/#s3cret", "https://example.com/"},
		{"https://admin:2024/s3cret@example.com/callback", "https://(masked)"},
		{"https://admin:2024?s3cret@example.com/callback", "https://(masked)"},
		{"https://admin:2024#s3cret@example.com/callback", "https://(masked)"},
		{"https://admin:20/x@host/", "https://(masked)"},
		{"https:admin:20/x@host/", "https://(masked)"},
		{"https://example.com/a%40b#c%40d", "https://example.com/a%40b"},
		{"https://example.com/%zzs3cret", "(not a URL)"},
		{"", ""},
	} {
		if got := shownURL(test.address); got != test.want {
			t.Errorf("shownURL(%q) = %q, want %q", test.address, got, test.want)
		}
	}
}

// The network error would name the user, because net/url takes it for the host.
func TestCallbackURLThatMayBeMisread(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"https://admin:20/x@host/", "https://admin:20?x@host/", "https://admin:20#x@host/"} {
		if _, err := callbackURL(address); err == nil || !strings.Contains(err.Error(), "write / as %2F") {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"https://admin:20%2Fx@host/", "https://host/?to=a%40b"} {
		if _, err := callbackURL(address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}
