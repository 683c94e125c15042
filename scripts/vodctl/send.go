package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// callbackTimeout is how long VOD waits for the answer to a callback
// (266/7829).
const callbackTimeout = 5 * time.Second

var sendCommand = command{
	name:  "send",
	usage: "[FLAG…] FILE… | -kind TYPE",
	about: "post a callback, as VOD does, to a URL of yours",
	text: `The body comes from a file ("-" for stdin), or is made up: -kind ProcedureStateChanged.
Some kinds have several forms, such as FileDeleted/parts: a wrong one lists them all.
The body is posted as it is, with Sign and T added if you ask for a signature. VOD takes
no part in this, and the receiver cannot tell who sent it. A live receiver keeps what
you send.

For each send it prints the status of the answer, how long it took, and the id of the
event, by which you find it in the sink. Only 2xx is a success here. The real VOD
ignores the status; it sends again, at most twice, if no answer comes within 5 s
(266/7829).

  vodctl send -kind NewFileUpload -url https://…/callback -sign
  vodctl send -n 1000 -rate 50 body.json
`,
	prepare: func(p *program, fs *flag.FlagSet) func(context.Context, []string) error {
		var s sending
		fs.StringVar(&s.url, "url", "http://127.0.0.1:8080/callback", "the `address` of the receiver")
		kind := fs.String("kind", "", "make up an event of this `type`; with -n each is a different one")
		sign := fs.Bool("sign", false, "sign it: short for -sign-key env")
		signKey := fs.String("sign-key", "", "sign it with this `key`"+signKeyHelp)
		fs.DurationVar(&s.expires, "expires", 10*time.Minute, "how `long` the signature is valid; with a minus it has expired already")
		fs.IntVar(&s.n, "n", 1, "how many `times` to send it, or each of several files")
		fs.Float64Var(&s.rate, "rate", 0, "`sends` to start a second, with 64 at most under way; 0: one after the other")
		fs.DurationVar(&s.timeout, "timeout", callbackTimeout, "`time` to wait for an answer")
		dryRun := fs.Bool("dry-run", false, "print the bodies, and send nothing")
		return func(ctx context.Context, files []string) error {
			if *sign && *signKey == "" {
				*signKey = "env"
			}
			if *signKey != "" {
				keys, _, err := p.signKeys(*signKey)
				if err != nil {
					return err
				}
				s.signKey = keys[0]
			}
			switch {
			case s.n < 1:
				return misuse("-n must be at least 1")
			case s.rate < 0:
				return misuse("-rate must not be below 0")
			case len(files) > 0 && strings.Contains(files[len(files)-1], "://"):
				return misuse("send: the receiver's address is a flag: -url %s", shownURL(files[len(files)-1]))
			case *kind == "" && len(files) == 0:
				return misuse("send: give a file, - for stdin, or -kind")
			case *kind != "" && len(files) > 0:
				return misuse("send: give files or -kind, not both")
			}
			if _, err := callbackURL(s.url); err != nil {
				return misuse("-url: %v", err)
			}
			bodies, err := p.bodies(*kind, files, s.n)
			if err != nil {
				return err
			}
			for i, body := range bodies {
				if s.signKey != "" && !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
					return misuse("send: %s is not a JSON object, so it cannot be signed", files[i/s.n])
				}
			}
			if *dryRun {
				for _, body := range bodies {
					if err := p.printBytes("", bytes.TrimSpace(s.signed(body))); err != nil {
						return err
					}
				}
				return nil
			}
			return p.send(ctx, s, bodies)
		}
	},
}

// bodies returns what is to be sent, in order.
func (p *program) bodies(kind string, files []string, n int) ([][]byte, error) {
	var bodies [][]byte
	if kind != "" {
		for range n {
			made, err := vodfake.MakeAll(rand.Uint64(), time.Now(), kind, nil)
			if err != nil {
				names := kindNames()
				for _, m := range vodfake.Makings {
					names = append(names, fmt.Sprintf("%-30s %s", m.Kind, m.Description))
				}
				return nil, misuse("-kind %s: there is no such type; there are\n  %s", kind, strings.Join(names, "\n  "))
			}
			bodies = append(bodies, made...)
		}
		return bodies, nil
	}
	for _, file := range files {
		var body []byte
		var err error
		if file == "-" {
			body, err = io.ReadAll(p.stdin)
		} else {
			body, err = os.ReadFile(file)
		}
		if err != nil {
			return nil, err
		}
		for range n {
			bodies = append(bodies, body)
		}
	}
	return bodies, nil
}

