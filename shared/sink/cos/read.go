package cos

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"vodevents/shared/sink/stored"
)

// Table reads back what a sink has put into a bucket. A bucket has no index, so Table
// lists the keys and gets each object that may match. Only ids, and bounds on the time
// of receipt, save requests.
//
// Objects come in the order of their keys: by the day of receipt, and by id
// within a day.
type Table struct{ *bucket }

const (
	// listed is how many keys a bucket lists at a time, the most that it does.
	listed = 1000

	// reads is how often a read is tried, and readTime how long each try may take.
	// Reading again does no harm.
	reads    = 4
	readTime = time.Minute
)

// object is what a listing tells of an object.
type object struct {
	Key  string
	Size int64 // in bytes
}

// OpenTable returns the objects of a cos:// URL. It connects on first use.
func OpenTable(u *url.URL) (*Table, error) {
	b, err := parseURL(u)
	if err != nil {
		return nil, err
	}
	return &Table{b}, nil
}

// String is bucket and prefix. They hold nothing secret.
func (t *Table) String() string { return t.name + "/" + t.prefix }

// Close closes the idle connections.
func (t *Table) Close() { t.transport.CloseIdleConnections() }

// Prune deletes nothing: a bucket has rules for that.
func (t *Table) Prune(context.Context, time.Time, int) (int, error) {
	return 0, fmt.Errorf("%s: vodctl deletes no objects; give the bucket a lifecycle rule for the prefix instead", t)
}

// Summary counts what the filter asks for. It reads every object that may match.
func (t *Table) Summary(ctx context.Context, f stored.Filter) (s stored.Summary, err error) {
	for r, err := range t.rows(ctx, f) {
		if err != nil {
			return s, err
		}
		s.Events++
		if r.Parking != nil {
			s.Parked++
		}
		if s.First.IsZero() || r.Received.Before(s.First) {
			s.First = r.Received
		}
		if r.Received.After(s.Last) {
			s.Last = r.Received
		}
	}
	return s, nil
}

// Page returns the next rows that the filter asks for, at most so many and
// about [stored.PageBytes] of them.
func (t *Table) Page(ctx context.Context, f stored.Filter, most int) (page []stored.Row, err error) {
	size := 0
	for r, err := range t.rows(ctx, f) {
		if err != nil {
			return nil, err
		}
		page = append(page, r)
		if size += r.Size(); len(page) >= most || size >= stored.PageBytes {
			break
		}
	}
	return page, nil
}

// rows are all rows that the filter asks for.
func (t *Table) rows(ctx context.Context, f stored.Filter) iter.Seq2[stored.Row, error] {
	return func(yield func(stored.Row, error) bool) {
		var some []object
		var size int64 // of the rows of some, which hold text and data: they are in memory together
		flush := func() bool {
			rows, err := t.get(ctx, some)
			some, size = some[:0], 0
			for _, r := range rows {
				if f.Wants(r) && !yield(r, nil) {
					return false
				}
			}
			return err == nil || yield(stored.Row{}, err) && false
		}
		for o, err := range t.objectsOf(ctx, f) {
			if err != nil {
				yield(stored.Row{}, err)
				return
			}
			some, size = append(some, o), size+2*min(o.Size, objectMost)
			if (len(some) == inFlight || size >= stored.PageBytes) && !flush() {
				return
			}
		}
		flush()
	}
}

// objectsOf lists the objects that may match the filter, in the order of their keys.
func (t *Table) objectsOf(ctx context.Context, f stored.Filter) iter.Seq2[object, error] {
	return func(yield func(object, error) bool) {
		marker, end := t.bounds(f)
		for more := true; more; {
			objects, next, err := t.list(ctx, marker)
			if err != nil {
				yield(object{}, err)
				return
			}
			for _, o := range objects {
				if end != "" && o.Key >= end {
					return
				}
				id, ours := t.idOf(o.Key)
				if ours && (len(f.IDs) == 0 || slices.Contains(f.IDs, id)) && !yield(o, nil) {
					return
				}
			}
			marker, more = next, next != ""
		}
	}
}

// bounds are the key behind which the listing begins and the one before which
// it ends; empty: no bound.
func (t *Table) bounds(f stored.Filter) (marker, end string) {
	if !f.Since.IsZero() {
		marker = t.dayPrefix(f.Since)
	}
	if !f.After.IsZero() {
		marker = max(marker, t.key(f.After.Received, f.After.ID))
	}
	if !f.Until.IsZero() {
		end = t.dayPrefix(f.Until.Add(-1).UTC().AddDate(0, 0, 1)) // in UTC each day has 24 h
	}
	return marker, end
}

