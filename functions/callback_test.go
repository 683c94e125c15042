package functions_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// Events of all kinds come out with the bytes they came with, whatever the shape
// of the trigger event. Sent again, they keep their id and do not come out again.
func TestCallbackEveryKind(t *testing.T) {
	t.Parallel()
	f := start(t, callbackBin)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for i, kind := range event.Kinds {
		body, err := vodfake.Make(seed+uint64(i), time.Now(), kind.Type, nil)
		if err != nil {
			t.Fatal(err)
		}
		want, err := event.Parse(body, event.Origin{})
		if err != nil {
			t.Fatal(err)
		}
		printed, ids := 0, make(map[string]bool)
		for shape, trigger := range shapes(body) {
			status, answer := f.invoke(trigger)
			var a struct{ Id string }
			if err := json.Unmarshal([]byte(answer), &a); status != 200 || err != nil || a.Id == "" {
				t.Errorf("%s, %s: %d %s", kind.Type, shape, status, answer)
			}
			ids[a.Id] = true
			for _, line := range f.out.take() {
				printed++
				c := readCloudEvent(t, line)
				if !bytes.Contains(c.Data, want.Payload) || c.Id != a.Id || c.Type != "com.tencent.cloud.vod."+kind.Type || c.VodMode != "normal" {
					t.Errorf("%s, %s: came out as %s", kind.Type, shape, line)
				}
			}
		}
		// Of some kinds two different events may have the same payload, so
		// each send counts as an event.
		times := 1
		if !want.StableID {
			times = 4
		}
		if printed != times || len(ids) != times {
			t.Errorf("%s: came out %d times with %d ids, want %d", kind.Type, printed, len(ids), times)
		}
	}
}

// A callback does not say which application it comes from. The source names the
// application only if there is just one.
func TestCallbackSource(t *testing.T) {
	t.Parallel()
	for ids, want := range map[string]string{"": "/tencentcloud/vod", "1490012345": "/tencentcloud/vod/1490012345", "7,8": "/tencentcloud/vod"} {
		f := start(t, callbackBin, "VOD_SUB_APP_IDS="+ids)
		if status, answer := f.post(uploadNamed(1, "a")); status != 200 {
			t.Errorf("%q: %d %s", ids, status, answer)
		}
		if lines := f.out.take(); len(lines) != 1 || readCloudEvent(t, lines[0]).Source != want {
			t.Errorf("%q: got %s, want the source %s", ids, lines, want)
		}
	}
}

