package callback

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"testing"

	"vodevents/shared/internal/jsonscan"
)

// FuzzScan packs a body as a proxy or a gateway may have. JSON comes out as it went
// in; anything else does no harm, and is not taken for JSON.
func FuzzScan(f *testing.F) {
	f.Add([]byte(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"528"}}`), uint8(0), uint8(0))
	f.Add([]byte(" \n{\"a\":\"\xff\"}"), uint8(1), uint8(6))
	f.Add([]byte("H4sIAAAAAAAA/w=="), uint8(2), uint8(5))
	f.Add([]byte("eyJhIjoxfQ"), uint8(3), uint8(4))
	f.Fuzz(func(t *testing.T, body []byte, outer, inner uint8) {
		if text, err := scan(bytes.Clone(body)); err == nil && text.Valid != jsonscan.Scan(text.Bytes).Valid {
			t.Fatalf("%q: valid is %v", body, text.Valid)
		} else if json.Valid(body) && (err != nil || !text.Valid || !bytes.Equal(bytes.TrimSpace(text.Bytes), bytes.TrimSpace(body))) {
			t.Fatalf("%q came out as %q, %v", body, text.Bytes, err)
		}
		if !jsonscan.Scan(body).Valid || !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) {
			return // base64 of a number is no different from base64 of base64
		}
		if base64Way(inner) && base64Way(outer) {
			return // nobody packs so, and it could be any text
		}
		packed := packing(t, packing(t, body, inner), outer)
		text, err := scan(packed)
		if err != nil || !text.Valid || !bytes.Equal(bytes.TrimSpace(text.Bytes), bytes.TrimSpace(body)) {
			t.Fatalf("%q, packed by %d and %d as %q, came out as %q, %v", body, inner%7, outer%7, packed, text.Bytes, err)
		}
	})
}

// packing packs a body in one way, or leaves it.
func packing(t *testing.T, body []byte, way uint8) []byte {
	if way%7 >= 4 {
		way, body = way-3, append([]byte("\ufeff"), body...)
	}
	switch way % 7 {
	case 1:
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write(body)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	case 2:
		return []byte(base64.StdEncoding.EncodeToString(body))
	case 3:
		return []byte(base64.RawURLEncoding.EncodeToString(body) + "\n")
	}
	return body
}

// base64Way tells whether a way of packing is base64 in one of its alphabets.
func base64Way(way uint8) bool { return way%7 != 0 && way%7 != 1 && way%7 != 4 }
