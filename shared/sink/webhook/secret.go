package webhook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

const (
	// secretPrefix begins a secret as Standard Webhooks writes it.
	secretPrefix = "whsec_"

	// leastKey is the shortest key that Standard Webhooks allows, in bytes.
	leastKey = 24
)

// makeOne is what to do about a secret that is none.
const makeOne = `make one by: echo "whsec_$(openssl rand -base64 32)"`

// secret is one value of our parameter secret.
type secret struct {
	text string // as it stands in the URL, decoded
	key  []byte // of the HMAC
}

// parseSecret finds the key in a secret: whsec_ and base64, as Standard Webhooks
// writes it; base64 alone, which the reference libraries decode as well; or any
// other text, whose bytes are the key (new Webhook(secret, {format: "raw"}) and
// its kin). A key has at least 24 bytes.
func parseSecret(text string) (secret, error) {
	encoded, prefixed := strings.CutPrefix(text, secretPrefix)
	s := secret{text: text, key: []byte(text)}
	what := "the secret"
	switch {
	case text == "":
		return secret{}, errors.New("the secret is empty; leave the parameter out to send unsigned")
	case !prefixed && strings.Contains(text, secretPrefix), strings.HasPrefix(text, "v1,"):
		return secret{}, errors.New("the secret must begin with whsec_; take off what stands in front of it, such as v1,")
	case strings.HasPrefix(text, "whsk_"), strings.HasPrefix(text, "whpk_"), strings.HasPrefix(text, "v1a,"):
		return secret{}, errors.New("the secret is half of a pair of asymmetric keys, which this sink has not; " + makeOne)
	case prefixed:
		key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
		if err != nil || len(key) == 0 {
			return secret{}, errors.New("what follows whsec_ in the secret is not base64; " + makeOne)
		}
		s.key, what = key, "the secret, decoded from base64,"
	default:
		if key, err := base64.StdEncoding.DecodeString(text); err == nil {
			s.key, what = key, "the secret, decoded from base64,"
		}
	}
	if len(s.key) < leastKey {
		return secret{}, fmt.Errorf("%s has %d bytes, fewer than the %d that Standard Webhooks asks for; %s", what, len(s.key), leastKey, makeOne)
	}
	return s, nil
}

// takeSecrets splits a raw query into the server's own part, as it was, and
// what our parameter secret says.
func takeSecrets(query string) (rest string, secrets []secret, err error) {
	var kept []string
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(name); err != nil || name != "secret" {
			kept = append(kept, pair)
			continue
		}
		// A + is no blank here: base64 has the one and not the other.
		if value, err = url.PathUnescape(value); err != nil {
			return "", nil, errors.New("the secret is badly percent-encoded; write % as %25")
		}
		s, err := parseSecret(value)
		if err != nil {
			return "", nil, err
		}
		secrets = append(secrets, s)
	}
	return strings.Join(kept, "&"), secrets, nil
}
