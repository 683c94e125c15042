package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"strings"

	"vodevents/shared/event"
	"vodevents/shared/event/schema"
)

var schemaCommand = command{
	name:  "schema",
	usage: "[-o FORMAT] [KIND]",
	about: "print the schemas of the events, for programs in other languages",
	text: `With a KIND, such as NewFileUpload, it prints the JSON Schema (2020-12) of that
kind's data; without one, the names of all kinds.

With -o openapi it prints one OpenAPI 3.1 document: its webhooks describe what a sink
https://… gets for each kind, with its signature, and its paths are the API of the
local stand-in.

The files are those of shared/event/schema. If you serve them, set SCHEMA_BASE to their
URL; then each event's dataschema names its schema.

  vodctl schema ProcedureStateChanged > procedure.json
  vodctl schema -o openapi > openapi.json
`,
	prepare: func(p *program, fs *flag.FlagSet) func(context.Context, []string) error {
		openAPI := false
		fs.Func("o", "`format`: jsonschema, the default, or openapi", func(s string) error {
			if s != "jsonschema" && s != "openapi" {
				return errors.New("it must be jsonschema or openapi")
			}
			openAPI = s == "openapi"
			return nil
		})
		return func(_ context.Context, args []string) error {
			switch {
			case len(args) > 1:
				return misuse("schema takes one kind, not %d", len(args))
			case openAPI && len(args) == 1:
				return misuse("schema: the OpenAPI document has all kinds: leave %q out", args[0])
			case openAPI:
				return p.printBytes("", bytes.TrimSpace(schema.OpenAPI()))
			case len(args) == 0:
				return p.printBytes("", []byte(strings.Join(kindNames(), "\n")))
			}
			document, ok := schema.JSON(args[0])
			if !ok {
				return misuse("schema: there is no kind %q; there are\n  %s", args[0], strings.Join(kindNames(), "\n  "))
			}
			return p.printBytes("", bytes.TrimSpace(document))
		}
	},
}

func kindNames() []string {
	var names []string
	for _, k := range event.Kinds {
		names = append(names, k.Type)
	}
	return names
}
