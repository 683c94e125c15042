package webhook

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The example of the Standard Webhooks specification, so that the signature is
// not only what this package believes it to be.
func TestSignKnown(t *testing.T) {
	t.Parallel()
	key, err := parseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	sign(h, []secret{key}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if got, want := h.Get("Webhook-Signature"), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ url, err string }{
		{"ftp://host/", "neither http nor https"},
		{"http:///path", "names no host"},
		{"http://:80/path", "names no host"},
		{"https://host/?secret=", "leave the parameter out"},
		{"https://host/?secret", "leave the parameter out"},
		{"https://host/?%73ecret=hush", "fewer than the 24"},
		{"https://host/?secret=whsec_", "not base64"},
		{"https://host/?secret=whsec_hush!", "not base64"},
		{"https://host/?secret=whsec_aHVzaA==", "has 4 bytes, fewer than the 24"},
		{"https://host/?secret=whsec_aHVzaGh1c2hodXNoaHVzaGh1c2hodXM=", "has 23 bytes, fewer than the 24"},
		{"https://host/?secret=aHVzaGh1c2hodXNoaHVzaGh1c2hodXM=", "has 23 bytes, fewer than the 24"},
		{"https://host/?secret=hus", "has 3 bytes, fewer than the 24"},
		{"https://host/?secret=hush-hush-hush-hush-hus", "has 23 bytes, fewer than the 24"},
		{"https://host/?secret=v1,whsec_aHVzaGh1c2hodXNoaHVzaGh1c2hodXNo", "must begin with whsec_"},
		{"https://host/?secret=v1,aHVzaGh1c2hodXNoaHVzaGh1c2hodXNo", "must begin with whsec_"},
		{"https://host/?secret=%20whsec_aHVzaGh1c2hodXNoaHVzaGh1c2hodXNo", "must begin with whsec_"},
		{"https://host/?secret=whsk_aHVzaGh1c2hodXNoaHVzaGh1c2hodXNo", "asymmetric"},
		{"https://host/?secret=hush%zz", "%25"},
		{"https://u:hush@host/?x=1#hush", "%23"},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		if _, err = Open(u); err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: got error %v, want one with %q", c.url, err, c.err)
		}
	}
}

// The key that the reference libraries find in a secret, where they take it.
func TestSecrets(t *testing.T) {
	t.Parallel()
	const key = "twenty-four bytes, or so"
	encoded := base64.StdEncoding.EncodeToString([]byte(key))
	for text, want := range map[string]string{
		"whsec_" + encoded: key,
		encoded:            key,
		"whsec_" + base64.StdEncoding.EncodeToString([]byte(key+"+")):                         key + "+",
		"whsec_" + strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(key+"+")), "="): key + "+",
		base64.StdEncoding.EncodeToString([]byte(key + "+")):                                  key + "+",
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(key+"+")), "="):            strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(key+"+")), "="), // no base64 to them
		key: key,
	} {
		got, err := parseSecret(text)
		if err != nil || string(got.key) != want {
			t.Errorf("%s: got key %q, %v, want %q", text, got.key, err, want)
		}
	}
}
