package vodfake_test

import (
	"testing"

	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

// Whatever an event says, the stand-in answers what the client can read: a list with a
// null in it, or an id with characters that Go quotes in another way than JSON.
func TestOddEventsLeaveTheAnswersReadable(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"a null among results":  `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"t","FileId":"1","MediaProcessResultSet":[null]}}`,
		"a null among files":    `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["9"],"FileDeleteResultInfo":[null]}}`,
		"a null among parts":    `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["7"],"FileDeleteResultInfo":[{"FileId":"7","DeleteParts":[null]}]}}`,
		"a control in an id":    `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"t\u007f","FileId":"f\u0007"}}`,
		"a control in a status": `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"t","Status":"\u000b","FileId":"1"}}`,
		"an id beyond the BMP":  `{"EventType":"TranscodeComplete","TranscodeCompleteEvent":{"TaskId":"\udb40\udc01","FileId":"\udb40\udc01"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := vodfake.RunT(t, vodfake.Options{Rate: -1})
			c := newAsker(t, s, 1)
			s.Queue(1, []byte(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"7"}}`))
			s.Queue(1, []byte(body))
			askAll(t, c.Client)
			if files, _, err := c.SearchMedia(t.Context(), 1, vod.SearchRequest{}); err != nil || len(files) == 0 && name != "a null among parts" {
				t.Errorf("%d files, %v", len(files), err)
			}
		})
	}
}
