package mediatest

import (
	"fmt"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/media"
)

const codecError = "SourceFileError.Codec: codec unknown"

// Lives are ten media. With FinishTimes set, each sub-task says when it ended;
// without, the time of receipt stands for it. The rows' last_event is not filled in:
// it is the ID of the last event. Data of the outputs is left out.
func Lives(finishTimes bool) []Life {
	const procedureAt = 1 // the procedure's event is the second one
	finish := func(minutes int) (string, time.Time) {
		if !finishTimes {
			return "0000-00-00T00:00:00Z", at(minutes)
		}
		t := at(minutes).Add(-time.Second)
		return t.Format(time.RFC3339), t
	}
	f1, t1 := finish(procedureAt)
	f2, t2 := finish(2)
	one, two := "1500066000-Procedure-1", "1500066000-Procedure-2"
	ran := func(id, task string) media.Row {
		return row(uploaded(id), func(r *media.Row) {
			r.SessionContext, r.ProcedureTaskId, r.ProcedureStatus = "order-12", task, "FINISH"
		})
	}
	lives := []Life{
		{Name: "uploaded", Bodies: []string{upload("5285000000000000001", "")}, Row: uploaded("5285000000000000001")},
		{Name: "announced", Bodies: []string{upload("5285000000000000002", one)},
			Row: row(uploaded("5285000000000000002"), func(r *media.Row) {
				r.State, r.ProcedureTaskId, r.ProcedureStatus = media.Processing, one, "PENDING"
			})},
		{Name: "ready", Bodies: []string{upload("5285000000000000003", one),
			procedure("5285000000000000003", one, transcode("5285000000000000003", 100020, 480, "v.100020.mp4", f1), transcode("5285000000000000003", 100030, 720, "v.100030.mp4", f1))},
			Row: row(ran("5285000000000000003", one), func(r *media.Row) {
				r.PlayUrl = url(r.FileId, "v.100030.mp4")
				r.Outputs = []media.Output{transcoded(r.FileId, 100020, 480, "v.100020.mp4", one, t1), transcoded(r.FileId, 100030, 720, "v.100030.mp4", one, t1)}
			})},
		{Name: "failed", Bodies: []string{upload("5285000000000000004", one), procedure("5285000000000000004", one, failedTranscode(100030, f1))},
			Row: row(ran("5285000000000000004", one), func(r *media.Row) {
				r.State, r.Error = media.Failed, codecError
				r.Outputs = []media.Output{{Kind: event.ProcessTranscode, Definition: 100030, Status: event.SubTaskFail, Error: codecError, TaskId: one, FinishedAt: t1}}
			})},
		{Name: "re-run failed", Bodies: []string{upload("5285000000000000005", one),
			procedure("5285000000000000005", one, transcode("5285000000000000005", 100030, 720, "v.100030.mp4", f1)),
			procedure("5285000000000000005", two, failedTranscode(100030, f2))},
			Row: row(ran("5285000000000000005", two), func(r *media.Row) {
				r.PlayUrl, r.Error = url(r.FileId, "v.100030.mp4"), codecError
				o := transcoded(r.FileId, 100030, 720, "v.100030.mp4", two, t2)
				o.Status, o.Error = event.SubTaskFail, codecError
				r.Outputs = []media.Output{o}
			})},
	}
	lives = append(lives, deletedLives(f1, t1, one, ran)...)
	return append(lives, lateLives(f1, t1, one, ran)...)
}

func deletedLives(f1 string, t1 time.Time, one string, ran func(id, task string) media.Row) []Life {
	return []Life{
		{Name: "transcodes deleted", Bodies: []string{upload("5285000000000000006", one),
			procedure("5285000000000000006", one, transcode("5285000000000000006", 100030, 720, "v.100030.mp4", f1)),
			deletion("5285000000000000006", `{"Type":"TranscodeFiles","Definition":0}`)},
			Row: row(ran("5285000000000000006", one), func(r *media.Row) {
				o := transcoded(r.FileId, 100030, 720, "", one, t1)
				o.Status, o.Url = media.StatusDeleted, ""
				r.Outputs = []media.Output{o}
			})},
		{Name: "deleted", Bodies: []string{upload("5285000000000000007", one),
			procedure("5285000000000000007", one, transcode("5285000000000000007", 100030, 720, "v.100030.mp4", f1)),
			deletion("5285000000000000007", "")},
			Row: row(ran("5285000000000000007", one), func(r *media.Row) {
				r.State, r.MediaUrl, r.PlayUrl, r.CoverUrl, r.DeletedAt = media.Deleted, "", "", "", at(2)
				o := transcoded(r.FileId, 100030, 720, "", one, t1)
				o.Status, o.Url = media.StatusDeleted, ""
				r.Outputs = []media.Output{o}
			})},
	}
}

