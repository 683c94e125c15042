package scfapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"vodevents/shared/credentials"
	"vodevents/shared/scf/scffake"
)

const fuzzSecret = "hush-0123"

// FuzzAnswer answers each call with anything, over HTTP. A $ in it is a secret, such as
// a variable of a function that an answer gives back:
//
//   - nothing panics, and a list ends, whatever its answers say about its length;
//   - no error has the secret in it, wherever the answer had it;
//   - what is no answer of this API is an error that says so, and a call that was not
//     answered is never taken for one that was refused;
//   - a trigger's description is read whatever it is.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		`{"Response":{"RequestId":"r$","Error":{"Code":"FailedOperation.$","Message":"$ \u0068ush-0123"}}}`,
		`{"Response":{"RequestId":"r","FunctionName":"pull","Status":"Active","MemorySize":64,"Environment":{"Variables":[{"Key":"SINK","Value":"$"}]},"Timeout":"$"}}`,
		`{"Response":{"RequestId":"r","TotalCount":1000000000,"Triggers":[{"TriggerName":"t","Type":"timer","TriggerDesc":"{\"cron\":\"0 * * * * * *\"}","Enable":1}]}}`,
		`{"Response":{"RequestId":"r","TotalNum":1000000000,"List":[{"PolicyId":9007199254740993,"PolicyName":"vodevents"}]}}`,
		`{"Response":{"RequestId":"r","AsyncTriggerConfig":{"RetryConfig":[1],"MsgTTL":3600},"CodeSha256":"ab","RoleInfo":{"PolicyDocument":"%7B%22version%22"}}}`,
		`{"Response":{"RequestId":"r","Result":{"RetMsg":"$","ErrMsg":"","MemUsage":1e9}}}`,
		`{"Response":null}`, `{"Response":[]}`, `<html>$`, ``, `{"Response":{"Error":{}}}`, `{"Response":{"Error":{"Code":"ResourceNotFound.Function"}}}`,
	} {
		for call := range uint8(8) {
			f.Add([]byte(s), call)
		}
	}
	serve := answering(f)
	f.Fuzz(func(t *testing.T, answer []byte, call uint8) {
		answer = []byte(strings.ReplaceAll(string(answer), "$", fuzzSecret))
		c, calls := serve(answer)
		err := anyCall(t, c, call)
		if *calls > maxTries*maxPages {
			t.Fatalf("%q: %d calls", answer, *calls)
		}
		if err == nil {
			return
		}
		if strings.Contains(err.Error(), fuzzSecret) {
			t.Fatalf("%q: %v", answer, err)
		}
		var e *Error
		if !errors.As(err, &e) || e.Action == "" || !strings.HasPrefix(err.Error(), e.Action+": ") {
			t.Fatalf("%q: %#v", answer, err)
		}
		if !json.Valid(answer) && !Lost(err) {
			t.Fatalf("%q is taken for an answer: %v", answer, err)
		}
	})
}

// anyCall makes one of the calls that read an answer.
func anyCall(t *testing.T, c *Client, call uint8) (err error) {
	ctx := t.Context()
	switch call % 8 {
	case 0:
		_, _, err = c.GetFunction(ctx, "pull")
	case 1:
		var all []Trigger
		all, err = c.ListTriggers(ctx, "pull")
		for _, trigger := range all {
			if cron := trigger.Cron(); cron != trigger.TriggerDesc && !json.Valid([]byte(trigger.TriggerDesc)) {
				t.Fatalf("%q is the cron %q", trigger.TriggerDesc, cron)
			}
			trigger.HTTP()
		}
	case 2:
		_, err = c.AttachedPolicies(ctx, "role")
	case 3:
		_, err = c.FindPolicy(ctx, "vodevents")
	case 4:
		_, err = c.AsyncConfig(ctx, "pull")
	case 5:
		_, _, err = c.RoleTrust(ctx, "role")
	case 6:
		_, err = c.Invoke(ctx, "pull", Qualifier, nil)
	case 7:
		err = c.DeleteFunction(ctx, "pull")
	}
	return err
}

