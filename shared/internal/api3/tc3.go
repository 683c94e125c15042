package api3

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// signatureLife is how far X-TC-Timestamp may be from the server's clock
// (X-TC-Timestamp, 266/31756).
const signatureLife = 5 * time.Minute

const (
	algorithm       = "TC3-HMAC-SHA256"
	unsignedPayload = "UNSIGNED-PAYLOAD"
)

// Credential is one pair of keys that a server accepts. Temporary keys have a
// Token, and a call must carry exactly that token.
type Credential struct {
	SecretId, SecretKey, Token string
}

// Keyring holds the accepted credentials and the signing key of each for the
// day and service it was last used on. It is safe for concurrent use.
type Keyring struct {
	mu   sync.Mutex
	keys map[string]*signer // by SecretId
}

type signer struct {
	Credential
	date, service string
	key           []byte
}

// Set replaces the accepted keys, as a rotation does. Calls that are signed with
// other keys are answered AuthFailure from now on.
func (k *Keyring) Set(c ...Credential) {
	keys := make(map[string]*signer, len(c))
	for _, c := range c {
		keys[c.SecretId] = &signer{Credential: c}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys = keys
}

// Check checks the signature of a POST to "/" by TC3-HMAC-SHA256, as the common
// request parameters carry it (266/31756). now is the server's time.
func (k *Keyring) Check(service string, now time.Time, h http.Header, host string, body []byte) error {
	stamp := h.Get("X-TC-Timestamp")
	if stamp == "" {
		return &Error{"MissingParameter", "The request is missing the header X-TC-Timestamp."}
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return &Error{"InvalidParameter", "X-TC-Timestamp is not a number of seconds."}
	}
	value := h.Get("Authorization")
	if value == "" {
		return &Error{"MissingParameter", "The request is missing the header Authorization."}
	}
	auth, ok := parseAuthorization(value)
	if !ok {
		return &Error{"AuthFailure.InvalidAuthorization", "The header Authorization is not of the form TC3-HMAC-SHA256 Credential=…/…/" + service + "/tc3_request, SignedHeaders=content-type;host, Signature=…."}
	}
	signed := time.Unix(seconds, 0)
	if d := now.Sub(signed); d > signatureLife || d < -signatureLife {
		return ErrExpired
	}
	if auth.date != signed.UTC().Format(time.DateOnly) || auth.service != service {
		return &Error{"AuthFailure.SignatureFailure", "The credential scope must be the UTC date of X-TC-Timestamp and the service " + service + "."}
	}
	key, token, ok := k.find(auth)
	if !ok {
		return &Error{"AuthFailure.SecretIdNotFound", "The SecretId is not found."}
	}
	if !hmac.Equal(auth.signature, signature(key, auth, stamp, h, host, body)) {
		return &Error{"AuthFailure.SignatureFailure", "The provided credentials could not be validated."}
	}
	if h.Get("X-TC-Token") != token {
		return &Error{"AuthFailure.TokenFailure", "The token does not belong to the SecretId."}
	}
	return nil
}

// Service is the service that a call's signature names, or empty.
func Service(h http.Header) string {
	a, _ := parseAuthorization(h.Get("Authorization"))
	return a.service
}

type authorization struct {
	id, date, service string
	headers           string // as listed, joined by semicolons
	signature         []byte
}

func parseAuthorization(v string) (a authorization, ok bool) {
	rest, ok := strings.CutPrefix(v, algorithm+" ")
	if !ok {
		return a, false
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			f := strings.Split(value, "/")
			if len(f) != 4 || f[3] != "tc3_request" {
				return a, false
			}
			a.id, a.date, a.service = f[0], f[1], f[2]
		case "SignedHeaders":
			a.headers = value
		case "Signature":
			var err error
			if a.signature, err = hex.DecodeString(value); err != nil {
				return a, false
			}
		}
	}
	listed := ";" + a.headers + ";"
	return a, a.id != "" && len(a.signature) == sha256.Size &&
		strings.Contains(listed, ";content-type;") && strings.Contains(listed, ";host;")
}

// find returns the signing key of a credential for a day and a service.
func (k *Keyring) find(a authorization) (key []byte, token string, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.keys[a.id]
	if s == nil {
		return nil, "", false
	}
	if s.date != a.date || s.service != a.service {
		day := mac([]byte("TC3"+s.SecretKey), a.date)
		s.date, s.service, s.key = a.date, a.service, mac(mac(day, a.service), "tc3_request")
	}
	return s.key, s.Token, true
}

// signature returns the signature that the call must have.
func signature(key []byte, a authorization, stamp string, h http.Header, host string, body []byte) []byte {
	var b strings.Builder
	b.WriteString("POST\n/\n\n")
	for name := range strings.SplitSeq(a.headers, ";") {
		value := h.Get(name)
		if name == "host" {
			value = host
		}
		b.WriteString(name)
		b.WriteByte(':')
		b.WriteString(strings.ToLower(strings.TrimSpace(value)))
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	b.WriteString(a.headers)
	b.WriteByte('\n')
	if h.Get("X-TC-Content-SHA256") == unsignedPayload {
		body = []byte(unsignedPayload)
	}
	b.WriteString(hexSum(body))
	request := b.String()

	return mac(key, algorithm+"\n"+stamp+"\n"+a.date+"/"+a.service+"/tc3_request\n"+hexSum([]byte(request)))
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}
