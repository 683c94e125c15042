package webhook

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"vodevents/shared/deliver"
)

const (
	// bodyTime is how long the body of an answer is read. The status has decided
	// by then; the body is for a person to read, and reading it to its end keeps
	// the connection.
	bodyTime = 100 * time.Millisecond

	// bodyMost is how much of a body is read, in bytes.
	bodyMost = 64 << 10

	// quote is how much of a refusal's body is quoted, in characters.
	quote = 200
)

// verdict is what an HTTP status says of an event.
type verdict int

const (
	// failed: this event failed, and may pass another time.
	failed verdict = iota

	// taken: the receiver has it for good.
	taken

	// refused: the receiver will never take this event.
	refused

	// down: the receiver is down, not set up or overloaded.
	down
)

// verdictOf is the table of the statuses. A refused login and a missing path
// say nothing of an event: somebody rotated a token or moved the receiver.
func verdictOf(status int) verdict {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity:
		return refused
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusProxyAuthRequired, http.StatusRequestTimeout, http.StatusGone, http.StatusMisdirectedRequest,
		http.StatusTooEarly, http.StatusTooManyRequests:
		return down
	}
	switch status / 100 {
	case 2:
		return taken
	case 5:
		return down
	}
	return failed
}

// advice says what to do about a status that somebody has to do something about.
var advice = map[int]string{
	http.StatusUnauthorized:      "check user and password of the URL, and the secret on both sides",
	http.StatusForbidden:         "check user and password of the URL, and what the receiver lets in",
	http.StatusNotFound:          "check the path of the URL",
	http.StatusMethodNotAllowed:  "check the path of the URL: the receiver must take POST",
	http.StatusProxyAuthRequired: "check HTTPS_PROXY and its password",
	http.StatusGone:              "check the path of the URL",
}

// judge turns an answer into the error of its event, nil if the receiver took
// it. sent are the headers of its request, cancel ends the request.
func (s *Sink) judge(answer *http.Response, sent http.Header, cancel func()) error {
	// A body that drips must not hold the event: when its time is over the read
	// ends, at the price of the connection.
	timer := time.AfterFunc(s.bodyTime, cancel)
	said, _ := io.ReadAll(io.LimitReader(answer.Body, bodyMost)) // what came is enough
	timer.Stop()
	answer.Body.Close()

	what := verdictOf(answer.StatusCode)
	if what == taken {
		return nil
	}
	m := s.mask.sent(sent)
	err := m.error(s.refusal(answer, said, m))
	switch what {
	case refused:
		return deliver.Permanent(err)
	case down:
		return deliver.Answered(answer.StatusCode, err, deliver.RetryAfter(answer.Header, s.now()))
	}
	return err
}

// refusal is what a person is told about an answer that is not 2xx.
func (s *Sink) refusal(answer *http.Response, said []byte, m mask) error {
	err := fmt.Errorf("%s answers %s", s.name, answer.Status)
	if len(said) == bodyMost {
		said = said[:bodyMost-min(bodyMost, m.longest())] // a secret may be cut at the end
	}
	if text := m.apply(strings.TrimSpace(string(said))); text != "" {
		err = fmt.Errorf("%w: %.*q", err, quote, text)
	}
	if answer.StatusCode/100 == 3 {
		return fmt.Errorf("%w (redirects are not followed: name the final address in the URL)", err)
	}
	if todo := advice[answer.StatusCode]; todo != "" {
		return fmt.Errorf("%w (%s)", err, todo)
	}
	return err
}