func lateLives(f1 string, t1 time.Time, one string, ran func(id, task string) media.Row) []Life {
	adaptive := fmt.Sprintf(`{"Type":"AdaptiveDynamicStreaming","AdaptiveDynamicStreamingTask":{"Status":"SUCCESS","Input":{"Definition":10},"Output":{"Definition":10,"Package":"HLS","DrmType":"","Url":%q,"Size":77,"SubStreamSet":[{"Type":"video","Width":640,"Height":360},{"Type":"video","Width":1920,"Height":1080}]},"FinishTime":%q}}`,
		url("5285000000000000008", "adp.10.m3u8"), f1)
	cover := fmt.Sprintf(`{"Type":"CoverBySnapshot","CoverBySnapshotTask":{"Status":"SUCCESS","Input":{"Definition":10},"Output":{"CoverUrl":%q},"FinishTime":%q}}`, url("5285000000000000008", "snap.jpg"), f1)
	review := `{"EventType":"ReviewAudioVideoComplete","ReviewAudioVideoCompleteEvent":{"TaskId":"1500066000-ReviewAudioVideo-1","Status":"FINISH","Input":{"FileId":"5285000000000000009"},"Output":{"Suggestion":"review","Label":"Sexy","CoverReviewResult":{"Suggestion":"block","Label":"Porn"}}}}`
	edit := fmt.Sprintf(`{"EventType":"EditMediaComplete","EditMediaCompleteEvent":{"TaskId":"1500066000-EditMedia-1","Status":"FINISH","ErrCode":0,"Message":"","Input":{"InputType":"File","FileInfoSet":[{"FileId":"5285000000000000001"}]},"Output":{"FileId":5285000000000000010,"FileUrl":%q,"FileType":"mp4","MediaName":"cut","ExpireTime":"2027-01-01T00:00:00Z"},"MetaData":{"Size":12,"Duration":3.25},"SessionContext":"cut-3"}}`,
		url("5285000000000000010", "cut.mp4"))
	return []Life{
		{Name: "adaptive", Bodies: []string{upload("5285000000000000008", one),
			procedure("5285000000000000008", one, adaptive, transcode("5285000000000000008", 100030, 2160, "v.100030.mp4", f1), cover)},
			Row: row(ran("5285000000000000008", one), func(r *media.Row) {
				r.PlayUrl, r.CoverUrl = url(r.FileId, "adp.10.m3u8"), url(r.FileId, "snap.jpg")
				r.Outputs = []media.Output{
					{Kind: event.ProcessAdaptiveDynamicStreaming, Definition: 10, Status: event.SubTaskSuccess, Url: url(r.FileId, "adp.10.m3u8"), Width: 1920, Height: 1080, Size: 77, Container: "HLS", TaskId: one, FinishedAt: t1},
					{Kind: event.ProcessCoverBySnapshot, Definition: 10, Status: event.SubTaskSuccess, Url: url(r.FileId, "snap.jpg"), TaskId: one, FinishedAt: t1},
					transcoded(r.FileId, 100030, 2160, "v.100030.mp4", one, t1),
				}
			})},
		{Name: "blocked by review", Bodies: []string{upload("5285000000000000009", ""), review},
			Row: row(uploaded("5285000000000000009"), func(r *media.Row) { r.Review, r.ReviewLabel = event.SuggestionBlock, "Porn" })},
		{Name: "made by a task", Bodies: []string{edit}, Row: media.Row{
			Source: Source, FileId: "5285000000000000010", State: media.Ready, Name: "cut", Type: "mp4",
			MediaUrl: url("5285000000000000010", "cut.mp4"), PlayUrl: url("5285000000000000010", "cut.mp4"),
			Size: 12, Duration: 3.25, SessionContext: "cut-3", ExpiresAt: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		}},
	}
}
