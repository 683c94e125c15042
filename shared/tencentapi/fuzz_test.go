package tencentapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"vodevents/shared/credentials"
	"vodevents/shared/internal/api3"
	"vodevents/shared/tencentapi"
)

// FuzzSignature holds the signatures of Tencent's SDK, which this client sends, to the
// check of the stand-ins, which is written by 266/31756:
//
//   - what one signs, the other accepts: any host, keys, token and body;
//   - it is refused with one byte changed of the body, of the secret key or of the
//     content type, and with another token, host, time, service or SecretId;
//   - no other text in Authorization gets in, whatever it is, unless it holds the
//     signature;
//   - every refusal is an answer of the API.
func FuzzSignature(f *testing.F) {
	f.Add("vod.example.com", "AKIDx", "key", "", []byte(`{"SubAppId":1500000001}`), uint8(3), "TC3-HMAC-SHA256 Credential=AKIDx/2026-11-27/vod/tc3_request, SignedHeaders=content-type;host, Signature=00")
	f.Add("http://127.0.0.1:8081/", "id", "", "token", []byte(``), uint8(0), "TC3-HMAC-SHA256 Signature=,Credential=/,,=")
	f.Add("VOD.Example.com", "id", "k\xff", " t ", []byte("\"\x00\xff<&\u2028\""), uint8(255), "")
	f.Fuzz(func(t *testing.T, address, id, key, token string, text []byte, place uint8, other string) {
		if id == "" || strings.Trim(id, letters) != "" {
			return // no SecretId of Tencent's
		}
		if !json.Valid(text) {
			text, _ = json.Marshal(text) // bytes
		}
		r, body := signed(t, address, credentials.Credentials{SecretId: id, SecretKey: key, Token: token}, text)
		if r == nil {
			return // no address
		}
		host := r.Host
		check := func(key, token, host, service string, now time.Duration, header http.Header, body []byte) error {
			var k api3.Keyring
			k.Set(api3.Credential{SecretId: id, SecretKey: key, Token: token})
			err := k.Check(service, time.Now().Add(now), header, host, body)
			var answer *api3.Error
			if err != nil && !errors.As(err, &answer) {
				t.Fatalf("%v is no answer of the API", err)
			}
			return err
		}
		if err := check(key, token, host, "vod", 0, r.Header, body); err != nil {
			t.Fatalf("%q %q %q %q %q: %v", host, id, key, token, body, err)
		}
		with := func(name, value string) http.Header {
			h := r.Header.Clone()
			h.Set(name, value)
			return h
		}
		authorization := r.Header.Get("Authorization")
		_, signature, _ := strings.Cut(authorization, "Signature=")
		for what, err := range map[string]error{
			"another body":         check(key, token, host, "vod", 0, r.Header, changed(body, place)),
			"another key":          check(string(changed([]byte(key), place)), token, host, "vod", 0, r.Header, body),
			"another token":        check(key, token+"x", host, "vod", 0, r.Header, body),
			"another host":         check(key, token, "x"+host, "vod", 0, r.Header, body),
			"another service":      check(key, token, host, "scf", 0, r.Header, body),
			"another time":         check(key, token, host, "vod", 0, with("X-TC-Timestamp", r.Header.Get("X-TC-Timestamp")+"0"), body),
			"another content type": check(key, token, host, "vod", 0, with("Content-Type", string(changed([]byte("application/json"), place))), body),
			"another SecretId":     check(key, token, host, "vod", 0, with("Authorization", strings.Replace(authorization, id, id+"x", 1)), body),
			"a late one":           check(key, token, host, "vod", 6*time.Minute, r.Header, body),
			"an early one":         check(key, token, host, "vod", -6*time.Minute, r.Header, body),
		} {
			if err == nil {
				t.Fatalf("%q %q %q %q %q: %s is accepted", host, id, key, token, body, what)
			}
		}
		if err := check(key, token, host, "vod", 0, with("Authorization", other), body); err == nil && !strings.Contains(strings.ToLower(other), signature) {
			t.Fatalf("%q is accepted for %q", other, authorization)
		}
	})
}

const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// signed is the request of a call, as it was to be sent, and its body. It is nil if the
// address is none.
func signed(t *testing.T, address string, keys credentials.Credentials, body []byte) (*http.Request, []byte) {
	var sent *http.Request
	var text []byte
	c, err := tencentapi.New(tencentapi.Options{Service: "vod", Version: "2018-07-17", Endpoint: address, Credentials: keys, MaxAnswer: most,
		Transport: tripper(func(r *http.Request) (*http.Response, error) {
			sent = r
			text, _ = io.ReadAll(r.Body) // of bytes
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
		})})
	if err != nil {
		return nil, nil
	}
	if _, err := c.Call(t.Context(), "PullEvents", json.RawMessage(body)); err != nil {
		t.Fatalf("%q %q: %v", address, body, err)
	}
	if sent.Host == "" {
		sent.Host = sent.URL.Host
	}
	return sent, text
}

// changed is b with one byte changed so that it stays another one in lower case, or
// with one byte more where it has none.
func changed(b []byte, place uint8) []byte {
	if len(b) == 0 {
		return []byte{'x'}
	}
	b = bytes.Clone(b)
	b[int(place)%len(b)] ^= 1
	return b
}
