// Package credentials finds the keys that sign calls of Tencent Cloud's APIs.
//
// Keys may change between two invocations of a function, so find them at each one.
package credentials

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
)

// Credentials sign the calls. Their secret parts are masked however they are
// printed or logged.
type Credentials struct {
	SecretId  string
	SecretKey string
	Token     string // only with temporary keys

	// Source says where the keys were found. Messages quote it.
	Source string
}

// Find looks for keys, in this order:
//
//   - VOD_SECRET_ID and VOD_SECRET_KEY, and VOD_TOKEN if they are temporary;
//   - TENCENTCLOUD_SECRETID, TENCENTCLOUD_SECRETKEY and
//     TENCENTCLOUD_SESSIONTOKEN, which SCF sets when the function has an
//     execution role (583/32748). They are temporary, so look for them at each
//     invocation. No provider of the SDK knows these names;
//   - off SCF only, the SDK's own TENCENTCLOUD_SECRET_ID and
//     TENCENTCLOUD_SECRET_KEY (two underscores), then its profile file, which
//     is TENCENTCLOUD_CREDENTIALS_FILE or ~/.tencentcloud/credentials. The file
//     is found through the process environment, not through getenv.
//
// Half a pair is an error, not a reason to look further. The SDK's last resort,
// the role of a CVM, is not used: outside a CVM it waits for a metadata server
// without a timeout.
func Find(getenv func(string) string, onSCF bool) (Credentials, error) {
	sets := [][3]string{
		{"VOD_SECRET_ID", "VOD_SECRET_KEY", "VOD_TOKEN"},
		{"TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN"},
	}
	if !onSCF {
		sets = append(sets, [3]string{"TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"})
	}
	for _, names := range sets {
		c := Credentials{Source: names[0] + " and " + names[1]}
		for i, part := range []*string{&c.SecretId, &c.SecretKey, &c.Token} {
			if names[i] != "" {
				*part = strings.TrimSpace(getenv(names[i])) // a pasted newline would not pass as a header
			}
		}
		switch {
		case c.SecretId != "" && c.SecretKey != "":
			return c, nil
		case c.SecretId != "":
			return Credentials{}, fmt.Errorf("%s is set, but %s is not: set both or neither", names[0], names[1])
		case c.SecretKey != "":
			return Credentials{}, fmt.Errorf("%s is set, but %s is not: set both or neither", names[1], names[0])
		case c.Token != "":
			return Credentials{}, fmt.Errorf("%s is set, but neither %s nor %s is: a token works only with its keys", names[2], names[0], names[1])
		}
	}
	if onSCF {
		return Credentials{}, errors.New("no keys: give the function an execution role (role in serverless.yml), or set VOD_SECRET_ID and VOD_SECRET_KEY")
	}
	// Through a chain, the SDK tells a missing file from an unreadable one.
	found, err := common.NewProviderChain([]common.Provider{common.DefaultProfileProvider()}).GetCredential()
	if err != nil {
		return Credentials{}, fmt.Errorf("no keys: set VOD_SECRET_ID and VOD_SECRET_KEY, and VOD_TOKEN if they are temporary; "+
			"a profile file ~/.tencentcloud/credentials would do as well, but: %w", err)
	}
	id, key, token := found.GetCredential()
	return Credentials{SecretId: id, SecretKey: key, Token: token, Source: "the profile file"}, nil
}

// String shows which keys these are: both ends of the SecretId, and whether the
// others are set.
func (c Credentials) String() string {
	id := "none"
	if r := []rune(c.SecretId); len(r) >= 16 {
		id = string(r[:4]) + "…" + string(r[len(r)-4:])
	} else if len(r) > 0 {
		id = "masked"
	}
	there := func(s string) string {
		if s == "" {
			return "none"
		}
		return "masked"
	}
	source := c.Source
	if source == "" {
		source = "the caller"
	}
	return fmt.Sprintf("SecretId %s, SecretKey %s, Token %s, from %s", id, there(c.SecretKey), there(c.Token), source)
}

// Format is String for every verb; without it %#v and %d would show the fields.
func (c Credentials) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }

// MarshalText is String, for JSON.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// LogValue is String, for slog.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }
