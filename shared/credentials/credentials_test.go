package credentials

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFind(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(file, []byte("[default]\nsecret_id = fileid\nsecret_key = filekey\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	own := map[string]string{"VOD_SECRET_ID": "id", "VOD_SECRET_KEY": "key"}
	scf := map[string]string{"TENCENTCLOUD_SECRETID": "sid", "TENCENTCLOUD_SECRETKEY": "skey", "TENCENTCLOUD_SESSIONTOKEN": "stoken"}
	sdk := map[string]string{"TENCENTCLOUD_SECRET_ID": "cid", "TENCENTCLOUD_SECRET_KEY": "ckey"}
	for _, c := range []struct {
		name  string
		env   []map[string]string
		file  string
		onSCF bool
		want  Credentials
		err   string
	}{
		{name: "own first", env: []map[string]string{own, scf, sdk}, file: file,
			want: Credentials{"id", "key", "", "VOD_SECRET_ID and VOD_SECRET_KEY"}},
		{name: "own first on SCF", env: []map[string]string{own, scf}, onSCF: true,
			want: Credentials{"id", "key", "", "VOD_SECRET_ID and VOD_SECRET_KEY"}},
		{name: "own with token, pasted with white space", env: []map[string]string{{"VOD_SECRET_ID": " id", "VOD_SECRET_KEY": "key\n", "VOD_TOKEN": "token\r\n"}},
			want: Credentials{"id", "key", "token", "VOD_SECRET_ID and VOD_SECRET_KEY"}},
		{name: "execution role", env: []map[string]string{scf, sdk}, onSCF: true,
			want: Credentials{"sid", "skey", "stoken", "TENCENTCLOUD_SECRETID and TENCENTCLOUD_SECRETKEY"}},
		{name: "the SDK's variables", env: []map[string]string{sdk}, file: file,
			want: Credentials{"cid", "ckey", "", "TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY"}},
		{name: "profile file", file: file, want: Credentials{"fileid", "filekey", "", "the profile file"}},
		{name: "nothing", err: "no keys: set VOD_SECRET_ID and VOD_SECRET_KEY"},
		{name: "no such file", file: file + "-not", err: "credentials-not: no such file"},
		{name: "on SCF only its own", env: []map[string]string{sdk}, file: file, onSCF: true, err: "execution role"},
		{name: "no key", env: []map[string]string{{"VOD_SECRET_ID": "s3cret"}, scf}, err: "VOD_SECRET_ID is set, but VOD_SECRET_KEY is not"},
		{name: "no id", env: []map[string]string{{"VOD_SECRET_KEY": "s3cret"}, scf}, err: "VOD_SECRET_KEY is set, but VOD_SECRET_ID is not"},
		{name: "only a token", env: []map[string]string{{"VOD_TOKEN": "s3cret"}}, err: "VOD_TOKEN is set, but neither"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("HOME", t.TempDir())
			if c.file != "" {
				t.Setenv("TENCENTCLOUD_CREDENTIALS_FILE", c.file)
			}
			getenv := func(name string) string {
				for _, env := range c.env {
					if v := env[name]; v != "" {
						return v
					}
				}
				return ""
			}
			got, err := Find(getenv, c.onSCF)
			if got != c.want || (err == nil) != (c.err == "") {
				t.Errorf("got %q, %v", []string{got.SecretId, got.SecretKey, got.Token, got.Source}, err)
			}
			if err != nil && (!strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "s3cret")) {
				t.Errorf("%v, want %s", err, c.err)
			}
		})
	}
}

// Whoever prints or logs keys sees which they are, and nothing that is secret.
func TestMasked(t *testing.T) {
	t.Parallel()
	c := Credentials{SecretId: "AKIDexample0123456789", SecretKey: "s3cret-key", Token: "s3cret-token", Source: "here"}
	type options struct{ Credentials Credentials }
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		fmt.Fprintf(&out, verb+verb+verb+"\n", c, &c, options{c})
	}
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("m", "keys", c, "pointer", &c, "options", options{c})
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "keys", c, "options", options{c})
	json.NewEncoder(&out).Encode(c)
	for _, secret := range []string{"s3cret", c.SecretId, fmt.Sprintf("%x", "s3cret")} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q in %s", secret, out.String())
		}
	}
	for c, want := range map[Credentials]string{
		c:                                   "SecretId AKID…6789, SecretKey masked, Token masked, from here",
		{SecretId: "short", SecretKey: "k"}: "SecretId masked, SecretKey masked, Token none, from the caller",
		{}:                                  "SecretId none, SecretKey none, Token none, from the caller",
	} {
		if c.String() != want {
			t.Errorf("%s, want %s", c, want)
		}
	}
}

// Of a SecretId that is none, no character is cut in two.
func TestMaskedCutsNoCharacter(t *testing.T) {
	got := Credentials{SecretId: "abc" + strings.Repeat("钥", 20) + "xyz"}.String()
	if !strings.Contains(got, "abc钥…钥xyz") || !utf8.ValidString(got) {
		t.Errorf("%q", got)
	}
}
