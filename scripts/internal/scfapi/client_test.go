package scfapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vodevents/shared/credentials"
	"vodevents/shared/scf/scffake"
)

// client returns a client of a stand-in, which does not wait.
func client(t *testing.T) (*Client, *scffake.Server) {
	t.Helper()
	s := scffake.RunT(t, scffake.Options{Rate: -1})
	c, err := New(Options{Credentials: credentials.Credentials{SecretId: scffake.SecretId, SecretKey: scffake.SecretKey}, Region: "ap-guangzhou", Endpoint: s.URL, CAMEndpoint: s.URL,
		Mask: strings.NewReplacer("s3cr3t", "(masked)").Replace,
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	return c, s
}

// A call that only reads is repeated when its answer was lost. A write is not: only
// the caller can find out whether it was done.
func TestOnlyReadsAreRepeated(t *testing.T) {
	t.Parallel()
	c, s := client(t)
	lost := scffake.Fault{Kind: scffake.Lost}
	s.Next("GetFunction", lost, lost)
	if _, found, err := c.GetFunction(t.Context(), "none"); found || err != nil {
		t.Errorf("after two lost answers: %t, %v", found, err)
	}
	s.Next("DeleteFunction", lost)
	if err := c.DeleteFunction(t.Context(), "none"); !Lost(err) || len(s.Calls("DeleteFunction")) != 1 {
		t.Errorf("a lost write: %v, %d calls", err, len(s.Calls("DeleteFunction")))
	}
}

// A call that the API asks to repeat is repeated, even a write, but not forever.
func TestRepeatsWhatTheAPIAsksFor(t *testing.T) {
	t.Parallel()
	c, s := client(t)
	s.Next("DeleteFunction", scffake.Fault{Kind: scffake.Limit}, scffake.Fault{Kind: scffake.Fail, Code: "InternalError.SystemError"})
	if err := c.DeleteFunction(t.Context(), "none"); err != nil {
		t.Error(err)
	}
	s.Control("GetAccount", func(*scffake.Call) *scffake.Fault { return &scffake.Fault{Kind: scffake.Limit} })
	if err := c.CheckAccount(t.Context()); !Is(err, "RequestLimitExceeded") || len(s.Calls("GetAccount")) != maxTries {
		t.Errorf("%v after %d calls", err, len(s.Calls("GetAccount")))
	}
}

// An error about a strange answer gives only its length, because the answer may hold a
// function's variables.
func TestErrorsQuoteNoAnswer(t *testing.T) {
	t.Parallel()
	c, _ := client(t)
	for _, body := range []string{`<html>s3cr3t`, `{"Response":{"RequestId":1,"x":"s3cr3t"}}`, `{"Response":{"Error":{"Code":"FailedOperation","Message":"s3cr3t"}}}`,
		`{"Response":{"MemorySize":"s3cr3t"}}`} {
		err := c.decode("GetFunction", []byte(body), new(Function))
		if err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// No part of an error shows a secret that the answer gave back. The code that the
// caller decides by stays.
func TestErrorsShowNoSecret(t *testing.T) {
	t.Parallel()
	c, _ := client(t)
	for _, body := range []string{`{"Response":{"Error":{"Code":"ResourceNotFound.s3cr3t","Message":"m"}}}`,
		`{"Response":{"RequestId":"s3cr3t","Error":{"Code":"ResourceNotFound","Message":"m"}}}`, `{"Response":{"RequestId":"s3cr3t","MemorySize":"m"}}`} {
		err := c.decode("GetFunction", []byte(body), new(Function))
		if err == nil || strings.Contains(err.Error(), "s3cr3t") || strings.Contains(body, "Code") != Is(err, "ResourceNotFound") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// A list that claims to be longer than it is, page after page, ends with an error.
func TestListsEnd(t *testing.T) {
	t.Parallel()
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls++; calls > 1000 {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		io.WriteString(w, `{"Response":{"TotalCount":100000,"TotalNum":100000,"Triggers":[{}],"List":[{}]}}`)
	}))
	t.Cleanup(server.Close)
	keys := credentials.Credentials{SecretId: scffake.SecretId, SecretKey: scffake.SecretKey}
	c, err := New(Options{Credentials: keys, Endpoint: server.URL, CAMEndpoint: server.URL, Wait: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	_, errTriggers := c.ListTriggers(t.Context(), "pull")
	_, errPolicies := c.AttachedPolicies(t.Context(), "role")
	for _, err := range []error{errTriggers, errPolicies} {
		if err == nil || !strings.Contains(err.Error(), "has not ended after 100 pages") {
			t.Errorf("%d calls, %v", calls, err)
		}
	}
}

// An answer that is too long is refused whole. It is not cut off, which could leave
// JSON that says something else.
func TestLongAnswerIsRefused(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := `{"Response":{"RequestId":"1"}}`
		io.WriteString(w, answer+strings.Repeat(" ", maxAnswer+1-len(answer)))
	}))
	t.Cleanup(server.Close)
	keys := credentials.Credentials{SecretId: scffake.SecretId, SecretKey: scffake.SecretKey}
	c, err := New(Options{Credentials: keys, Endpoint: server.URL, Wait: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.CheckAccount(t.Context()); !Lost(err) || !strings.Contains(err.Error(), "longer than 16777216 bytes") {
		t.Error(err)
	}
}

// Every error says what to do next. The errors that Tencent lists have their own hints.
func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	other := (&Error{Action: "CreateFunction", Code: "Unheard.Of"}).hint()
	if !strings.Contains(other, "CreateFunction") {
		t.Errorf("an unknown code: %s", other)
	}
	for _, code := range strings.Fields(`AuthFailure.SignatureExpire AuthFailure.SecretIdNotFound UnauthorizedOperation.CAM
		FailedOperation.ClsServiceUnregistered FailedOperation.CallRoleFailed FailedOperation.QcsRoleNotFound FailedOperation.UnOpenedService
		ResourceUnavailable.InsufficientBalance LimitExceeded.Function LimitExceeded.Trigger LimitExceeded.Eip
		InvalidParameterValue.EnvironmentExceededLimit InvalidParameterValue.SystemEnvironment ResourceNotFound.Role ResourceNotFound.Vpc
		ResourceNotFound.Namespace ResourceInUse.Function RequestSizeLimitExceeded InvalidParameter.RequestTooLarge RequestLimitExceeded
		FailedOperation.DeleteTrigger.UrlUsed FailedOperation.DebugModeUpdateTimeOutFail UnsupportedOperation.AliasBind
		FailedOperation.OperationConflict FailedOperation.ReservedInProgress InternalError.Exception InvalidParameter.RoleFull`) {
		if hint := (&Error{Action: "CreateFunction", Code: code}).hint(); hint == "" || hint == other {
			t.Errorf("%s: %q", code, hint)
		}
	}
}

// RetryConfig has objects, and in a sample of the documents bare numbers.
func TestRetryConfigInBothForms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{`[{"RetryNum":1}]`: 1, `[1,-1]`: 1, `[{"RetryNum":0}]`: 0} {
		var list []retryNum
		if err := json.Unmarshal([]byte(text), &list); err != nil || list[0].RetryNum != want {
			t.Errorf("%s: %v, %v", text, list, err)
		}
	}
	if text, err := json.Marshal(NewUpdateAsyncConfig("fn", AsyncConfig{RetryNum: 0, MsgTTL: 60})); err != nil ||
		!strings.Contains(string(text), `"AsyncTriggerConfig":{"RetryConfig":[{"RetryNum":0}],"MsgTTL":60}`) {
		t.Errorf("%s, %v", text, err)
	}
}
