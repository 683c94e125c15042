package scf

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

// JSON answers with v as JSON and a line break. It panics when v cannot be
// encoded.
func JSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(b, '\n')) // an error means that the caller has hung up
}

// Error answers with a JSON object {"error": text}.
func Error(w http.ResponseWriter, status int, text string) {
	JSON(w, status, map[string]string{"error": text})
}

// respond gives r to h and returns what it answered, or 500 if it panicked.
func respond(h http.Handler, r *http.Request) (a *answer) {
	a = newAnswer()
	defer func() {
		if v := recover(); v != nil {
			logPanic(r.Context(), v)
			a = newAnswer()
			Error(a, http.StatusInternalServerError, "internal error: see the log of the function")
		}
	}()
	h.ServeHTTP(a, r)
	return a
}

// answer is a ResponseWriter that holds the whole answer in memory. When the
// handler panics, nothing of a half-written answer is sent.
type answer struct {
	header http.Header // the handler's
	sent   http.Header // as it was when the status was written
	status int
	body   bytes.Buffer
}

func newAnswer() *answer { return &answer{header: make(http.Header)} }

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 { // a trigger cannot send 1xx
		a.status, a.sent = status, a.header.Clone()
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

// finish is called once, after the handler.
func (a *answer) finish() {
	a.WriteHeader(http.StatusOK)
	if a.body.Len() > 0 && a.sent.Get("Content-Type") == "" {
		a.sent.Set("Content-Type", http.DetectContentType(a.body.Bytes()))
	}
}

// integrated is the answer in the form that SCF takes from a function. API
// Gateway wants isBase64Encoded (583/12513); function URLs do not document it
// (583/96099). An answer to HEAD has its body here: the HTTP server in front
// drops it.
func (a *answer) integrated(gateway bool) ([]byte, error) {
	a.finish()
	v := struct {
		IsBase64Encoded *bool             `json:"isBase64Encoded,omitempty"`
		StatusCode      int               `json:"statusCode"`
		Headers         map[string]string `json:"headers"`
		Body            string            `json:"body"`
	}{StatusCode: a.status, Headers: make(map[string]string, len(a.sent)), Body: a.body.String()}
	if gateway {
		v.IsBase64Encoded = new(false)
	}
	for name, values := range a.sent {
		v.Headers[name] = strings.Join(values, ", ")
	}
	return json.Marshal(v)
}

// send is the answer on an ordinary connection.
func (a *answer) send(w http.ResponseWriter) {
	a.finish()
	for name, values := range a.sent {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	w.Write(a.body.Bytes())
}
