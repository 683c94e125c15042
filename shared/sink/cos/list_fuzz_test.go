package cos

import (
	"bytes"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzList holds the reading of a bucket's list to this:
//
//   - whatever a store answers, it never panics, and a list that goes on does so behind
//     its marker, so that it ends;
//   - keys come as they are, whatever is in them, escaped as they were asked for or
//     plain; a store that cannot go on is an error, and never an end.
func FuzzList(f *testing.F) {
	f.Add([]byte("<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>b</Key></Contents></ListBucketResult>"), "a b+c%2F/\x01", "a", true)
	f.Add([]byte("<ListBucketResult><EncodingType>url</EncodingType><NextMarker>%zz</NextMarker><Contents><Size>-1</Size></Contents>"), "é", "", false)
	f.Add([]byte("<Error><Code>x</Code></Error>"), "k", "k", true)
	f.Fuzz(func(t *testing.T, text []byte, key, marker string, truncated bool) {
		table := openTable(t, "cos://AKIDx:k@b-1/vod?region=r")
		table.roundTrip = func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(text))}, nil
		}
		if _, next, err := table.list(t.Context(), marker); err == nil && next != "" && next <= marker {
			t.Fatalf("%q behind %q goes on behind %q", text, marker, next)
		}
		for _, coded := range []bool{true, false} {
			if !coded && (!utf8.ValidString(key) || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '\uD7FF' })) {
				continue // no XML has it
			}
			text = list(t, key, coded, truncated)
			objects, next, err := table.list(t.Context(), marker)
			if key <= marker {
				if err == nil {
					t.Fatalf("%q behind %q is no error", key, marker)
				}
				continue
			}
			if err != nil || len(objects) != 1 || objects[0] != (object{key, 7}) || truncated != (next == key) || !truncated && next != "" {
				t.Fatalf("%s: %+v, then %q, %v", text, objects, next, err)
			}
		}
	})
}

// list is a list of one key, as a store writes it.
func list(t *testing.T, key string, coded, truncated bool) []byte {
	var l struct {
		XMLName      xml.Name `xml:"ListBucketResult"`
		EncodingType string   `xml:",omitempty"`
		IsTruncated  bool
		Contents     object
	}
	l.IsTruncated, l.Contents = truncated, object{key, 7}
	if coded {
		l.EncodingType, l.Contents.Key = "url", url.QueryEscape(key)
	}
	text, err := xml.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
