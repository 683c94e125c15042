package vod

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzError refuses calls with any error, as the API writes it, and with any page:
//
//   - code and RequestId are kept, and the message is told whole;
//   - an error is of one class that says what to do: try again, keys, or refused;
//   - no key is shown, wherever the answer has it and wherever an excerpt of it ends. A $
//     stands for a key.
func FuzzError(f *testing.F) {
	f.Add("AuthFailure.SecretIdNotFound", "no $.", "6f1d8f3e", []byte("<html>$"), uint16(407), uint8(0))
	f.Add("InternalError", "", "", []byte(strings.Repeat("x", 190)+"$"), uint16(500), uint8(1))
	f.Add("ResourceNotFound", "é\u2028", "$", []byte(`{"Response":{"EventSet":["$"`), uint16(200), uint8(2))
	f.Add("FailedOperation", "a", "r", []byte(`{"Response":{"Error":"$"}}`), uint16(200), uint8(2))
	f.Add("$", "", "", []byte(`{"Response":{"Error":{"Code":7,"Message":"$"}}}`), uint16(200), uint8(0))
	f.Fuzz(func(t *testing.T, code, message, requestId string, page []byte, status uint16, which uint8) {
		if !utf8.ValidString(code+message+requestId) || !utf8.ValidString(code) || !utf8.ValidString(message) {
			return
		}
		key := []string{testKeys.SecretId, testKeys.SecretKey, testKeys.Token}[which%3]
		fill := func(s string) string { return strings.ReplaceAll(s, "$", key) }
		masked := func(s string) string { return strings.ReplaceAll(s, "$", "(masked)") }

		body, err := json.Marshal(map[string]any{"Response": map[string]any{"RequestId": fill(requestId), "Error": map[string]string{"Code": fill(code), "Message": fill(message)}}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client(t, "https://vod.example.com", respond(body)).DescribeEventsState(t.Context(), 7)
		e := checkError(t, err, key)
		if e.Code != masked(code) || e.RequestId != masked(requestId) || e.Message != masked(message) || !strings.Contains(err.Error(), strings.TrimSuffix(e.Message, ".")) {
			t.Fatalf("%s: %#v", body, e)
		}

		transport := tripper(func(r *http.Request) (*http.Response, error) {
			resp, err := respond([]byte(fill(string(page)))).RoundTrip(r)
			resp.StatusCode = 200 + int(status)%400
			return resp, err
		})
		if _, err := client(t, "https://vod.example.com", transport).PullEvents(t.Context(), 7); err != nil {
			checkError(t, err, key)
		}
	})
}

// checkError checks what holds for every error of a call.
func checkError(t *testing.T, err error, key string) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Action == "" {
		t.Fatalf("%#v", err)
	}
	if text := err.Error(); strings.Contains(text, key) || strings.Contains(text, key[:shortestKey]+`" and `) {
		t.Fatalf("it shows a key: %v", err)
	}
	classes := 0
	for _, class := range []error{ErrRetry, ErrAuth, ErrRefused, ErrStrange} {
		if errors.Is(err, class) {
			classes++
		}
	}
	if classes != 1 || errors.Is(err, ErrRateLimited) && !errors.Is(err, ErrRetry) || errors.Is(err, ErrUnknown) && !errors.Is(err, ErrRefused) || errors.Is(err, ErrBadHandle) && !errors.Is(err, ErrRefused) {
		t.Fatalf("it is of %d classes: %v", classes, err)
	}
	return e
}
