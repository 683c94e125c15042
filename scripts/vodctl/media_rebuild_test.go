package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/media/mediatest"
	"vodevents/shared/sink"
	"vodevents/shared/sink/stored"
)

// lockMedia holds the row of a media until the function that it returns is called.
func lockMedia(t *testing.T, database, fileID string) (release func()) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	statement := "SELECT * FROM vod_media WHERE source = '/tencentcloud/vod' AND file_id = '" + fileID + "' FOR UPDATE"
	if u.Scheme == "postgres" {
		c, err := pgx.Connect(t.Context(), database)
		if err == nil {
			_, err = c.Exec(t.Context(), "BEGIN; "+statement)
		}
		if err != nil {
			t.Fatal(err)
		}
		return func() { c.Close(t.Context()) }
	}
	db, err := sql.Open("mysql", u.User.String()+"@tcp("+u.Host+")"+u.Path)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin()
	if err == nil {
		_, err = tx.Exec(statement)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() { tx.Rollback(); db.Close() }
}

// mediaTexts are the rows of all media, by FileId.
func mediaTexts(t *testing.T, address string) map[string]string {
	t.Helper()
	m, err := sink.OpenMedia(address)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	rows, err := m.Media(t.Context(), stored.MediaFilter{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, row := range rows {
		all[row.FileId] = mediatest.Text(t, row.Row)
	}
	return all
}

// With -state a rebuild that was killed goes on after the media that it has folded.
// The rows are the same as those that the events gave when they came. A column that
// somebody added stays as it is.
func TestRebuildGoesOnAfterAKill(t *testing.T) { eachDatabase(t, testRebuildGoesOnAfterAKill) }

func testRebuildGoesOnAfterAKill(t *testing.T, db server) {
	database := db.newDatabaseT(t)
	address := database + "&media=vod_media"
	const n = foldPortion + 40
	var lines strings.Builder
	for i := range n {
		id := fmt.Sprintf("528589078436%07d", i)
		for j, body := range []string{
			`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"` + id + `","MediaBasicInfo":{"Name":"n","MediaUrl":"https://v.example.com/` + id + `"}}}`,
			`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"p-` + id + `","Status":"FINISH","FileId":"` + id + `","MediaProcessResultSet":[{"Type":"Transcode","TranscodeTask":{"Status":"FAIL","ErrCodeExt":"E","Input":{"Definition":20},"Output":null}}]}}`,
		} {
			var kind struct{ EventType string }
			if err := json.Unmarshal([]byte(body), &kind); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&lines, `{"specversion":"1.0","id":"%032x","source":"/tencentcloud/vod","type":"com.tencent.cloud.vod.%s","time":"2026-11-24T08:00:00Z","vodmode":"normal","data":%s}`+"\n", 2*i+j, kind.EventType, body)
		}
	}
	env := map[string]string{"SINK": address, "DEDUP": "off"}
	var out, errs bytes.Buffer
	if run(t.Context(), []string{"replay", "-no-handler", "-"}, func(k string) string { return env[k] }, strings.NewReader(lines.String()), &out, &errs) != statusOK {
		t.Fatal(errs.String())
	}
	want := mediaTexts(t, address)
	last := fmt.Sprintf("528589078436%07d", n-1)
	if len(want) != n || !strings.Contains(want[last], `"failed"`) {
		t.Fatalf("%d rows, the last one %s", len(want), want[last])
	}
	if _, err := db.query(database, "ALTER TABLE vod_media ADD mine varchar(9) DEFAULT 'kept' NOT NULL; UPDATE vod_media SET state = 'known', name = 'wrong', doc = '{}'; DELETE FROM vod_media_event"); err != nil {
		t.Fatal(err)
	}

	release := lockMedia(t, database, last)
	state := filepath.Join(t.TempDir(), "place")
	args := []string{"media", "rebuild", "-state", state}
	cmd := vodctlCommand(t, []string{"SINK=" + address}, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var place rebuildPlace
	for end := time.Now().Add(time.Minute); place.Counts.Media == 0 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if text, err := os.ReadFile(state); err == nil && json.Unmarshal(text, &place) != nil {
			t.Fatalf("the file of -state is cut: %q", text)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	release()
	if place.Counts.Events != 2*n || place.Counts.Media != foldPortion {
		t.Fatalf("it was killed at %+v", place)
	}
	text, err := vodctlCommand(t, []string{"SINK=" + address}, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if !bytes.Contains(text, fmt.Appendf(nil, "it goes on after %d events and %d media", 2*n, foldPortion)) {
		t.Errorf("%s", text)
	}
	for id, row := range mediaTexts(t, address) {
		if row != want[id] {
			t.Errorf("got %s\nwant %s", row, want[id])
		}
	}
	if kept, err := db.query(database, "SELECT count(*) FROM vod_media WHERE mine = 'kept'"); err != nil || strings.TrimSpace(kept) != fmt.Sprint(n) {
		t.Errorf("%s rows have the column, %v", kept, err)
	}
	if _, err := os.Stat(state); !os.IsNotExist(err) {
		t.Errorf("the file of -state is still there: %v", err)
	}
}
