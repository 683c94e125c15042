package scf_test

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"vodevents/shared/scf"
)

// A handler is tested without SCF by giving its function an event.
func ExampleOnHTTP() {
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "%s %s: %s", r.Method, r.URL, body)
	})
	answer, err := scf.OnHTTP(hello)(context.Background(), []byte(`{
		"httpMethod": "POST", "path": "/callback", "queryString": {"a": "1"},
		"headers": {"x-scf-remote-addr": "203.0.113.7"}, "body": "{}"
	}`))
	fmt.Println(string(answer), err)
	// Output: {"statusCode":200,"headers":{"Content-Type":"text/plain"},"body":"POST /callback?a=1: {}"} <nil>
}

func ExampleOnTimer() {
	pull := func(ctx context.Context, t scf.Timer) (any, error) {
		return map[string]string{"fired": t.Time}, nil
	}
	result, err := scf.OnTimer(pull)(context.Background(), []byte(`{"Type":"Timer","Time":"2026-01-02T03:04:00Z"}`))
	fmt.Println(string(result), err)
	// Output: {"fired":"2026-01-02T03:04:00Z"} <nil>
}
