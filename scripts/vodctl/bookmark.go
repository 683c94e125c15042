package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"vodevents/shared/sink/stored"
)

// bookmark is the place that a replay from a table has reached. The file of -state
// holds it as JSON.
type bookmark struct {
	file string // empty: in memory only
	dry  bool   // the file is read only

	// Replay identifies this replay. Another one must not go on from here.
	Replay string
	stored.Place
	Done int // rows before it
}

// identity returns what identifies a list of URLs, without secrets and without what
// may change from one run to the next.
func identity(urls string) string {
	var parts []string
	for _, text := range strings.Fields(urls) {
		u, err := url.Parse(text)
		if err != nil {
			continue // its fault is reported elsewhere
		}
		parts = append(parts, u.Scheme, u.Host, u.Path, u.Opaque, u.Query().Get("table"))
	}
	return strings.Join(parts, "\x00")
}

// openBookmark reads the file of -state, if there is one. The URLs are those of
// the database and of the sinks.
func (r *replay) openBookmark(from, to string, ids []string) (*bookmark, error) {
	m := &bookmark{file: r.state, dry: r.dryRun, Place: r.after.Place}
	parts := append([]string{identity(from), identity(to), r.eventType, r.subject, r.since.text, r.until.text,
		fmt.Sprint(r.parked, r.limit, r.to == "" && !r.noHandler), r.after.String()}, ids...)
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	m.Replay = hex.EncodeToString(sum[:])
	kept := bookmark{file: m.file, dry: m.dry}
	found, err := readState(m.file, &kept)
	if errors.Is(err, errStrange) || found && kept.Replay == "" {
		return nil, misuse("-state: %s does not hold the place of a replay; name another file", m.file)
	}
	if err != nil {
		return nil, err
	}
	if kept.Done == 0 {
		return m, nil
	}
	if kept.Replay != m.Replay {
		return nil, misuse("-state: %s belongs to a replay with other flags; repeat those, or name another file", m.file)
	}
	return &kept, nil
}

// errStrange: a file of -state is not JSON of the kind that was asked for.
var errStrange = errors.New("-state: strange")

// readState reads the file that -state names, if there is one, into place.
func readState(file string, place any) (found bool, err error) {
	if file == "" {
		return false, nil
	}
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("-state: %w", err)
	case json.Unmarshal(text, place) != nil:
		return false, errStrange
	}
	return true, nil
}

// move moves the place forward, by so many rows.
func (m *bookmark) move(to stored.Place, rows int) error {
	m.Place = to
	m.Done += rows
	return m.write()
}

func (m *bookmark) write() error {
	if m.file == "" || m.dry {
		return nil
	}
	return replaceFile(m.file, m)
}

// replaceFile replaces the file of -state atomically, so that it is whole however
// the process ends.
func replaceFile(file string, place any) error {
	text, err := json.Marshal(place)
	if err != nil {
		return fmt.Errorf("-state: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return fmt.Errorf("-state: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first failure is the error
		return fmt.Errorf("-state: %w", err)
	}
	return nil
}

// remove removes the file: the replay has come to its end.
func (m *bookmark) remove() error {
	if m.file == "" || m.dry {
		return nil
	}
	if err := os.Remove(m.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("-state: %w", err)
	}
	return nil
}
