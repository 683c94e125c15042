// Package schema holds the descriptions of VOD's events for programs in other
// languages: a JSON Schema (2020-12) for the data of each kind's CloudEvent, and
// an OpenAPI 3.1 document of what the webhook sends.
//
// The files are made by genpayload out of the same table as the Go types. The
// functions do not import this package, for they need none of it: it is for
// vodctl, and for you to copy to where SCHEMA_BASE points.
package schema

import (
	"embed"
	"io/fs"
)

//go:embed *.json
var files embed.FS

// JSON returns the JSON Schema of a kind of events by its EventType; ok is false
// where there is none.
func JSON(eventType string) (schema []byte, ok bool) {
	if !fs.ValidPath(eventType) || eventType == "openapi" {
		return nil, false
	}
	schema, err := files.ReadFile(eventType + ".json")
	return schema, err == nil
}

// OpenAPI returns the OpenAPI document.
func OpenAPI() []byte {
	document, err := files.ReadFile("openapi.json")
	if err != nil {
		panic(err) // it is embedded
	}
	return document
}