// FuzzAnswerIsKept writes answers as the API does and reads them:
//
//   - an error keeps its code and RequestId, whatever they are, and its message without
//     secrets; it is of the families that the code begins with, and of no others;
//   - numbers of 64 bits stay exact, and texts stay as they are.
func FuzzAnswerIsKept(f *testing.F) {
	f.Add("ResourceNotFound.Role", "no such role", "6f1d8f3e-0000", int64(9_007_199_254_740_993), "vodevents code ab conf cd")
	f.Add("InternalError", "again: "+fuzzSecret, "", int64(-1), "é\u2028<&>")
	f.Add("FailedOperation", fuzzSecret+fuzzSecret, "\n", int64(1<<63-1), "\x00")
	f.Add("", "", "r", int64(0), "")
	serve := answering(f)
	f.Fuzz(func(t *testing.T, code, message, requestId string, id int64, text string) {
		for _, s := range []string{code, message, requestId, text} {
			if !utf8.ValidString(s) || strings.Contains(code+requestId+text, fuzzSecret) {
				return
			}
		}
		response := map[string]any{"RequestId": requestId, "Error": map[string]string{"Code": code, "Message": message}}
		c, _ := serve(marshal(t, response))
		err := c.AttachRolePolicy(t.Context(), "role", id)
		var e *Error
		if !errors.As(err, &e) || e.Code != code || e.RequestId != requestId || e.Action != "AttachRolePolicy" {
			t.Fatalf("%q %q: %#v", code, requestId, err)
		}
		if shown := strings.ReplaceAll(message, fuzzSecret, "(masked)"); !strings.Contains(err.Error(), code) || !strings.Contains(err.Error(), shown) || !strings.Contains(err.Error(), requestId) {
			t.Fatalf("%q %q %q: %v", code, message, requestId, err)
		}
		family, _, _ := strings.Cut(code, ".")
		if !Is(err, family) || !Is(err, code) || Is(err, code+".", code+"x") {
			t.Fatalf("%q is of the wrong family", code)
		}

		policy := map[string]any{"PolicyId": id, "PolicyName": text}
		c, _ = serve(marshal(t, map[string]any{"RequestId": requestId, "List": []any{policy, policy}, "TotalNum": 2, "PolicyId": id,
			"AppId": id, "Uin": text, "Description": text, "Result": map[string]any{"MemUsage": id, "RetMsg": text}}))
		attached, err := c.AttachedPolicies(t.Context(), "role")
		if err != nil || len(attached) != 2 || attached[1] != (Policy{id, text}) {
			t.Fatalf("%d %q is %+v, %v", id, text, attached, err)
		}
		if found, err := c.FindPolicy(t.Context(), text); err != nil || found != id {
			t.Fatalf("%d is %d, %v", id, found, err)
		}
		if user, err := c.GetUserAppId(t.Context()); err != nil || user.AppId != id || user.Uin != text {
			t.Fatalf("%d %q is %+v, %v", id, text, user, err)
		}
		if run, err := c.Invoke(t.Context(), "pull", Qualifier, nil); err != nil || run.MemUsage != id || run.RetMsg != text {
			t.Fatalf("%d %q is %+v, %v", id, text, run, err)
		}
		if function, found, err := c.GetFunction(t.Context(), "pull"); err != nil || !found || function.Description != text {
			t.Fatalf("%q is %q, %v", text, function.Description, err)
		}
	})
}

func marshal(t *testing.T, response map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"Response": response})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// answering starts a server. The function that it returns sets the answer of all
// calls, and returns a client and the number of its calls.
func answering(f *testing.F) func(answer []byte) (*Client, *int) {
	var now []byte
	var calls int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++ // one call at a time
		io.Copy(io.Discard, r.Body)
		w.Write(now)
	}))
	f.Cleanup(server.Close)
	c, err := New(Options{Credentials: credentials.Credentials{SecretId: scffake.SecretId, SecretKey: scffake.SecretKey}, Region: "ap-guangzhou",
		Endpoint: server.URL, CAMEndpoint: server.URL, Mask: strings.NewReplacer(fuzzSecret, "(masked)").Replace,
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		f.Fatal(err)
	}
	return func(answer []byte) (*Client, *int) {
		now, calls = answer, 0
		return c, &calls
	}
}
