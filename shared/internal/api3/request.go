package api3

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
)

// MaxBody is the largest request that API 3.0 takes, in bytes (1130/46710).
const MaxBody = 10 << 20

// Decode reads a request's JSON into r. As API 3.0 does, it refuses unknown
// members.
func Decode(body []byte, r any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	switch err := d.Decode(r); {
	case err == nil, errors.Is(err, io.EOF):
		return nil
	case strings.HasPrefix(err.Error(), "json: unknown field"):
		return &Error{"UnknownParameter", "The parameter " + err.Error()[len("json: unknown field "):] + " is not recognized, or not simulated."}
	default:
		return &Error{"InvalidParameter", "The request is not the JSON that the action takes: " + err.Error()}
	}
}

// Headers says what is wrong with the method of a call, or with the headers that
// name its action and version. api is the name of the API.
func Headers(api, version, method string, h http.Header) error {
	switch {
	case method != http.MethodPost:
		return &Error{"UnsupportedProtocol", "This is the API of " + api + ": POST JSON, signed by TC3-HMAC-SHA256."}
	case h.Get("X-TC-Action") == "":
		return &Error{"MissingParameter", "The request is missing the header X-TC-Action."}
	case h.Get("X-TC-Version") == "":
		return &Error{"MissingParameter", "The request is missing the header X-TC-Version."}
	case h.Get("X-TC-Version") != version:
		return &Error{"NoSuchVersion", "The version of the " + api + " API is " + version + "."}
	}
	return nil
}

// RequestId makes the id of a call, a UUID of version 4.
func RequestId(r *rand.Rand) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], r.Uint64())
	binary.BigEndian.PutUint64(b[8:], r.Uint64())
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	id := hex.EncodeToString(b[:])
	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
}
