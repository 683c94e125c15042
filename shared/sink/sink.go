package sink

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/internal/output"
	"vodevents/shared/internal/safeurl"
	"vodevents/shared/sink/cos"
	"vodevents/shared/sink/kafka"
	"vodevents/shared/sink/lines"
	"vodevents/shared/sink/mysql"
	"vodevents/shared/sink/postgres"
	"vodevents/shared/sink/stored"
	"vodevents/shared/sink/webhook"
)

type scheme[T any] struct {
	name string
	open func(rawURL string) (T, error)
}

// pools are the connections that sinks and stores in databases share.
type pools struct {
	postgres postgres.Pools
	mysql    mysql.Pools
}

// sinks is the table of the sinks.
func sinks(p *pools) []scheme[deliver.Sink] {
	return []scheme[deliver.Sink]{
		{"stdout", openStdout},
		{"file", fromURL[deliver.Sink](lines.Open)},
		{"http", fromURL[deliver.Sink](webhook.Open)},
		{"https", fromURL[deliver.Sink](webhook.Open)},
		{"kafka", fromString[deliver.Sink](kafka.Open)},
		{"postgres", fromURL[deliver.Sink](p.postgres.Open)},
		{"postgresql", fromURL[deliver.Sink](p.postgres.Open)},
		{"mysql", fromURL[deliver.Sink](p.mysql.Open)},
		{"cos", fromURL[deliver.Sink](cos.Open)},
	}
}

// stores is the table of the dedup stores.
func stores(p *pools) []scheme[deliver.Store] {
	return []scheme[deliver.Store]{
		{"memory", openMemory},
		{"postgres", fromURL[deliver.Store](p.postgres.OpenStore)},
		{"postgresql", fromURL[deliver.Store](p.postgres.OpenStore)},
		{"mysql", fromURL[deliver.Store](p.mysql.OpenStore)},
	}
}

// Table is the table of events of a database, or the objects of a bucket, for who
// reads them back. It makes none where there is none, and only Prune changes it.
// See [postgres.Table] and [cos.Table].
type Table interface {
	fmt.Stringer // server and table, and nothing that is secret
	Summary(context.Context, stored.Filter) (stored.Summary, error)
	Page(ctx context.Context, f stored.Filter, most int) ([]stored.Row, error)
	Prune(ctx context.Context, before time.Time, most int) (int, error)
	Close()
}

// tables is the table of the sinks that can be read back.
var tables = []scheme[Table]{
	{"postgres", fromURL[Table](postgres.OpenTable)},
	{"postgresql", fromURL[Table](postgres.OpenTable)},
	{"mysql", fromURL[Table](mysql.OpenTable)},
	{"cos", fromURL[Table](cos.OpenTable)},
}

// OpenTable returns the table that the sink of a URL writes, like [Open].
//
// It may be an entry of SINK: types= says what is written there and is passed over.
func OpenTable(rawURL string) (Table, error) {
	rawURL, _, err := takeTypes(rawURL)
	if err != nil {
		return nil, err
	}
	return open(tables, rawURL)
}

// DeadLetters is a table in which events may be parked, for who settles them. See
// [postgres.Table].
type DeadLetters interface {
	Table

	// Unpark and Discard return the ids of the rows that were parked.
	Unpark(ctx context.Context, ids []string) ([]string, error)
	Discard(ctx context.Context, ids []string) ([]string, error)
}

// OpenDeadLetters returns the table of a database's sink, like [OpenTable].
func OpenDeadLetters(rawURL string) (DeadLetters, error) {
	rawURL, _, err := takeTypes(rawURL)
	if err != nil {
		return nil, err
	}
	return open([]scheme[DeadLetters]{
		{"postgres", fromURL[DeadLetters](postgres.OpenTable)},
		{"postgresql", fromURL[DeadLetters](postgres.OpenTable)},
		{"mysql", fromURL[DeadLetters](mysql.OpenTable)},
	}, rawURL)
}

// MediaTable has the tables of media=, to read them or fold events again. See
// [postgres.MediaTable].
type MediaTable interface {
	Table
	Media(ctx context.Context, f stored.MediaFilter, most int) ([]stored.Media, error)
	EventsOf(ctx context.Context, key stored.MediaKey) ([]string, error)

	// A rebuild calls Prepare, then Index until it finds no more events, then Fold
	// until it finds no more media.
	Prepare(ctx context.Context) error
	Index(ctx context.Context, after stored.Place, most int) (stored.Place, int, error)
	Fold(ctx context.Context, after stored.MediaKey, most int) (stored.MediaKey, int, error)
}

// OpenMedia returns the tables of media= of a sink's URL, like [Open].
func OpenMedia(rawURL string) (MediaTable, error) {
	return open([]scheme[MediaTable]{
		{"postgres", fromURL[MediaTable](postgres.OpenMedia)},
		{"postgresql", fromURL[MediaTable](postgres.OpenMedia)},
		{"mysql", fromURL[MediaTable](mysql.OpenMedia)},
	}, rawURL)
}

// KeepsMedia tells whether the sink of a URL keeps the state of each media.
func KeepsMedia(rawURL string) bool {
	u, err := url.Parse(rawURL)
	return err == nil && HasTable(rawURL) && u.Query().Has("media")
}

// HasTable tells whether the sink of a URL is a table that [OpenTable] reads.
func HasTable(rawURL string) bool {
	name, _, _ := strings.Cut(rawURL, ":")
	return slices.ContainsFunc(tables, func(s scheme[Table]) bool { return strings.EqualFold(name, s.name) })
}

// Open returns the sink of a URL. It checks the URL and connects to nobody. An
// error says what is wrong with the URL and names its scheme and host at most.
//
// The parameter types, by which an entry of SINK says which events it wants, is
// an error here: a sink alone takes all it is sent.
func Open(rawURL string) (deliver.Sink, error) {
	if err := withoutTypes(rawURL); err != nil {
		return nil, err
	}
	return open(sinks(new(pools)), rawURL)
}

// OpenStore returns the dedup store of memory:, postgres://…, mysql://… or off, like
// [Open].
func OpenStore(rawURL string) (deliver.Store, error) { return openStore(new(pools), rawURL) }

func openStore(p *pools, rawURL string) (deliver.Store, error) {
	if rawURL == "off" {
		return new(deliver.Off), nil
	}
	if err := withoutTypes(rawURL); err != nil {
		return nil, err
	}
	return open(stores(p), rawURL)
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

// fromString adapts a package's Open to the table: where Open fails, the sink is
// nil itself and not an interface that holds a nil pointer.
func fromString[I any, T any](open func(string) (T, error)) func(string) (I, error) {
	return func(rawURL string) (i I, err error) {
		t, err := open(rawURL)
		if err != nil {
			return i, err
		}
		return any(t).(I), nil
	}
}

// fromURL does the same for an Open that takes a parsed URL.
func fromURL[I any, T any](open func(*url.URL) (T, error)) func(string) (I, error) {
	return fromString[I](func(rawURL string) (t T, err error) {
		u, err := safeurl.Parse(rawURL)
		if err != nil {
			return t, fmt.Errorf("%s %w", safeurl.Show(rawURL), err)
		}
		return open(u)
	})
}

func openStdout(rawURL string) (deliver.Sink, error) {
	if len(rawURL) > len("stdout:") {
		return nil, errors.New("stdout: nothing may follow the colon")
	}
	return lines.NewStream(output.Stdout), nil
}

func openMemory(rawURL string) (deliver.Store, error) {
	if len(rawURL) > len("memory:") {
		return nil, errors.New("memory: nothing may follow the colon")
	}
	return deliver.NewMemory(), nil
}
