package callback

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"

	"vodevents/shared/internal/jsonscan"
	"vodevents/shared/scf"
)

// errTooLarge tells that a body is over [scf.MaxBody] when it is unpacked.
var errTooLarge = errors.New("the body is over 6 MB when it is unpacked")

// maxPacked is how often a body may be packed: base64 of gzip is two.
const maxPacked = 2

// scan reads the JSON of a body. VOD sends plain UTF-8. A proxy, a gateway or a
// script on the way may have added a byte order mark, or packed the body with gzip
// or base64. scan undoes all of that, whether or not a header or a flag says so. If
// the result is not JSON, scan returns it unpacked as far as possible. The only
// error is errTooLarge.
func scan(body []byte) (jsonscan.Text, error) {
	text := jsonscan.Scan(unmarked(body))
	for range maxPacked {
		if text.Valid {
			break
		}
		inner, err := unpack(text.Bytes)
		if err != nil {
			return text, err
		}
		if inner == nil {
			break
		}
		text = jsonscan.Scan(unmarked(inner))
	}
	return text, nil
}

// unpack undoes one gzip or base64; nil: there is none.
func unpack(b []byte) ([]byte, error) {
	if isGzip(b) {
		return gunzip(b)
	}
	inner := unbase64(b)
	if isGzip(unmarked(inner)) || bytes.HasPrefix(bytes.TrimLeft(unmarked(inner), " \t\r\n"), []byte("{")) {
		return inner, nil
	}
	return nil, nil
}

func isGzip(b []byte) bool { return bytes.HasPrefix(b, []byte{0x1f, 0x8b}) }

// gunzip returns nil if b is not gzip, or is cut off.
func gunzip(b []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, nil
	}
	inner, err := io.ReadAll(io.LimitReader(r, scf.MaxBody+1))
	switch {
	case err != nil:
		return nil, nil
	case len(inner) > scf.MaxBody:
		return nil, errTooLarge
	}
	return inner, nil
}

// unbase64 returns nil if b is not base64, in either alphabet.
func unbase64(b []byte) []byte {
	b = bytes.TrimRight(bytes.TrimSpace(b), "=")
	for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		inner := make([]byte, alphabet.DecodedLen(len(b)))
		if n, err := alphabet.Decode(inner, b); err == nil {
			return inner[:n]
		}
	}
	return nil
}

// unmarked returns b without a byte order mark.
func unmarked(b []byte) []byte { return bytes.TrimPrefix(b, []byte("\ufeff")) }
