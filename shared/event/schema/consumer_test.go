package schema_test

import (
	"bufio"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/sink/webhook"
	"vodevents/shared/vodfake"
)

const (
	secret      = "whsec_dm9kLWV2ZW50cy1leGFtcGxlLXNlY3JldC0wMQ=="
	otherSecret = "whsec_dm9kLWV2ZW50cy1leGFtcGxlLXNlY3JldC0wMg=="
)

// A consumer in another language, written from openapi.json alone, takes what
// the webhook sends and refuses what another key signed or nobody.
func TestConsumerInAnotherLanguage(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 on this machine")
	}
	consumer := exec.CommandContext(t.Context(), python, "consumer.py", "0")
	consumer.Env = append(os.Environ(), "WEBHOOK_SECRET="+secret)
	out, err := consumer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := consumer.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		consumer.Process.Kill()
		consumer.Wait()
	}()
	lines := bufio.NewReader(out)
	var port int
	if first, _ := lines.ReadString('\n'); first != "" {
		fmt.Sscanf(first, "listening on %d", &port)
	}
	if port == 0 {
		t.Fatal("the consumer does not listen")
	}

	body, err := vodfake.Make(1, time.Now(), "NewFileUpload", map[string]any{"FileId": "5145403721233902989"})
	if err != nil {
		t.Fatal(err)
	}
	e, err := event.Parse(body, event.Origin{Mode: event.Normal, Received: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	target := fmt.Sprintf("http://127.0.0.1:%d/", port)
	for _, query := range []string{"", "?secret=" + otherSecret} {
		if err := send(t, target+query, e); !errors.Is(err, deliver.ErrUnavailable) {
			t.Errorf("with %q: error %v, want a 401's", query, err)
		}
	}
	if err := send(t, target+"?secret="+url.QueryEscape(secret), e); err != nil {
		t.Error(err)
	}
	got, err := lines.ReadString('\n')
	if want := "com.tencent.cloud.vod.NewFileUpload 5145403721233902989\n"; got != want {
		t.Errorf("the consumer took %q, %v, want %q", got, err, want)
	}
}

func send(t *testing.T, target string, e *event.Event) error {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	sink, err := webhook.Open(u)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	return sink.Send(t.Context(), []*event.Event{e})[0]
}
