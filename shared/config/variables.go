package config

import (
	"fmt"
	"strings"

	"vodevents/shared/internal/endpoint"
	"vodevents/shared/internal/safeurl"
)

// Functions is a set of the two functions.
type Functions uint

// The functions that read an environment.
const (
	Callback Functions = 1 << iota
	Pull

	Both = Callback | Pull
)

func (f Functions) String() string {
	switch f {
	case Callback:
		return "callback"
	case Pull:
		return "pull"
	}
	return "both"
}

// Secrecy says what of a variable's value may be shown.
type Secrecy int

const (
	Open   Secrecy = iota // all of it
	URLs                  // scheme and host of each URL: the rest may hold passwords
	Secret                // that it is set
)

// Place says where a variable means something.
type Place int

const (
	Anywhere Place = iota // SCF and every other machine
	Host                  // an ordinary host; on SCF it would stop the function
	Local                 // dev, tests and benchmarks, which set it themselves
)

// Variable describes one variable of the environment.
type Variable struct {
	Name    string
	Used    Functions
	Default string // what an unset one means; empty: nothing
	Meaning string // at most 12 words, in Markdown
	Secrecy Secrecy
	Place   Place

	Asks bool // callback uses it too, with CALLBACK_VERIFY=ask

	read func(*reader, *Config) // nil: another package reads it
}

// Variables are all variables, in the order in which they are documented.
var Variables = []Variable{
	{Name: "VOD_SUB_APP_IDS", Used: Both,
		Meaning: "application IDs, by commas; accounts opened since 2023-12-25 need it",
		read:    func(r *reader, c *Config) { c.SubAppIds = r.subAppIds() }},
	{Name: "VOD_ENDPOINT", Used: Pull, Asks: true, Default: endpoint.Default, Secrecy: URLs,
		Meaning: "the VOD API; `http://127.0.0.1:8081` is the stand-in",
		read:    func(r *reader, c *Config) { c.Endpoint = r.endpoint() }},
	{Name: "VOD_REGION", Used: Pull, Asks: true,
		Meaning: "only if an account needs one",
		read:    func(r *reader, c *Config) { c.Region = r.region() }},
	{Name: "VOD_SECRET_ID", Used: Pull, Asks: true, Secrecy: Secret,
		Meaning: "static key; else the role's; off SCF else the SDK's"},
	{Name: "VOD_SECRET_KEY", Used: Pull, Asks: true, Secrecy: Secret,
		Meaning: "the secret of that key"},
	{Name: "VOD_TOKEN", Used: Pull, Asks: true, Secrecy: Secret,
		Meaning: "its token, if it is a temporary key"},
	{Name: "CALLBACK_SIGN_KEY", Used: Callback, Secrecy: Secret,
		Meaning: "VOD's SignKey; several by commas while it changes; unset: no check",
		read:    func(r *reader, c *Config) { c.SignKeys = r.signKeys() }},
	{Name: "CALLBACK_VERIFY", Used: Callback, Default: "off",
		Meaning: "`ask`: ask VOD, with the keys above, whether a callback is true",
		read:    func(r *reader, c *Config) { c.Ask = r.ask() }},
	{Name: "SINK", Used: Both, Default: "stdout:", Secrecy: URLs,
		Meaning: "URLs by spaces; `types=A,B` in one: only these kinds go there",
		read:    func(r *reader, c *Config) { c.Sinks = r.sinks() }},
	{Name: "DEAD_LETTER", Used: Both, Secrecy: URLs,
		Meaning: "a URL like SINK's, for events that can never be delivered",
		read:    func(r *reader, c *Config) { c.DeadLetter = r.deadLetter() }},
	{Name: "DEDUP", Used: Both, Default: "memory:", Secrecy: URLs,
		Meaning: "the store that tells repeated events: `memory:`, `postgres://…`, `mysql://…` or `off`",
		read:    func(r *reader, c *Config) { c.Dedup = r.dedup() }},
	{Name: "PULL_UNTIL", Used: Pull, Default: "empty",
		Meaning: "`empty`: stop at an empty queue; `deadline`: poll until time is up",
		read:    func(r *reader, c *Config) { c.PullUntil = r.pullUntil() }},
	{Name: "PULL_RATE", Used: Pull, Default: "100", // VOD's limit for PullEvents (266/33433)
		Meaning: "most PullEvents calls a second, and ConfirmEvents likewise; 0 pauses",
		read:    func(r *reader, c *Config) { c.PullRate = r.rate() }},
	{Name: "PULL_CONCURRENCY", Used: Pull, Default: "16",
		Meaning: "most pulls in flight",
		read:    func(r *reader, c *Config) { c.PullConcurrency = r.count() }},
	{Name: "MAX_ATTEMPTS", Used: Pull, Default: "5",
		Meaning: "failures of an event, by its own fault, before it is parked",
		read:    func(r *reader, c *Config) { c.MaxAttempts = r.count() }},
	{Name: "SCHEMA_BASE", Used: Both, Secrecy: URLs,
		Meaning: "your URL of the JSON Schemas, for the attribute `dataschema`",
		read:    func(r *reader, c *Config) { c.SchemaBase = r.schemaBase() }},
	{Name: "ALERT_SILENCE", Used: Both,
		Meaning: "no event for so long, such as `6h`, is an error logged",
		read:    func(r *reader, c *Config) { c.AlertSilence = r.silence() }},
	{Name: "LISTEN_ADDR", Used: Callback, Default: ":8080", Place: Host,
		Meaning: "address of the HTTP server on an ordinary host",
		read:    func(r *reader, c *Config) { r.listenAddr() }},
	{Name: "PULL_LISTEN_ADDR", Used: Pull, Place: Host,
		Meaning: "address on which the loop serves `/metrics`, `/readyz` and `/healthz`",
		read:    func(r *reader, c *Config) { c.PullListenAddr = r.listenAddr() }},
	{Name: "LOG_LEVEL", Used: Both, Default: "info",
		Meaning: "`debug`, `info`, `warn` or `error`",
		read:    func(r *reader, c *Config) { c.LogLevel = r.logLevel() }},
	{Name: "VOD_RPC_SOCKET", Used: Both, Place: Local,
		Meaning: "unix socket on which a starter of this machine calls the function"},
}

