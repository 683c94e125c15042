package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"vodevents/scripts/dev/runner"
)

// problem is an answer that is an error (RFC 9457).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func problemf(status int, format string, args ...any) *problem {
	return &problem{"about:blank", http.StatusText(status), status, fmt.Sprintf(format, args...)}
}

func (p *problem) Error() string { return p.Detail }

func (p *problem) send(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p)
}

func reply(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // nobody is told that the client has gone
	return nil
}

func readBody(r *http.Request) ([]byte, error) {
	body, err := runner.ReadBody(r)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, problemf(http.StatusRequestEntityTooLarge, "the body is over 6 MB, the most that SCF takes")
	case err != nil:
		return nil, problemf(http.StatusBadRequest, "the body did not arrive whole: %v", err)
	}
	return body, nil
}

// read decodes a body into v; an empty one leaves it as it is.
func read(r *http.Request, v any) error {
	body, err := readBody(r)
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return err
	}
	return decode(body, v)
}

func decode(body []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind): // whose own text is about Go
		return problemf(http.StatusBadRequest, "the body is not what is expected here: %s cannot be of kind %s", cmp.Or(kind.Field, "it"), kind.Value)
	case err != nil:
		return problemf(http.StatusBadRequest, "the body is not what is expected here: %v", err)
	}
	return nil
}
