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
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "callback"))
	cmd.Env = []string{"LISTEN_ADDR=127.0.0.1:0", "SINK=stdout:"}
	log, err := cmd.StderrPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, err
	}
	defer cmd.Wait() // it was killed
	defer cancel()

	var line struct{ Msg, Addr string }
	for lines := bufio.NewScanner(log); line.Msg != "listening"; {
		if !lines.Scan() {
			return nil, fmt.Errorf("the callback server ended before it listened")
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, err
		}
	}
	go io.Copy(io.Discard, log) // until the server ends
	return timeCallbacks(func(body []byte) error {
		resp, err := http.Post("http://"+line.Addr+"/", "application/json", bytes.NewReader(body))
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
			return fmt.Errorf("the callback was answered %s: %w", resp.Status, err)
		}
		return nil
	})
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
