// Command floor shows the least that a function like pull can cost. It pulls,
// copies the bytes of the events to standard output and confirms them, with up to
// 16 calls at a time, over the same signer and connections. It checks nothing, makes
// no ids, and assumes where the handles are. The benchmark Floor of scripts/bench
// compares the function pull with it.
package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"

	"vodevents/shared/scf"
	"vodevents/shared/vod"
)

// width is the most calls in flight, the same as in pull.
const width = 16

var transport = vod.NewTransport()

func main() {
	scf.Main(scf.OnTimer(func(context.Context, scf.Timer) (any, error) { return nil, drain() }), nil)
}

func drain() error {
	p := profile.NewClientProfile()
	scheme, host, _ := strings.Cut(os.Getenv("VOD_ENDPOINT"), "://")
	p.HttpProfile.Scheme, p.HttpProfile.Endpoint = scheme, host
	client := common.NewCommonClient(common.NewCredential(os.Getenv("VOD_SECRET_ID"), os.Getenv("VOD_SECRET_KEY")), "", p).
		WithHttpTransport(taker{})
	errs := make([]error, width)
	var wg sync.WaitGroup
	for i := range width {
		wg.Go(func() { errs[i] = drainOne(client) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// drainOne pulls and confirms until a pull brings nothing.
func drainOne(client *common.Client) error {
	for {
		answer, err := call(client, "PullEvents", nil)
		if err != nil {
			return err
		}
		lines, handles := copyOut(answer)
		if len(handles) == 0 {
			return nil
		}
		if _, err := os.Stdout.Write(lines); err != nil {
			return err
		}
		if _, err := call(client, "ConfirmEvents", map[string]any{"EventHandles": handles}); err != nil {
			return err
		}
	}
}

// copyOut copies the events of an answer, one a line, and finds their handles.
func copyOut(answer []byte) (lines []byte, handles []string) {
	begin := []byte(`{"EventHandle":"`)
	lines = make([]byte, 0, len(answer)+1024)
	from := bytes.Index(answer, begin)
	for from >= 0 {
		rest := answer[from+len(begin):]
		handles = append(handles, string(rest[:bytes.IndexByte(rest, '"')]))
		to := len(answer)
		next := bytes.Index(rest, begin)
		if next >= 0 {
			next += from + len(begin)
			to = next
		}
		lines = append(append(lines, answer[from:to]...), '\n')
		from = next
	}
	return lines, handles
}

// body is where taker leaves an answer.
type body struct{ bytes []byte }

var errTaken = errors.New("taken")

func (*body) ParseErrorFromHTTPResponse([]byte) error { return errTaken }

type bodyKey struct{}

func call(client *common.Client, action string, params map[string]any) ([]byte, error) {
	r := tchttp.NewCommonRequest("vod", "2018-07-17", action)
	if params != nil {
		if err := r.SetActionParameters(params); err != nil {
			return nil, err
		}
	}
	b := new(body)
	r.SetContext(context.WithValue(context.Background(), bodyKey{}, b))
	if err := client.Send(r, b); err != errTaken {
		return nil, err
	}
	return b.bytes, nil
}

// taker reads an answer into one buffer and hides it from the SDK, which would
// parse it.
type taker struct{}

func (taker) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var buf bytes.Buffer
	buf.Grow(int(max(resp.ContentLength, 0)) + bytes.MinRead)
	if _, err := buf.ReadFrom(resp.Body); err != nil {
		return nil, err
	}
	r.Context().Value(bodyKey{}).(*body).bytes = buf.Bytes()
	resp.Body = io.NopCloser(http.NoBody)
	resp.Header = http.Header{"Content-Type": {"application/octet-stream"}}
	return resp, nil
}
