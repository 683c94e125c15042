package mediatest

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
)

// Questions are the five queries of the README of media, as they stand there for
// PostgreSQL, or for MySQL, whose block has those that differ. They are asked of a
// table, and its outputs.
func Questions(t testing.TB, readme, table string, mysql bool) (queries []string) {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```sql\n")
	if len(blocks) != 3 {
		t.Fatalf("%s has %d blocks of SQL, want 2", readme, len(blocks)-1)
	}
	read := func(block string) (names, queries []string) {
		block, _, _ = strings.Cut(block, "```")
		for _, q := range strings.SplitAfter(block, ";\n") {
			if q = strings.TrimSpace(q); q != "" {
				name, sql, _ := strings.Cut(q, "\n")
				names, queries = append(names, name), append(queries, strings.ReplaceAll(sql, "vod_media", table))
			}
		}
		return names, queries
	}
	names, queries := read(blocks[1])
	if mysql {
		others, differ := read(blocks[2])
		for i, name := range others {
			queries[slices.Index(names, name)] = differ[i]
		}
	}
	if len(queries) != 5 {
		t.Fatalf("%s has %d queries", readme, len(queries))
	}
	return queries
}

// Asked are events about which the questions are asked at that time. The row of
// media 6 is to be made two hours old: no event tells when it began.
func Asked(t testing.TB, now time.Time) (events []*event.Event) {
	t.Helper()
	at := func(d time.Duration) string { return now.Add(-d).UTC().Format(time.RFC3339) }
	upload := func(id, kind string, size int, task string) string {
		return fmt.Sprintf(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":%q,"MediaBasicInfo":{"Name":"m%[1]s","Type":%q,"MediaUrl":"https://v.example.com/%[1]s","CreateTime":%[3]q},"MetaData":{"Size":%d},"ProcedureTaskId":%q}}`, id, kind, at(2*time.Hour), size, task)
	}
	failed := func(id, finish, cover string) string {
		return fmt.Sprintf(`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"p-%s","Status":"FINISH","FileId":%[1]q,"MediaProcessResultSet":[{"Type":"Transcode","TranscodeTask":{"Status":"FAIL","ErrCodeExt":"Codec","Message":"no","Input":{"Definition":10},"Output":null,"FinishTime":%q}},{"Type":"CoverBySnapshot","CoverBySnapshotTask":{"Status":"SUCCESS","Input":{"Definition":10},"Output":{"CoverUrl":"https://v.example.com/c"},"FinishTime":%q}}]}}`, id, finish, cover)
	}
	review := func(id string) string {
		return fmt.Sprintf(`{"EventType":"ReviewAudioVideoComplete","ReviewAudioVideoCompleteEvent":{"TaskId":"r-%s","Status":"FINISH","Input":{"FileId":%[1]q},"Output":{"Suggestion":"block","Label":"Ad"}}}`, id)
	}
	deleted := func(id string) string {
		return fmt.Sprintf(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":[%q]}}`, id)
	}
	for i, body := range []string{
		upload("1", "mp4", 10, ""), failed("1", at(2*time.Hour), at(2*time.Hour)),
		upload("2", "mp4", 20, ""), failed("2", at(72*time.Hour), at(time.Hour)), // failed long ago, with a new cover
		upload("3", "mp4", 9007199254740993, "announced"),
		upload("4", "mp3", 40, ""), review("4"),
		upload("5", "mp3", 50, ""), review("5"), deleted("5"),
		`{"EventType":"EditMediaComplete","EditMediaCompleteEvent":{"TaskId":"e","Status":"FINISH","ErrCode":0,"ErrCodeExt":"","Output":{"FileId":"6","MediaName":"m6","FileUrl":"https://v.example.com/6"},"ProcedureTaskId":"p-6"}}`,
		upload("7", "gif", 70, ""), deleted("7"),
		upload("8", "", 0, ""), failed("8", at(time.Hour), at(time.Hour)), deletion("8", `{"Type":"TranscodeFiles","Definition":0}`), // its failed output is DELETED
	} {
		e, err := event.Parse([]byte(body), event.Origin{Mode: event.Normal, Received: now.Add(time.Duration(i-100) * time.Second)})
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// CheckAnswers compares what the questions find, a line for each row with its first
// columns, with what they must find.
func CheckAnswers(t testing.TB, i int, rows [][]string) {
	t.Helper()
	var got []string
	for _, row := range rows {
		got = append(got, strings.Join(row[:min(len(row), 3)], " "))
	}
	want := [][]string{
		{"1 m1 Codec: no", "8 m8 Codec: no"},
		{"3 m3 processing", "6 m6 processing"},
		{"4 m4 Ad"},
		{"mp4 3 9007199254741023", "mp3 1 40", " 2 "},
		{"7 m7", "5 m5"},
	}[i]
	if i == 4 {
		for j, row := range rows {
			got[j] = strings.Join(row[:2], " ")
		}
	}
	if i < 2 {
		slices.Sort(got) // they ask for no order
	}
	if !slices.Equal(got, want) {
		t.Errorf("question %d finds %q, want %q", i+1, got, want)
	}
}
