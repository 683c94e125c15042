package sink

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"vodevents/shared/deliver"
	"vodevents/shared/sink/kafka"
	"vodevents/shared/sink/lines"
	"vodevents/shared/sink/postgres"
	"vodevents/shared/sink/webhook"
)

type scheme[T any] struct {
	name string
	open func(rawURL string) (T, error)
}

var sinks = []scheme[deliver.Sink]{
	{"stdout", openStdout},
	{"file", parsed[deliver.Sink](lines.Open)},
	{"http", parsed[deliver.Sink](webhook.Open)},
	{"https", parsed[deliver.Sink](webhook.Open)},
	{"kafka", unparsed[deliver.Sink](kafka.Open)},
	{"postgres", parsed[deliver.Sink](postgres.Open)},
	{"postgresql", parsed[deliver.Sink](postgres.Open)},
}

var stores = []scheme[deliver.Store]{
	{"memory", openMemory},
	{"postgres", parsed[deliver.Store](postgres.OpenStore)},
	{"postgresql", parsed[deliver.Store](postgres.OpenStore)},
}

// Open returns the sink of a URL. It checks the URL and connects to nobody. An
// error says what is wrong with the URL and names its scheme and host at most.
func Open(rawURL string) (deliver.Sink, error) { return open(sinks, rawURL) }

// OpenStore returns the dedup store of memory:, postgres://… or off, like
// [Open].
func OpenStore(rawURL string) (deliver.Store, error) {
	if rawURL == "off" {
		return new(deliver.Off), nil
	}
	return open(stores, rawURL)
}

func open[T any](table []scheme[T], rawURL string) (t T, err error) {
	name, _, ok := strings.Cut(rawURL, ":")
	if !ok || strings.ContainsAny(name, "@/?#") {
		return t, fmt.Errorf("not a URL; begin with %s", schemeList(table))
	}
	for _, s := range table {
		if strings.EqualFold(name, s.name) {
			return s.open(rawURL)
		}
	}
	return t, fmt.Errorf("unknown scheme %.20q; there are %s", name+":", schemeList(table))
}

func schemeList[T any](table []scheme[T]) string {
	names := make([]string, len(table))
	for i, s := range table {
		names[i] = s.name + ":"
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// unparsed makes of a package's open the table's.
func unparsed[I any, T any](open func(string) (T, error)) func(string) (I, error) {
	return func(rawURL string) (i I, err error) {
		t, err := open(rawURL)
		if err != nil {
			return i, err // not a nil *Sink in an interface that is not nil
		}
		return any(t).(I), nil
	}
}

// parsed does so for one that takes a parsed URL.
func parsed[I any, T any](open func(*url.URL) (T, error)) func(string) (I, error) {
	return unparsed[I](func(rawURL string) (t T, err error) {
		u, err := url.Parse(rawURL)
		if err != nil {
			// net/url quotes what it dislikes, a password perhaps.
			name, _, _ := strings.Cut(rawURL, ":")
			return t, fmt.Errorf("%s: not a URL; in user and password write # as %%23, / as %%2F, ? as %%3F, @ as %%40, : as %%3A and %% as %%25", name)
		}
		return open(u)
	})
}

func openStdout(rawURL string) (deliver.Sink, error) {
	if len(rawURL) > len("stdout:") {
		return nil, errors.New("stdout: nothing may follow the colon")
	}
	return lines.New(os.Stdout), nil
}

func openMemory(rawURL string) (deliver.Store, error) {
	if len(rawURL) > len("memory:") {
		return nil, errors.New("memory: nothing may follow the colon")
	}
	return deliver.NewMemory(), nil
}
