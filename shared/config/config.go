package config

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// DedupOff is the value of [Config.Dedup] without a store.
const DedupOff = "off"

// Config is the checked environment. What a function does not use is zero.
type Config struct {
	// SubAppIds are the applications that pull drains; VOD_SUB_APP_IDS.
	// Accounts that activated VOD from 2023-12-25 on need at least one
	// (266/33433). None: the account's default application.
	SubAppIds []uint64

	// Endpoint is the VOD API, always with its scheme and without a path;
	// VOD_ENDPOINT.
	Endpoint string

	// Region is sent as X-TC-Region, unless it is empty; VOD_REGION.
	Region string

	// SignKeys are the keys any one of which may have signed a callback;
	// CALLBACK_SIGN_KEY. Letters and digits, at most 32 (ModifyEventConfig's
	// SignKey). None: callbacks are not checked. Secret.
	SignKeys []string

	// Ask tells that a callback is delivered only after VOD was asked whether it
	// is true; CALLBACK_VERIFY.
	Ask bool

	// Sinks are the URLs of the places that must all have an event; SINK. A
	// URL may hold secrets.
	Sinks []string

	// DeadLetter is the URL for events that can never be delivered;
	// DEAD_LETTER. Empty: they go whole into the log. May hold secrets.
	DeadLetter string

	// Dedup is the URL of the store that tells repeated events, or [DedupOff];
	// DEDUP. May hold secrets.
	Dedup string

	// PullUntil says when an invocation of pull stops: "empty" at the first poll
	// that finds the queue empty, "deadline" when its time is nearly over;
	// PULL_UNTIL.
	PullUntil string

	// PullRate is the most PullEvents calls a second, and ConfirmEvents calls
	// likewise; 0 pauses; PULL_RATE.
	PullRate float64

	// PullConcurrency is the most pulls in flight, at least 1;
	// PULL_CONCURRENCY.
	PullConcurrency int

	// MaxAttempts is how often an event may fail by its own fault before it is
	// parked, at least 1; MAX_ATTEMPTS.
	MaxAttempts int

	// SchemaBase is the URL under which the JSON Schemas of the events lie,
	// without a slash at the end; SCHEMA_BASE. Empty: events name no schema.
	SchemaBase string

	// AlertSilence is how long no event may come before that is an error in the
	// log; 0: for ever; ALERT_SILENCE.
	AlertSilence time.Duration

	// PullListenAddr is where the loop serves /metrics, /readyz and /healthz; empty:
	// nowhere; PULL_LISTEN_ADDR.
	PullListenAddr string

	// LogLevel is the least level that is logged; LOG_LEVEL.
	LogLevel slog.Level
}

// Error is a variable whose value cannot be used.
type Error struct {
	Variable string
	text     string
}

func (e *Error) Error() string { return e.Variable + ": " + e.text }

// Read reads and checks the variables that the functions use through getenv,
// which is [os.Getenv] but in tests. The error joins one [*Error] for each
// variable that is wrong, in the order of [Variables], and holds nothing
// secret. Beside an error the fields of all other variables are good, and
// [Bad] tells which are not.
func Read(getenv func(string) string, functions Functions) (Config, error) {
	var c Config
	r := reader{getenv: getenv}
	asks := functions&Callback != 0 && strings.TrimSpace(getenv("CALLBACK_VERIFY")) == ask
	for _, v := range Variables {
		if v.Used&functions == 0 && !(v.Asks && asks) {
			continue
		}
		r.variable = v
		if v.read != nil {
			v.read(&r, &c)
		} else {
			r.get()
		}
	}
	if functions&Pull != 0 || asks {
		for _, name := range substituted {
			r.variable = Variable{Name: name}
			r.get()
		}
	}
	return c, errors.Join(r.errs...)
}

// Bad tells whether an error of [Read] is about the variable of this name.
func Bad(err error, name string) bool {
	if e, ok := err.(*Error); ok {
		return e.Variable == name
	}
	switch err := err.(type) {
	case interface{ Unwrap() error }:
		return Bad(err.Unwrap(), name)
	case interface{ Unwrap() []error }:
		for _, e := range err.Unwrap() {
			if Bad(e, name) {
				return true
			}
		}
	}
	return false
}

// reader reads one variable after the other and gathers the errors.
type reader struct {
	getenv   func(string) string
	variable Variable // that is read now
	errs     []error
}

// fail notes that the variable cannot be used.
func (r *reader) fail(format string, args ...any) {
	r.errs = append(r.errs, &Error{r.variable.Name, fmt.Sprintf(format, args...)})
}

// get returns the variable without the white space around it, or its default
// when it is unset or was never substituted.
func (r *reader) get() string {
	v := strings.TrimSpace(r.getenv(r.variable.Name))
	switch {
	case v == "undefined":
		r.fail(`the value is "undefined": the deployment had no value for it; set it, or remove the variable`)
	case strings.Contains(v, "${env:"):
		r.fail(`the value holds "${env:": the deployment did not substitute it; set that variable where you deploy, or remove this one`)
	case v != "":
		return v
	}
	return r.variable.Default
}
