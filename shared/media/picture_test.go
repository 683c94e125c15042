package media_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"testing"

	"vodevents/shared/media"
)

// The picture in the README has the steps that these lives take, and no others.
func TestThePictureHasTheStepsOfALife(t *testing.T) {
	const id = "5285890784363439020"
	upload := func(task string) string {
		return fmt.Sprintf(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":%q,"MediaBasicInfo":{"MediaUrl":"https://v.example.com/o.mp4"},"ProcedureTaskId":%q}}`, id, task)
	}
	run := func(task, status, outcome string) string {
		return fmt.Sprintf(`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":%q,"Status":%q,"FileId":%q,"MediaProcessResultSet":[{"Type":"Transcode","TranscodeTask":{"Status":%q,"Input":{"Definition":10},"Output":{"Definition":10,"Url":"https://v.example.com/10.mp4"}}}]}}`, task, status, id, outcome)
	}
	good, bad := run("p", "FINISH", "SUCCESS"), run("p", "FINISH", "FAIL")
	const known = `{"EventType":"PersistenceComplete","PersistenceCompleteEvent":{"FileId":"` + id + `"}}`
	const deleted = `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["` + id + `"]}}`
	const partly = `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["` + id + `"],"FileDeleteResultInfo":[{"FileId":"` + id + `","DeleteParts":[{"Type":"OriginalFiles"}]}]}}`

	taken := map[string]bool{}
	for _, bodies := range [][]string{
		{known, upload(""), partly, deleted},
		{upload("p"), good, run("q", "FINISH", "FAIL"), deleted},
		{upload("p"), bad, run("q", "PROCESSING", "PROCESSING"), deleted},
		{upload(""), run("p", "PROCESSING", "PROCESSING"), bad, run("q", "FINISH", "SUCCESS")},
		{upload(""), bad, deleted},
	} {
		var m media.Media
		from := "[*]"
		for _, e := range told(t, bodies) {
			m = media.Merge(m, media.Of(e)[0])
			to := string(m.Row().State)
			taken[from+" --> "+to] = true
			from = to
		}
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	drawn := map[string]bool{}
	for _, arrow := range regexp.MustCompile(`(?m)^    (\S+ --> \w+)`).FindAllSubmatch(readme, -1) {
		drawn[string(arrow[1])] = true
	}
	if !maps.Equal(taken, drawn) {
		t.Errorf("the lives have\n%v\nthe picture has\n%v", taken, drawn)
	}
}
