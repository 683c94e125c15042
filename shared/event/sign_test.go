package event

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestVerify(t *testing.T) {
	const (
		t0   = "1790000000"
		sign = "83ee8d3320189b1c5ac04bdde2995116" // md5sum of key1790000000
	)
	before, after := time.Unix(1790000000, 0), time.Unix(1790000001, 0)
	tests := map[string]struct {
		keys    []string
		sign, t string
		now     time.Time
		want    error
	}{
		"good until T":     {[]string{"key"}, sign, t0, before, nil},
		"upper case":       {[]string{"key"}, strings.ToUpper(sign), t0, before, nil},
		"second key":       {[]string{"new", "key"}, sign, t0, before, nil},
		"expired":          {[]string{"key"}, sign, t0, after, ErrExpired},
		"other key":        {[]string{"nokey"}, sign, t0, before, ErrForged},
		"other T":          {[]string{"key"}, sign, "1790000001", before, ErrForged},
		"T of no digits":   {[]string{"key"}, signature("key", "1.79e9"), "1.79e9", before, ErrForged},
		"no Sign":          {[]string{"key"}, "", t0, before, ErrUnsigned},
		"no T":             {[]string{"key"}, sign, "", before, ErrUnsigned},
		"expired, forged":  {[]string{"x"}, sign, t0, after, ErrForged},
		"no keys at all":   {nil, sign, t0, before, ErrForged},
		"Sign is a prefix": {[]string{"key"}, sign[:10], t0, before, ErrForged},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := Verify(tt.keys, tt.sign, tt.t, tt.now); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestSign(t *testing.T) {
	expires := time.Unix(1790000000, 0)
	for _, body := range []string{`{"EventType":"X","P":{}}`, " {\n\"EventType\":\"X\"}", `{ }`, `{}`} {
		e, err := Parse(Sign([]byte(body), "key", expires), Origin{Received: received})
		if strings.Contains(body, "X") && err != nil {
			t.Errorf("%s: %v", body, err)
		}
		if err := Verify([]string{"key"}, e.Sign, e.T, expires); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
	if got := string(Sign([]byte("no object"), "key", expires)); got != "no object" {
		t.Errorf("got %q", got)
	}
}