func TestCallbackBadBodies(t *testing.T) {
	t.Parallel()
	f := start(t, callbackBin)
	good := []byte(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1"}}`)
	bodies := map[string][]byte{
		"empty": nil, "cut": good[:len(good)-5], "null": []byte("null"), "list": []byte(`[{"EventType":"X"}]`),
		"deep": bytes.Repeat([]byte("["), 200_000), "a raw tab": []byte("{\"EventType\":\"\t\",\"X\":{}}"), "NaN": []byte(`{"EventType":"X","X":{"a":NaN}}`),
		"no type": []byte(`{"FileId":"1"}`), "text": []byte("hello"), "two values": append(good, good...),
	}
	for name, body := range bodies {
		for shape, trigger := range shapes(body) {
			if status, answer := f.invoke(trigger); status != 400 || !strings.Contains(answer, "error") {
				t.Errorf("%s, %s: %d %s", name, shape, status, answer)
			}
		}
	}
	if status, _ := f.invoke(map[string]any{"httpMethod": "POST", "path": "/", "isBase64Encoded": true, "body": "%%%"}); status != 400 {
		t.Errorf("bad base64: %d", status)
	}
	for _, trigger := range []string{`{}`, `null`, `[]`, `7`, `"x"`, `{`, strings.Repeat("[", 200_000)} {
		if status, _ := f.invokeRaw([]byte(trigger)); status != 400 {
			t.Errorf("trigger %.20s: %d", trigger, status)
		}
	}
	for method, want := range map[string]int{"GET": 200, "HEAD": 200, "PUT": 405, "DELETE": 405} {
		if status, _ := f.invoke(map[string]any{"httpMethod": method, "path": "/", "queryString": map[string]string{"token": "hush"}}); status != want {
			t.Errorf("%s: %d, want %d", method, status, want)
		}
	}
	if lines := f.out.take(); lines != nil {
		t.Errorf("came out: %s", lines)
	}
	for _, line := range f.log.take() {
		if strings.Contains(line, "hush") {
			t.Errorf("a value of the query is in the log: %s", line)
		}
	}
	if status, answer := f.post(good); status != 200 {
		t.Errorf("after all that a good one: %d %s", status, answer)
	}
}

func TestCallbackSignature(t *testing.T) {
	t.Parallel()
	f := start(t, callbackBin, "CALLBACK_SIGN_KEY=oldkey1,newkey2")
	body := func(n int) []byte {
		return fmt.Appendf(nil, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"%d"}}`, n)
	}
	later := time.Now().Add(10 * time.Minute)
	for name, tt := range map[string]struct {
		body   []byte
		status int
	}{
		"unsigned":             {body(1), 401},
		"unsigned and no JSON": {[]byte("secret text"), 401},
		"other key":            {event.Sign(body(2), "wrong", later), 401},
		"expired":              {event.Sign(body(3), "newkey2", time.Now().Add(-time.Minute)), 401},
		"first key":            {event.Sign(body(4), "oldkey1", later), 200},
		"second key":           {event.Sign(body(5), "newkey2", later), 200},
		"signed, not an event": {event.Sign([]byte(`{"x":"kept"}`), "newkey2", later), 400},
	} {
		if status, answer := f.post(tt.body); status != tt.status {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
	signed := event.Sign([]byte(`{}`), "newkey2", later)
	e, _ := event.Parse(signed, event.Origin{})
	if status, answer := f.invoke(map[string]any{
		"httpMethod": "POST", "path": "/", "body": string(body(6)), "queryString": map[string]any{"sign": strings.ToUpper(e.Sign), "t": e.T},
	}); status != 200 {
		t.Errorf("signed in the query: %d %s", status, answer)
	}
	if n := len(f.out.take()); n != 3 {
		t.Errorf("%d events came out, want 3", n)
	}
	log := strings.Join(f.log.take(), "\n")
	for _, secret := range []string{"secret text", "oldkey1", "newkey2", e.Sign} {
		if strings.Contains(log, secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
	if !strings.Contains(log, `kept`) {
		t.Error("a signed body that is not an event must be in the log")
	}
}

// shapes are the trigger events in which a callback can arrive.
func shapes(body []byte) map[string]map[string]any {
	gateway := func(m map[string]any) map[string]any {
		m["requestContext"] = map[string]any{"serviceId": "service-7abcdefg", "path": "/vod", "httpMethod": "POST", "stage": "release"}
		m["headerParameters"], m["pathParameters"], m["queryStringParameters"] = map[string]any{}, map[string]any{}, map[string]any{}
		m["queryString"] = map[string]any{"a": []string{"1", "2"}, "b": true, "c": nil, "d": 7}
		m["stageVariables"] = map[string]any{"stage": "release"}
		return m
	}
	base := func() map[string]any {
		return map[string]any{"httpMethod": "POST", "path": "/vod", "headers": map[string]any{"Content-Type": "application/json"}, "queryString": map[string]any{}}
	}
	plain, coded := base(), base()
	plain["body"] = string(body)
	coded["body"], coded["isBase64Encoded"] = base64.StdEncoding.EncodeToString(body), true
	gatewayPlain, gatewayCoded := base(), base()
	gatewayPlain["body"], gatewayPlain["isBase64Encoded"] = string(body), false
	gatewayCoded["body"], gatewayCoded["isBase64Encoded"] = base64.StdEncoding.EncodeToString(body), true
	return map[string]map[string]any{
		"function URL": plain, "function URL, base64": coded,
		"API Gateway": gateway(gatewayPlain), "API Gateway, base64": gateway(gatewayCoded),
	}
}
