package cos

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"vodevents/shared/deliver"
)

// FuzzExplain judges any answer to a PUT:
//
//   - only a 2xx with an ETag, whose body is no error, is the end of an event;
//   - an event is refused for good only by a status or a code that says so, and never by
//     a 5xx without one;
//   - an error is one line and shows no key, wherever the answer repeats one. A $ stands
//     for a key.
func FuzzExplain(f *testing.F) {
	f.Add(uint16(403), "Forbidden", "<Error><Code>AccessDenied</Code><Message>$ expired</Message></Error>", "", "", uint8(0))
	f.Add(uint16(200), "OK", "<Error><Code>InternalError</Code></Error>", `"e"`, "", uint8(1))
	f.Add(uint16(301), "Moved $", "<html>", "", "eu-west-1", uint8(2))
	f.Add(uint16(413), "", "<Error><Code>$</Code><RequestId>x$y</RequestId><Region>$</Region></Error>", "", "$", uint8(1))
	f.Add(uint16(500), "x", strings.Repeat("<a>", 2000), "", "", uint8(0))
	f.Fuzz(func(t *testing.T, status uint16, phrase, body, etag, region string, which uint8) {
		table := openTable(t, "cos://AKIDfuzz00112233:k3yfuzzk3yfuzz@b-1490000055/p?region=ap-nanjing")
		table.static.token = "t0kenfuzzt0kenfuzz"
		key := []string{table.static.id, table.static.secret, table.static.token}[which%3]
		fill := func(s string) string { return strings.ReplaceAll(s, "$", key) }
		code := 200 + int(status)%400
		phrase = strings.Join(strings.Fields(phrase), " ") // net/http reads one line
		answer := &http.Response{StatusCode: code, Status: strconv.Itoa(code) + " " + fill(phrase), Header: http.Header{}}
		answer.Header.Set("ETag", etag)
		answer.Header.Set("X-Amz-Bucket-Region", fill(region))

		err := table.judge(answer, []byte(fill(body)))
		switch {
		case err == nil:
			if code/100 != 2 || etag == "" {
				t.Fatalf("%d with ETag %q is taken", code, etag)
			}
			return
		case deliver.IsPermanent(err) && errors.Is(err, deliver.ErrUnavailable):
			t.Fatalf("both: %v", err)
		case deliver.IsPermanent(err) && code != http.StatusRequestEntityTooLarge && !strings.Contains(body, "Code"):
			t.Fatalf("%d refuses for good: %v", code, err)
		case strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "\n"):
			t.Fatalf("%q shows a key or is no line", err)
		}
	})
}

// An answer is judged in a time that grows with its bytes, also where its elements are
// nested without an end.
func TestAnAnswerOfManyElementsIsJudged(t *testing.T) {
	t.Parallel()
	table := openTable(t, "cos://AKIDmany00112233:k3ymanyk3ymany@b-1490000055/p?region=ap-nanjing")
	table.now = func() time.Time { return time.Unix(0, 0) }
	for _, body := range []string{strings.Repeat("<a>", answerMost/3), strings.Repeat("<Error>", answerMost/7), "<Error" + strings.Repeat(" a='b'", answerMost/6), "<Error>" + strings.Repeat("&lt;", answerMost/4)} {
		if err := table.judge(&http.Response{StatusCode: 503, Status: "503 Busy", Header: http.Header{}}, []byte(body)); !errors.Is(err, deliver.ErrUnavailable) {
			t.Errorf("%.20q…: %v", body, err)
		}
	}
}
