package main

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vodevents/shared/media/mediatest"
)

// The ten lives of a media as CloudEvents, without FinishTimes, each twice and in
// two orders by chance: a replay of each gives rows that are equal in every column
// but updated_at, and those written by hand.
func TestReplayOfTheTenLives(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db server) {
		address := db.newDatabaseT(t)
		for _, table := range []string{"one", "two"} {
			replayLives(t, address+"&table="+table+"&media="+table+"_media")
		}
	})
}

func replayLives(t *testing.T, address string) {
	t.Helper()
	var lines []string
	want := map[string]string{}
	for _, life := range mediatest.Lives(false) {
		for _, e := range life.Events() {
			line := string(e.AppendCloudEvent(nil))
			lines = append(lines, line, line)
			life.Row.LastEvent = e.ID
		}
		want[life.Row.FileId] = mediatest.Text(t, life.Row)
	}
	rand.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	file := filepath.Join(t.TempDir(), "lives.jsonl")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"SINK": address, "DEDUP": "off"}
	var out, errs bytes.Buffer
	if status := run(t.Context(), []string{"replay", "-no-handler", "-yes", file}, func(k string) string { return env[k] }, nil, &out, &errs); status != statusOK {
		t.Fatalf("exit status %d: %s", status, errs.String())
	}
	if got := mediaTexts(t, address); !maps.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}
