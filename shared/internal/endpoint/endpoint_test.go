package endpoint

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"
)

// sent is the Host that net/http sends to an address.
func sent(t *testing.T, scheme, host string) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, scheme+"://"+host+"/", nil)
	if err != nil {
		t.Fatalf("%s %q: %v", scheme, host, err)
	}
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatalf("%s %q: %v", scheme, host, err)
	}
	got, err := http.ReadRequest(bufio.NewReader(&b))
	if err != nil {
		t.Fatalf("%s %q: %v", scheme, host, err)
	}
	return got.Host
}

// The host is signed as it is sent: the API refuses a call whose two differ.
func TestHostIsSignedAsItIsSent(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"VOD.tencentcloudapi.com": "vod.tencentcloudapi.com", "http://127.0.0.1:8081/": "127.0.0.1:8081", "http://[::1]:8081": "[::1]:8081", "https://vod:443": "vod:443",
		"vod.example.com:": "", "https://vöd.example.com": "", "https://\u212aelvin.example.com": "", "http://[fe80::1%25eth0]:80": "", "https://vod,example.com": "", "\"vod\"": "",
	} {
		scheme, host, err := Parse(address)
		if host != want || (want == "") != (err != nil) {
			t.Errorf("%q: %q, %v, want %q", address, host, err, want)
		}
		if err == nil && sent(t, scheme, host) != host {
			t.Errorf("%q is sent as %q", host, sent(t, scheme, host))
		}
	}
}

// FuzzParse reads any address:
//
//   - what is taken is http or https and a host in lower case, which is read again as
//     the same, and is sent as it stands, for so it is signed;
//   - an error shows nothing but scheme and host.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"vod.tencentcloudapi.com", "HTTP://127.0.0.1:8081/", "https://u:SECRET@h", "h/SECRET", "http://h?SECRET#SECRET", "h:", "http://[fe80::1%25eth0]:1",
		"https://é", "ftp://h", "://", "http://h:1:2", "//h", " h", "h\n", "http://h:SECRET", "*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) {
		scheme, host, err := Parse(address)
		if err != nil {
			_, rest, found := strings.Cut(address, "://")
			if !found {
				rest = address
			}
			authority, _, _ := strings.Cut(strings.NewReplacer("?", "/", "#", "/").Replace(rest), "/")
			shown, _, _ := strings.Cut(address, "://")
			if shown += authority[strings.LastIndexByte(authority, '@')+1:]; strings.Contains(err.Error(), "SECRET") && !strings.Contains(shown, "SECRET") {
				t.Fatalf("%q: the error says too much: %v", address, err)
			}
			return
		}
		if scheme != "http" && scheme != "https" || host == "" || host != strings.ToLower(host) {
			t.Fatalf("%q is %q %q", address, scheme, host)
		}
		if s, h, err := Parse(scheme + "://" + host); s != scheme || h != host || err != nil {
			t.Fatalf("%q is %q %q, and then %q %q, %v", address, scheme, host, s, h, err)
		}
		if got := sent(t, scheme, host); got != host {
			t.Fatalf("%q is signed for %q and sent to %q", address, host, got)
		}
	})
}
