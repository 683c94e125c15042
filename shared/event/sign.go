package event

import (
	"bytes"
	"crypto/md5"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Why a callback's signature was refused.
var (
	ErrUnsigned = errors.New("event: callback is not signed: set the SignKey by ModifyEventConfig, or unset CALLBACK_SIGN_KEY")
	ErrForged   = errors.New("event: callback's Sign matches no key: compare CALLBACK_SIGN_KEY with the SignKey of ModifyEventConfig")
	ErrExpired  = errors.New("event: callback's signature has expired")
)

// Verify checks a callback's Sign and T against keys, of which any may match,
// so that a key can be changed without loss. T is the expiry, in seconds of
// UNIX time, with its digits as they came.
//
// The signature does not cover the body. Whoever has seen one callback can send any
// other until T, by default for 10 minutes. Keep the URL secret, use HTTPS, and if
// much depends on it, ask the API for the state of the file or task.
func Verify(keys []string, sign, t string, now time.Time) error {
	if sign == "" || t == "" {
		return ErrUnsigned
	}
	sign = strings.ToLower(sign) // VOD does not say in which case it writes hex
	match := 0
	for _, key := range keys {
		match |= subtle.ConstantTimeCompare([]byte(sign), []byte(signature(key, t)))
	}
	expires, err := strconv.ParseInt(t, 10, 64)
	switch {
	case match == 0 || err != nil:
		return ErrForged
	case now.Unix() > expires:
		return ErrExpired
	}
	return nil
}

// Sign adds Sign and T to a callback's body, a JSON object that has neither, as VOD does
// when a SignKey is set. VOD's own signatures expire after 10 minutes. It is for
// tests of a receiver.
func Sign(body []byte, key string, expires time.Time) []byte {
	open := bytes.IndexByte(body, '{')
	if open < 0 {
		return body
	}
	t := strconv.FormatInt(expires.Unix(), 10)
	signed := append([]byte(nil), body[:open+1]...)
	signed = append(signed, `"Sign":"`+signature(key, t)+`","T":`+t...)
	rest := body[open+1:]
	if trimmed := bytes.TrimLeft(rest, " \t\r\n"); len(trimmed) > 0 && trimmed[0] != '}' {
		signed = append(signed, ',')
	}
	return append(signed, rest...)
}

// signature is MD5(key + T) in hex, as ModifyEventConfig defines it.
func signature(key, t string) string {
	sum := md5.Sum([]byte(key + t))
	return hex.EncodeToString(sum[:])
}