// idOf is the id in a key, if the key is one of this sink's.
func (t *Table) idOf(key string) (id string, ours bool) {
	day, name := path.Split(strings.TrimPrefix(key, t.prefix))
	id, json := strings.CutSuffix(name, ".json")
	_, err := time.Parse(dayLayout, day)
	return id, json && err == nil && len(id) == 32 && strings.Trim(id, "0123456789abcdef") == "" && strings.HasPrefix(key, t.prefix)
}

// list returns the objects behind marker and, if there may be more, the marker of
// the next list. It speaks the first version of ListObjects, which COS documents
// (436/7734). Keys come escaped, for a stranger's may hold what XML cannot.
func (t *Table) list(ctx context.Context, marker string) (objects []object, next string, err error) {
	query := url.Values{"max-keys": {strconv.Itoa(listed)}, "encoding-type": {"url"}}
	if t.prefix != "" {
		query.Set("prefix", t.prefix)
	}
	if marker != "" {
		query.Set("marker", marker)
	}
	text, err := t.read(ctx, "", query)
	if err != nil {
		return nil, "", err
	}
	var answer struct {
		XMLName      xml.Name `xml:"ListBucketResult"`
		EncodingType string
		IsTruncated  bool
		NextMarker   string
		Contents     []object
	}
	if err := xml.Unmarshal(text, &answer); err != nil {
		return nil, "", fmt.Errorf("%s: the list of objects is no XML of an S3, %d bytes: check the endpoint of the URL", t.name, len(text))
	}
	key := func(s string) string {
		if plain, err := url.QueryUnescape(s); err == nil && answer.EncodingType == "url" {
			return plain
		}
		return s
	}
	for i := range answer.Contents {
		answer.Contents[i].Key = key(answer.Contents[i].Key)
	}
	next = key(answer.NextMarker)
	if n := len(answer.Contents); n > 0 && next == "" { // S3 gives none without a delimiter
		next = answer.Contents[n-1].Key
	}
	switch {
	case next <= marker && (answer.IsTruncated || len(answer.Contents) > 0):
		return nil, "", fmt.Errorf("%s: the list of objects does not go on behind its marker: is the endpoint an S3?", t.name)
	case !answer.IsTruncated:
		next = ""
	}
	return answer.Contents, next, nil
}

// get gets objects side by side and returns their rows in order. One that is
// gone meanwhile is left out. One that is too large for an event is not read on.
func (t *Table) get(ctx context.Context, objects []object) ([]stored.Row, error) {
	rows, errs := make([]stored.Row, len(objects)), make([]error, len(objects))
	var all sync.WaitGroup
	for i, o := range objects {
		all.Go(func() {
			var text []byte
			if o.Size <= objectMost {
				text, errs[i] = t.read(ctx, o.Key, nil)
			}
			rows[i] = t.row(o.Key, text)
		})
	}
	all.Wait()
	var there []stored.Row
	for i, err := range errs {
		switch {
		case errors.Is(err, errGone):
		case err != nil:
			return there, err
		default:
			there = append(there, rows[i])
		}
	}
	return there, nil
}

// row is the row of an object. If somebody else wrote the object, only its key is
// known.
func (t *Table) row(key string, text []byte) stored.Row {
	id, _ := t.idOf(key)
	day, _ := time.Parse(dayLayout, path.Dir(strings.TrimPrefix(key, t.prefix))+"/")
	r, err := stored.ParseRow(text)
	if err != nil || r.ID != id || r.Received.UTC().Format(dayLayout) != day.Format(dayLayout) {
		return stored.Row{ID: id, Received: day}
	}
	return r
}

// read gets an object, or the list of them where the key is empty. It tries
// again while the store is busy, and each time with the keys of the moment.
func (t *Table) read(ctx context.Context, key string, query url.Values) ([]byte, error) {
	for try := 1; ; try++ {
		text, mayPass, err := t.readOnce(ctx, key, query)
		if !mayPass || try == reads || ctx.Err() != nil {
			return text, err
		}
		select {
		case <-time.After(time.Duration(try) * 200 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// readOnce is one try of read. It tells whether another one may succeed.
func (t *Table) readOnce(ctx context.Context, key string, query url.Values) (text []byte, mayPass bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	k, err := t.keys()
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", t.name, err)
	}
	answer, text, err := t.call(ctx, k, http.MethodGet, key, query, nil, nil)
	switch {
	case err != nil:
		return nil, true, fmt.Errorf("%s: %w", t.name, err)
	case answer.StatusCode/100 == 2:
		return text, false, nil
	case answer.StatusCode == http.StatusNotFound && key != "":
		var said answerError
		if xml.Unmarshal(text, &said) == nil && said.Code == "NoSuchKey" {
			return nil, false, errGone
		}
	}
	what, err := t.explain(answer, text)
	return nil, what == again, err
}
