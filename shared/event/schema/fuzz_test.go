package schema_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"vodevents/shared/event"
)

// FuzzSchema holds Decode to the schemas: an event of a kind of the samples whose data the
// validator takes is decoded into the Go type. Numbers beyond int64 are left out,
// which a schema's integer takes and Go's does not.
func FuzzSchema(f *testing.F) {
	schemas := map[string]*jsonschema.Schema{} // of the kinds of the seeds: all would take seconds
	add := func(body []byte) {
		if kind := parse(f, body).Type; schemas[kind] == nil {
			schemas[kind] = compile(f, kind)
		}
		f.Add(body)
	}
	files, err := filepath.Glob("../testdata/*.json")
	if err != nil || len(files) < 10 {
		f.Fatalf("%d samples, %v", len(files), err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		add(body)
	}
	for _, body := range []string{
		`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":null}}`,
		`{"EventType":"NewFileUpload","FileUploadEvent":{"fileid":5,"MetaData":{"Size":1.0,"Duration":2e3}}}`,
		`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"Status":"PAUSED","ErrCode":7}}`,
	} {
		add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := event.Parse(body, event.Origin{Mode: event.Normal, Received: at})
		s := schemas[e.Type]
		if err != nil || s == nil {
			return
		}
		data := e.AppendData(nil)
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil || s.Validate(v) != nil {
			return
		}
		_, err = e.Decode()
		var mismatch *json.UnmarshalTypeError
		if errors.As(err, &mismatch) && strings.HasPrefix(mismatch.Value, "number") {
			return
		}
		if err != nil {
			t.Fatalf("the schema takes %s, and Decode does not: %v", data, err)
		}
	})
}
