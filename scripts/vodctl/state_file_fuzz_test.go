package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vodevents/shared/reconcile"
	"vodevents/shared/sink/stored"
)

// FuzzStateFile gives -state a file with anything in it, and one with any place:
//
//   - what is no place of the command is refused with the name of the file, and nothing
//     panics;
//   - what is taken can be moved on and written, and is then read as it was written;
//   - a place of one command is never taken for one of another that is under way.
func FuzzStateFile(f *testing.F) {
	for _, s := range []string{`null`, `{}`, `{"7":null}`, `{"7":{"until":"2026-11-24T08:00:00Z","media":{"Source":"/tencentcloud/vod","FileId":"1"},"found":20}}`,
		`{"Replay":"ab","Received":"2026-11-24T08:00:00Z","ID":"x","Done":3}`, `{"Table":"postgres vod_events","Counts":null}`, `[]`, ``, `{"Done":-1e400}`} {
		f.Add([]byte(s), int64(1_795_161_600_000_000), "0123456789abcdef0123456789abcdef", uint16(3))
	}
	file := filepath.Join(f.TempDir(), "place")
	f.Fuzz(func(t *testing.T, content []byte, micros int64, id string, done uint16) {
		at := stored.Place{Received: time.UnixMicro(micros).UTC(), ID: strings.ToValidUTF8(id, "_")}
		if !stored.Holds(at.Received) {
			return
		}
		write := func() {
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write()
		openReplay(t, file, at, int(done)+1)
		write()
		openReconcile(t, file, at)
		write()
		openRebuild(t, file, at)
	})
}

// refused checks the error of a file that is not taken.
func refused(t *testing.T, err error, file string) {
	t.Helper()
	if !strings.Contains(err.Error(), "-state") || !strings.Contains(err.Error(), file) {
		t.Fatalf("the error does not name the file: %v", err)
	}
}

func openReplay(t *testing.T, file string, at stored.Place, done int) {
	r := &replay{program: &program{stderr: new(strings.Builder)}, state: file}
	open := func() (*bookmark, error) { return r.openBookmark("postgres://db/x", "", nil) }
	m, err := open()
	if err != nil {
		refused(t, err, file)
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if m, err = open(); err != nil {
			t.Fatal(err)
		}
	}
	if m.Done != 0 {
		t.Fatalf("%+v is a place of this replay", m)
	}
	if err := m.move(at, done); err != nil {
		t.Fatal(err)
	}
	if again, err := open(); err != nil || again.Place != at || again.Done != done {
		t.Fatalf("%v, %d is read as %+v, %v", at, done, again, err)
	}
	(&reconciling{state: file}).mustRefuse(t)
	r.eventType = "NewFileUpload"
	if m, err := open(); err == nil {
		t.Fatalf("another replay goes on at %+v", m)
	}
}

// mustRefuse checks that a file with the place of a replay is none of reconcile's.
func (k *reconciling) mustRefuse(t *testing.T) {
	if err := k.read(); err == nil {
		t.Fatalf("reconcile goes on at %v", k.at)
	}
}

func openReconcile(t *testing.T, file string, at stored.Place) {
	k := &reconciling{state: file}
	if err := k.read(); err != nil {
		refused(t, err, file)
		k.at = map[string]reconcile.Place{}
	}
	k.at["7"] = reconcile.Place{Until: at.Received, Media: stored.MediaKey{FileId: at.ID}, Found: 3}
	if err := replaceFile(file, k.at); err != nil {
		t.Fatal(err)
	}
	again := &reconciling{state: file}
	if err := again.read(); err != nil || again.at["7"] != k.at["7"] || len(again.at) != len(k.at) {
		t.Fatalf("%v is read as %v, %v", k.at, again.at, err)
	}
}

func openRebuild(t *testing.T, file string, at stored.Place) {
	const table = "postgres://db/x vod_media"
	k := &rebuild{program: &program{stderr: new(strings.Builder)}, state: file}
	if err := k.read(table); err != nil {
		refused(t, err, file)
	}
	k.at.Events, k.at.Media, k.at.Table = at, stored.MediaKey{FileId: at.ID}, table
	if err := k.write(); err != nil {
		t.Fatal(err)
	}
	again := &rebuild{program: k.program, state: file}
	if err := again.read(table); err != nil || again.at != k.at {
		t.Fatalf("%+v is read as %+v, %v", k.at, again.at, err)
	}
	if err := again.read("mysql://db/x vod_media"); err == nil {
		t.Fatal("it is taken for the place of another table")
	}
}
