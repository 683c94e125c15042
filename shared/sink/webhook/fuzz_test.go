package webhook

import (
	"net/http"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// FuzzSign holds parseSecret and sign to the reference library of Standard Webhooks:
//
//   - what is signed with a secret, the reference verifies with the key of it, and
//     with the secret itself where it takes that;
//   - it verifies no other body and no other id.
func FuzzSign(f *testing.F) {
	for _, secret := range []string{
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr",
		"a passphrase of more than 24 bytes", "whsec_short", "",
	} {
		f.Add(secret, "0123456789abcdef0123456789abcdef", []byte(`{"specversion":"1.0"}`))
	}
	f.Fuzz(func(t *testing.T, text, id string, body []byte) {
		s, err := parseSecret(text)
		if err != nil {
			return
		}
		if id == "" {
			return // every event has one
		}
		h := http.Header{}
		sign(h, []secret{{key: []byte("another key, which is being rotated")}, s}, id, time.Now(), body)
		raw, err := standard.NewWebhookRaw(s.key)
		if err != nil {
			t.Fatal(err)
		}
		if err := raw.Verify(body, h); err != nil {
			t.Fatalf("the reference refuses it: %v", err)
		}
		if encoded, err := standard.NewWebhook(text); err == nil {
			if err := encoded.Verify(body, h); err != nil {
				t.Fatalf("the reference finds another key in %q: %v", text, err)
			}
		}
		if raw.Verify(append([]byte("x"), body...), h) == nil {
			t.Fatal("another body is verified")
		}
		h.Set("Webhook-Id", id+"x")
		if raw.Verify(body, h) == nil {
			t.Fatal("another id is verified")
		}
	})
}
