package callback

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
)

func zip(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// deliveredOf posts a body and returns the answer's status and the event that
// the delivery was given, if any.
func deliveredOf(t *testing.T, body string, keys ...string) (status int, e *event.Event) {
	t.Helper()
	h := Handler(func() (Options, error) {
		return Options{SignKeys: keys, Deliver: func(_ context.Context, events []*event.Event) []deliver.Result {
			e = events[0]
			if e.Type == event.TypeUnparsed {
				return []deliver.Result{{Fate: deliver.Parked}}
			}
			return []deliver.Result{delivered}
		}}, nil
	})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader(body)))
	return w.Code, e
}

// However a body was packed on its way, the event in it is the one that VOD sent.
func TestPackedBodies(t *testing.T) {
	const plain = `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"88","Name":"\u00fcber >>> ???"}}`
	sent, err := event.Parse([]byte(plain), event.Origin{Mode: event.Normal})
	if err != nil {
		t.Fatal(err)
	}
	coded := base64.StdEncoding.EncodeToString([]byte(plain))
	for name, body := range map[string]string{
		"plain":                   plain,
		"byte order mark":         "\ufeff" + plain,
		"gzip":                    zip(t, plain),
		"gzip of a marked body":   zip(t, "\ufeff"+plain),
		"base64":                  coded,
		"base64 in lines":         coded[:60] + "\r\n" + coded[60:] + "\n",
		"base64 without padding":  strings.TrimRight(coded, "="),
		"base64 for URLs":         base64.URLEncoding.EncodeToString([]byte(plain)),
		"base64 of a marked body": base64.StdEncoding.EncodeToString([]byte("\ufeff" + plain)),
		"base64 of marked gzip":   base64.StdEncoding.EncodeToString([]byte("\ufeff" + zip(t, plain))),
		"base64 of gzip":          base64.StdEncoding.EncodeToString([]byte(zip(t, plain))),
	} {
		if status, e := deliveredOf(t, body); status != 200 || e == nil || e.ID != sent.ID || string(e.AppendData(nil)) != plain {
			t.Errorf("%s: status %d, event %+v", name, status, e)
		}
	}
	signed := string(event.Sign([]byte(plain), "k1", time.Now().Add(time.Minute)))
	if status, e := deliveredOf(t, zip(t, signed), "k1"); status != 200 || e == nil || e.ID != sent.ID {
		t.Errorf("a signature in gzip: status %d", status)
	}
	if status, e := deliveredOf(t, zip(t, plain), "k1"); status != 401 || e != nil {
		t.Errorf("gzip without a signature: status %d", status)
	}
}

// What unpacks to more than a request may have is refused and not kept.
func TestGzipBomb(t *testing.T) {
	bomb := zip(t, strings.Repeat(" ", 6<<20+1))
	if status, e := deliveredOf(t, bomb); status != 413 || e != nil {
		t.Errorf("status %d", status)
	}
	if status, e := deliveredOf(t, zip(t, strings.Repeat(" ", 6<<20-len(body))+body)); status != 200 || e == nil {
		t.Errorf("6 MB when unpacked: status %d", status)
	}
}

// A rightly signed callback that is no event is answered 400, but it goes to the
// delivery, byte by byte, because VOD does not send it again. Nothing becomes of
// one that is not signed.
func TestSignedNoEvent(t *testing.T) {
	sign := func(body string) string {
		return string(event.Sign([]byte(body), "k1", time.Now().Add(time.Minute)))
	}
	late := sign(`{}`) // {"Sign":…,"T":…}
	late = "{\"EventType\":\"X\",\"P\":{\"Name\":\"a\tb\"}," + late[1:]
	for name, tt := range map[string]struct{ body, raw string }{
		"no type":                          {sign(`{"kept":1}`), `{"kept":1}`},
		"a raw tab":                        {sign("{\"EventType\":\"X\",\"P\":{\"Name\":\"a\tb\"}}"), ""},
		"a raw tab before the signature":   {late, ""},
		"NaN":                              {sign(`{"EventType":"X","P":{"Duration":NaN}}`), ""},
		"cut":                              {strings.TrimSuffix(sign(`{"EventType":"X","P":{"FileId":"1"}}`), "}}"), ""},
		"a broken body, in base64":         {base64.StdEncoding.EncodeToString([]byte(late)), late},
		"a broken body, behind a mark":     {"\ufeff" + late, late},
		"a broken body that is no UTF-8":   {strings.Replace(late, "a\tb", "a\t\xff", 1), ""},
		"something behind the JSON object": {sign(`{"EventType":"X","P":{}}`) + "\x00", ""},
	} {
		want := tt.raw
		if want == "" {
			want = tt.body
		}
		status, e := deliveredOf(t, tt.body, "k1")
		if status != 400 || e == nil || e.Type != event.TypeUnparsed || string(e.RawData()) != want {
			t.Errorf("%s: status %d, event %+v", name, status, e)
		}
		if status, e := deliveredOf(t, tt.body, "k2"); status != 401 || e != nil {
			t.Errorf("%s, forged: status %d, event %v", name, status, e)
		}
		if status, e := deliveredOf(t, tt.body); status != 400 || e != nil {
			t.Errorf("%s, without a key: status %d, event %v", name, status, e)
		}
	}
}

// One byte that is no UTF-8 does not cost the event.
func TestInvalidUTF8(t *testing.T) {
	status, e := deliveredOf(t, "{\"EventType\":\"NewFileUpload\",\"FileUploadEvent\":{\"FileId\":\"5\",\"Name\":\"\xc3\x28\"}}")
	if status != 200 || e.Subject != "5" || !strings.Contains(string(e.RawData()), "\xc3\x28") {
		t.Errorf("status %d, event %+v", status, e)
	}
}
