package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func reported() *report {
	r := &report{options: options{seed: 7}, database: "PostgreSQL", broken: map[guarantee]int{lost: 1, unhooked: 1, early: 3},
		parked: map[string]int{"permanent": 2, "attempts": 1}, delivered: 90, mediaRows: 40, p50: 81 * time.Millisecond, p99: 35360 * time.Millisecond}
	r.pushed, r.pulled, r.checked, r.killed = 45, 50, 80, 6
	for i := range 7 {
		r.rounds = append(r.rounds, roundReport{at: week.AddDate(0, 0, i), trouble: "read-only <&", kills: i, p50: time.Duration(i) * time.Second, p99: time.Hour})
	}
	return r
}

// A row replaces the one of its database and seed, and no other.
func TestRowInTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "README.md")
	const before, after = "# Before\n\n", "\nafter\n"
	others := "| MariaDB | 7 | x |\n| PostgreSQL | 70 | x |\n"
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(before + tableBegin + tableHead + "| PostgreSQL | 7 | old |\n" + others + tableEnd + after)
	if err := reported().writeInto(path); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	row := "| PostgreSQL | 7 | 95 | 90 | 3 | 2 | 80, 3 | 0 | 40, 0 | 81ms | 35.4s | 6 | 0 | 0 | 0 | 0s |\n"
	want := before + tableBegin + tableHead + "| MariaDB | 7 | x |\n" + row + "| PostgreSQL | 70 | x |\n" + tableEnd + after
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	write("no table")
	if err := reported().writeInto(path); err == nil {
		t.Error("a file without a table is written")
	}
}

// The picture is XML. Each of its lines has a point for each round.
func TestPicture(t *testing.T) {
	picture := string(reported().picture())
	d := xml.NewDecoder(strings.NewReader(picture))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(picture, "<circle"); n != 14 {
		t.Errorf("%d points, want 14", n)
	}
	for _, want := range []string{"95 events", "lost 2, confirmed early 3", "read-only &lt;&amp;, 6 kills", ">100 s<", ">Sun<"} {
		if !strings.Contains(picture, want) {
			t.Errorf("no %q in the picture", want)
		}
	}
}