// substituted are more variables that the VOD client reads. When a deployment
// did not substitute one, VOD only says that the signature is wrong.
var substituted = []string{
	"TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN",
	"TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY",
}

// Show is what may be shown of the variable's value.
func (v Variable) Show(value string) string {
	switch {
	case value == "":
		return ""
	case v.Secrecy == Secret:
		return "(set)"
	case v.Secrecy == URLs:
		urls := strings.Fields(value)
		for i, u := range urls {
			if len(urls) > 1 && !isEntry(u) {
				return "(not a list of URLs)"
			}
			urls[i] = showURL(u)
		}
		return strings.Join(urls, " ")
	}
	return value
}

// isEntry tells whether a word may be a URL of a list, rather than a part of a password
// with a space in it.
func isEntry(word string) bool {
	scheme, rest, ok := strings.Cut(word, ":")
	return ok && (strings.HasPrefix(rest, "//") && !strings.Contains(scheme, "@") || !strings.Contains(word, "@"))
}

// showURL is what may be shown of a URL: scheme and host. A word without a
// colon, such as off or a host alone, is shown as it is.
func showURL(raw string) string {
	if !strings.ContainsAny(raw, ":/@?#") {
		return raw
	}
	return safeurl.Show(raw)
}

// Markdown is the table of the variables that users set.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| variable | used by | default | meaning |\n|---|---|---|---|\n")
	for _, v := range Variables {
		if v.Place == Local {
			continue
		}
		byDefault := "none"
		if v.Default != "" {
			byDefault = "`" + v.Default + "`"
		}
		users := v.Used.String()
		if v.Asks {
			users = "pull, `ask`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", v.Name, users, byDefault, v.Meaning)
	}
	return b.String()
}
