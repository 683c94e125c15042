package main

import (
	"strings"
	"testing"

	"vodevents/shared/config"
)

func TestMask(t *testing.T) {
	t.Parallel()
	env := map[string]string{"TENCENT_SECRET_KEY": "k3y&k3y", "SINK": "https://h.example.com/p4th?secret=whsec_q1q1q1 postgres://u:pw%23pw#x@db/v", "CALLBACK_SIGN_KEY": "f1rstf1rst,s3conds3cond"}
	m := newMask(func(name string) string { return env[name] })
	text := m.Replace(`k3y&k3y k3y\u0026k3y whsec_q1q1q1 f1rstf1rst s3conds3cond https://h.example.com/p4th?secret=whsec_q1q1q1`)
	for _, secret := range []string{"k3y", "q1q1", "f1rst", "s3cond", "p4th"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is in %s", secret, text)
		}
	}
}

// maskOf returns the mask of an environment.
func maskOf(env map[string]string) *mask {
	return newMask(func(name string) string { return env[name] })
}

// No part of a secret is left where it overlaps or follows another one.
func TestSecretsThatArePartsOfOthers(t *testing.T) {
	t.Parallel()
	m := maskOf(map[string]string{"CALLBACK_SIGN_KEY": "abcdef,cdefghij,abcdefgh1234"})
	for text, want := range map[string]string{
		"<abcdef>":         "<(masked)>",
		"<abcdefghij>":     "<(masked)>",
		"<abcdefgh1234>":   "<(masked)>",
		"<cdefghijabcdef>": "<(masked)>",
		"<cdef>":           "<cdef>",
	} {
		if got := m.Replace(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// vodctl's output comes in pieces, and a secret may be split between two.
func TestSecretsInPieces(t *testing.T) {
	t.Parallel()
	m := maskOf(map[string]string{"CALLBACK_SIGN_KEY": "abcdef,cdefghij"})
	const text, want = "a question? <abcdefghij> <abcdef> abc", "a question? <(masked)> <(masked)> abc"
	for size := 1; size <= len(text); size++ {
		var out strings.Builder
		w := &maskedWriter{w: &out, m: m}
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			w.Write([]byte(rest[:n])) // to a strings.Builder
			rest = rest[n:]
		}
		w.flush()
		if out.String() != want {
			t.Errorf("in pieces of %d bytes: %q, want %q", size, out.String(), want)
		}
	}
	var out strings.Builder
	w := &maskedWriter{w: &out, m: m}
	w.Write([]byte("Set it? [y/N] "))
	if out.String() != "Set it? [y/N] " {
		t.Errorf("a question is held back: %q", out.String())
	}
}

// A secret is found in a URL however it is written. What is not secret stays.
func TestSecretsOfURLs(t *testing.T) {
	t.Parallel()
	m := maskOf(map[string]string{
		"SINK":        "cos://AKIDfortests:s3cr3ts3cr3t@archive-1250000000/vod?region=ap-guangzhou&types=NewFileUpload https://hooks.example.com/services/T0p4th/p4th",
		"DEAD_LETTER": "mysql://u:pw%23pw%40pw@db.example.com/vod?table=vod_parked",
		"DEDUP":       "postgres://u:100%zz4200@db.example.com/vod",
	})
	shown := "region ap-guangzhou, NewFileUpload, vod_parked"
	if got := m.Replace(shown); got != shown {
		t.Errorf("open values are masked: %s", got)
	}
	for _, text := range []string{"AKIDfortests", "s3cr3ts3cr3t", "/services/T0p4th/p4th", "pw#pw@pw", "pw%23pw%40pw", "100%zz4200"} {
		if got := m.Replace(text); got != "(masked)" {
			t.Errorf("%s is shown as %s", text, got)
		}
	}
}

// What the run must show is not masked, even if a secret contains it.
func TestTheFunctionURLIsShown(t *testing.T) {
	t.Parallel()
	m := maskOf(map[string]string{"SINK": "https://hooks.example.com/callback"})
	m.variable("HOME_REGION", "ap-guangzhou")
	m.show("ap-guangzhou", "/callback")
	m.variable("OTHER_REGION", "ap-guangzhou")
	const url = "https://1250000000-abcdefghij.ap-guangzhou.tencentscf.com/callback"
	if got := m.Replace(url); got != url {
		t.Errorf("it is shown as %s", got)
	}
}

// A secret with a line break is masked before the line break is made harmless.
func TestSecretWithControlCharacters(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	terminal := terminal{out: &out, mask: new(mask)}
	terminal.mask.variable("TEAM_KEY", "f1rst\ns3cond")
	terminal.say("it is %s, as %q", "f1rst\ns3cond", "f1rst\ns3cond")
	if strings.Contains(out.String(), "s3cond") || secrecy("TEAM_KEY") != config.Secret {
		t.Errorf("a secret is in %q", out.String())
	}
}
