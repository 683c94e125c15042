package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"time"

	"vodevents/shared/scf/local"
)

// callbacks is how many a measurement sends, one after the other.
const callbacks = 2_000

// callbackOnHost measures the time of a callback to the function as a server.
func callbackOnHost(ctx context.Context, dir string) ([]figure, error) {
	addr, stop, err := listen(ctx, filepath.Join(dir, "callback"), "stdout:")
	if err != nil {
		return nil, err
	}
	defer stop()
	return timeCallbacks(func(body []byte) error { return post(http.DefaultClient, addr, body) })
}

// listen starts a server of callbacks and returns its address.
func listen(ctx context.Context, binary, sink string) (addr string, stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = []string{"LISTEN_ADDR=127.0.0.1:0", "SINK=" + sink, "LOG_LEVEL=info"}
	log, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return "", nil, err
	}
	stop = func() {
		cancel()
		cmd.Wait() // it was killed
	}
	var line struct{ Msg, Addr string }
	for lines := bufio.NewScanner(log); line.Msg != "listening"; {
		if !lines.Scan() {
			stop()
			return "", nil, fmt.Errorf("%s ended before it listened", binary)
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			stop()
			return "", nil, err
		}
	}
	go io.Copy(io.Discard, log) // until the server ends
	return line.Addr, stop, nil
}

func post(client *http.Client, addr string, body []byte) error {
	resp, err := client.Post("http://"+addr+"/", "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the callback was answered %s: %w", resp.Status, err)
	}
	return nil
}

// callbackUnderSCF measures the time of a callback's invocation.
func callbackUnderSCF(ctx context.Context, dir string) ([]figure, error) {
	f, err := local.Start(ctx, filepath.Join(dir, "callback"), []string{"SINK=stdout:"}, local.WithTCP())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return timeCallbacks(func(body []byte) error {
		answer, err := f.Invoke(ctx, local.PostEvent(body), 15*time.Second, nil)
		if err == nil && !bytes.Contains(answer, []byte(`"statusCode":200`)) {
			err = fmt.Errorf("the callback was answered %s", answer)
		}
		return err
	})
}

func timeCallbacks(post func(body []byte) error) ([]figure, error) {
	took := make([]float64, callbacks)
	for i := range took {
		event := body(i)
		began := time.Now()
		if err := post(event); err != nil {
			return nil, err
		}
		took[i] = time.Since(began).Seconds() * 1e6
	}
	return []figure{{"p50 µs", median(took), false}}, nil
}
