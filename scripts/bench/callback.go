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
	"sync"
	"time"

	"vodevents/shared/scf/local"
)

// callbacks is how many callbacks a measurement sends, one after the other.
const callbacks = 2_000

// callbackOnHost measures the time of a callback to the function as a server.
func callbackOnHost(ctx context.Context, dir string) ([]figure, error) {
	s, err := listen(ctx, filepath.Join(dir, "callback"), "stdout:", nil)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	return timeCallbacks(func(body []byte) error { return post(http.DefaultClient, s.addr, body) })
}

// server is a server of callbacks in a process.
type server struct {
	addr string
	pid  int
	stop func()
}

// listen starts a server of callbacks, whose standard output goes to stdout, or
// nowhere.
func listen(ctx context.Context, binary, sink string, stdout io.Writer, env ...string) (server, error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = append(env, "LISTEN_ADDR=127.0.0.1:0", "SINK="+sink, "LOG_LEVEL=info")
	cmd.Stdout = stdout
	log, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return server{}, err
	}
	stop := sync.OnceFunc(func() {
		cancel()
		cmd.Wait() // it was killed
	})
	var line struct{ Msg, Addr string }
	for lines := bufio.NewScanner(log); line.Msg != "listening"; {
		if !lines.Scan() {
			stop()
			return server{}, fmt.Errorf("%s ended before it listened", binary)
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			stop()
			return server{}, err
		}
	}
	go io.Copy(io.Discard, log) // until the server ends
	return server{line.Addr, cmd.Process.Pid, stop}, nil
}

func post(client *http.Client, addr string, body []byte) error {
	_, err := postFor(client, addr, body)
	return err
}

// postFor sends a callback and returns the id of its event.
func postFor(client *http.Client, addr string, body []byte) (id string, err error) {
	resp, err := client.Post("http://"+addr+"/", "application/json", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the callback was answered %s: %s", resp.Status, answer)
	}
	var taken struct{ ID string }
	_ = json.Unmarshal(answer, &taken) // a bare handler answers nothing
	return taken.ID, nil
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