// sending says how bodies are sent.
type sending struct {
	url, signKey     string
	n                int
	rate             float64
	expires, timeout time.Duration
}

func (s *sending) signed(body []byte) []byte {
	if s.signKey == "" {
		return body
	}
	return event.Sign(body, s.signKey, time.Now().Add(s.expires))
}

func (p *program) send(ctx context.Context, s sending, bodies [][]byte) error {
	limit := rate.NewLimiter(rate.Inf, 1)
	var sends errgroup.Group
	sends.SetLimit(1)
	if s.rate > 0 {
		limit.SetLimit(rate.Limit(s.rate))
		sends.SetLimit(64)
	}
	poster := newPoster(s.timeout)
	var mu sync.Mutex // guards what follows, and the output
	accepted, sent := 0, 0
	for _, body := range bodies {
		if limit.Wait(ctx) != nil || ctx.Err() != nil {
			break
		}
		sends.Go(func() error {
			body := s.signed(body)
			a, err := poster.do(ctx, http.MethodPost, s.url, body)
			mu.Lock()
			defer mu.Unlock()
			sent++
			switch {
			case err != nil:
				return p.print("no answer  %4d ms  %s  %v\n", a.took.Milliseconds(), eventID(body, a), err)
			case a.status/100 != 2:
				return p.print("%d  %4d ms  %s  %s\n", a.status, a.took.Milliseconds(), eventID(body, a), a.text())
			}
			accepted++
			return p.print("%d  %4d ms  %s\n", a.status, a.took.Milliseconds(), eventID(body, a))
		})
	}
	if err := sends.Wait(); err != nil {
		return err
	}
	switch all := len(bodies); {
	case sent < all:
		p.say("interrupted after %d of %d", sent, all)
	case all > 1:
		p.say("%d sent, %d accepted", sent, accepted)
	}
	return count(len(bodies)-accepted, len(bodies), "%d of %d callbacks were not accepted", len(bodies)-accepted, len(bodies))
}

// eventID returns the id of the event in the sinks. If it depends on the time of
// receipt, only the receiver knows it.
func eventID(body []byte, a answer) string {
	var told struct{ Id string }
	if a.status/100 == 2 && json.Unmarshal(a.body, &told) == nil && told.Id != "" {
		return told.Id
	}
	e, err := event.Parse(body, event.Origin{Mode: event.Normal, Received: time.Now()})
	switch {
	case err != nil:
		return "not an event"
	case !e.StableID:
		return "no fixed id"
	}
	return e.ID
}

// poster sends requests to a receiver of callbacks.
type poster struct{ client http.Client }

func newPoster(timeout time.Duration) *poster {
	return &poster{http.Client{
		Timeout: timeout,
		// It is not documented whether VOD follows redirects.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is the answer of a receiver. If none came, it has only the time.
type answer struct {
	status int
	body   []byte // 64 KB at most
	took   time.Duration
}

// errNoAnswer: no answer came in time.
var errNoAnswer = errors.New("no answer in time")

// do sends one request. Its error holds nothing of the URL.
func (p *poster) do(ctx context.Context, method, address string, body []byte) (a answer, err error) {
	defer func(start time.Time) { a.took = time.Since(start) }(time.Now())
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return a, errors.New("not a URL")
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := p.client.Do(r)
	if err == nil {
		defer resp.Body.Close()
		a.status = resp.StatusCode
		a.body, err = io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	}
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return a, fmt.Errorf("%w: %v", errNoAnswer, p.client.Timeout)
	}
	if inner := (*url.Error)(nil); errors.As(err, &inner) {
		err = inner.Err
	}
	return a, err
}

// text returns the answer's error, or its first line, at most 200 characters.
func (a answer) text() string {
	var said struct{ Error string }
	json.Unmarshal(a.body, &said) // an answer that is not JSON is shown as it is
	line, _, _ := strings.Cut(cmp.Or(said.Error, strings.TrimSpace(string(a.body))), "\n")
	runes := []rune(line)
	if len(runes) > 200 {
		return string(runes[:200]) + "…"
	}
	return string(runes)
}
