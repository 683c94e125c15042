package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"vodevents/scripts/dev/journal"
	"vodevents/shared/event/schema"
)

// openapi is what a test needs of the OpenAPI document.
type openapi struct {
	Paths map[string]map[string]struct {
		Responses map[string]struct {
			Ref     string `json:"$ref"`
			Content map[string]json.RawMessage
		}
	}
}

// The OpenAPI document has the calls that the API has, and no other.
func TestOpenAPIHasEveryCall(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "off")
	var about struct {
		Calls []struct{ Method, Path string }
	}
	p.call(200, "GET", "/api/about", "", &about)
	document := describedAPI(t)
	served := map[string]bool{"get /api/kinds/{type}": true} // told with /api/kinds
	for _, c := range about.Calls {
		path, _, _ := strings.Cut(c.Path, "?")
		for method := range strings.FieldsSeq(strings.ToLower(c.Method)) {
			served[method+" "+path] = true
			if _, ok := document.Paths[path][method]; !ok {
				t.Errorf("%s %s is not described", method, path)
			}
		}
	}
	for path, operations := range document.Paths {
		for method := range operations {
			if !served[method+" "+path] {
				t.Errorf("%s %s is described and not served", method, path)
			}
		}
	}
}

// What the API answers is what the OpenAPI document says.
func TestAnswersAreAsOpenAPISays(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "off")
	sent := p.send("/api/events?kind=NewFileUpload&mode=reliable", "")
	file := p.upload(`{"name":"harbor.mp4","process":true}`)
	p.forward("5s")
	p.forward("5s")
	p.call(200, "POST", "/api/timer", "", nil)
	p.untilMedia(file, "processed", func(m journal.MediaDetail) bool { return len(m.Outputs) > 0 })
	_, parked := p.park("/api/events?kind=PullComplete&mode=normal", "")
	for _, c := range []struct {
		method, path, described, body string
		status                        string
	}{
		{"GET", "/api/events", "/api/events", "", "200"},
		{"GET", "/api/events?limit=0", "/api/events", "", "4XX"},
		{"POST", "/api/events?kind=FileDeleted/parts&mode=reliable", "/api/events", "", "202"},
		{"GET", "/api/events/" + sent[0], "/api/events/{id}", "", "200"},
		{"POST", "/api/events/" + sent[0] + "/resend", "/api/events/{id}/resend", "", "202"},
		{"GET", "/api/media", "/api/media", "", "200"},
		{"GET", "/api/media?limit=x", "/api/media", "", "4XX"},
		{"POST", "/api/media", "/api/media", "", "202"},
		{"GET", "/api/media/" + file, "/api/media/{id}", "", "200"},
		{"GET", "/api/media/nobody", "/api/media/{id}", "", "4XX"},
		{"POST", "/api/media/" + file + "/process", "/api/media/{id}/process", `{"transcode":[10],"fails":["Transcode"]}`, "202"},
		{"POST", "/api/media/" + file + "/delete", "/api/media/{id}/delete", "", "202"},
		{"POST", "/api/media/" + file + "/delete", "/api/media/{id}/delete", "", "4XX"},
		{"GET", "/api/letters", "/api/letters", "", "200"},
		{"GET", "/api/letters?limit=0", "/api/letters", "", "4XX"},
		{"GET", "/api/letters/" + parked, "/api/letters/{id}", "", "200"},
		{"GET", "/api/letters/nobody", "/api/letters/{id}", "", "4XX"},
		{"POST", "/api/letters/curl", "/api/letters/curl", `{"filter":{},"count":1}`, "200"},
		{"POST", "/api/letters/discard", "/api/letters/discard", `{"ids":["nobody"]}`, "4XX"},
		{"POST", "/api/letters/deliver", "/api/letters/deliver", `{"ids":["` + parked + `"]}`, "200"},
		{"GET", "/api/letters", "/api/letters", "", "200"},
		{"GET", "/api/kinds", "/api/kinds", "", "200"},
		{"GET", "/api/kinds/PullComplete", "/api/kinds/{type}", "", "200"},
		{"GET", "/api/kinds/Nothing", "/api/kinds/{type}", "", "4XX"},
		{"GET", "/api/config", "/api/config", "", "200"},
		{"PUT", "/api/config", "/api/config", `{"signed":true}`, "200"},
		{"GET", "/api/faults", "/api/faults", "", "200"},
		{"POST", "/api/clock", "/api/clock", `{"forward":"1s"}`, "200"},
		{"GET", "/api/figures", "/api/figures", "", "200"},
		{"GET", "/api/about", "/api/about", "", "200"},
	} {
		answer := answerOf(t, p, c.method, c.path, c.body)
		if err := describedAPI(t).schema(t, c.described, strings.ToLower(c.method), c.status).Validate(answer); err != nil {
			t.Errorf("%s %s: %v", c.method, c.path, err)
		}
	}
}

func answerOf(t *testing.T, p *program, method, path, body string) any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(answer))
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return v
}

func describedAPI(t *testing.T) (document openapi) {
	t.Helper()
	if err := json.Unmarshal(schema.OpenAPI(), &document); err != nil {
		t.Fatal(err)
	}
	return document
}

// schema compiles that of an answer.
func (o openapi) schema(t *testing.T, path, method, status string) *jsonschema.Schema {
	t.Helper()
	escaped := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(path)
	place := "#/paths/" + escaped + "/" + method + "/responses/" + status
	answer := o.Paths[path][method].Responses[status]
	if answer.Ref != "" {
		place = answer.Ref
	}
	kind := "application/json"
	if status == "4XX" {
		kind = "application/problem+json"
	}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema.OpenAPI()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("https://example.com/openapi.json", whole); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("https://example.com/openapi.json" + place + "/content/" + strings.ReplaceAll(kind, "/", "~1") + "/schema")
	if err != nil {
		t.Fatal(err)
	}
	return s
}
