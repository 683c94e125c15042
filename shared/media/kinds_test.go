package media_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/media"
)

// told is what each body tells, the n-th received n minutes after noon.
func told(t *testing.T, bodies []string) (events []*event.Event) {
	t.Helper()
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for i, body := range bodies {
		e, err := event.Parse([]byte(body), event.Origin{Mode: event.Reliable, SubAppId: 1500077, Received: noon.Add(time.Duration(i) * time.Minute)})
		if err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
		events = append(events, e)
	}
	return events
}

// columns are those of a row that are set, in words, without source, file_id and
// last_event.
func columns(t *testing.T, r media.Row) string {
	t.Helper()
	outputs := r.Outputs
	r.Outputs, r.LastEvent = nil, ""
	words := []string{}
	add := func(prefix string, v any) {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		d := json.NewDecoder(strings.NewReader(string(b)))
		d.UseNumber()
		var all map[string]any
		if err := d.Decode(&all); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"source", "file_id", "kind", "definition"} {
			delete(all, name)
		}
		var names []string
		for name := range all {
			names = append(names, name)
		}
		slices.Sort(names)
		var line []string
		for _, name := range names {
			line = append(line, fmt.Sprintf("%s=%v", name, all[name]))
		}
		words = append(words, prefix+strings.Join(line, " "))
	}
	add("", r)
	for _, o := range outputs {
		o.Data = nil
		add(fmt.Sprintf("%s %d: ", o.Kind, o.Definition), o)
	}
	return strings.Join(words, "\n")
}

// check folds the events in their order and in the opposite one, each twice, and
// compares the rows, by FileId.
func check(t *testing.T, bodies []string, want map[string]string) {
	t.Helper()
	events := told(t, bodies)
	forth := slices.Concat(events, events)
	back := slices.Clone(forth)
	slices.Reverse(back)
	for _, order := range [][]*event.Event{forth, back} {
		got := map[string]string{}
		for id, m := range fold(t, order, true) {
			got[id] = columns(t, m.Row())
			if m.Source != "/tencentcloud/vod/1500077" {
				t.Errorf("%s is of %s", id, m.Source)
			}
		}
		for id, row := range got {
			if row != want[id] {
				t.Errorf("%s:\n got %s\nwant %s", id, row, want[id])
			}
		}
		for id := range want {
			if _, there := got[id]; !there {
				t.Errorf("%s has no row", id)
			}
		}
	}
}

// What each kind of event sets in a row.
func TestColumnsOfEachKind(t *testing.T) {
	const file = `"FileId":"5285890784363439001","FileUrl":"https://v.example.com/out.mp4","MediaName":"cut","FileType":"mp4","ClassId":3,"ExpireTime":"2027-01-02T03:04:05Z"`
	const fileRow = "duration=3.5 expires_at=2027-01-02T03:04:05Z height=480 media_url=https://v.example.com/out.mp4 name=cut play_url=https://v.example.com/out.mp4"
	const meta = `"MetaData":{"Size":9007199254740995,"Duration":3.5,"Width":640,"Height":480}`
	const metaRow = " size=9007199254740995 state=ready type=mp4 width=640"
	const id = "5285890784363439001"
	for _, c := range []struct {
		name, body string
		want       map[string]string
	}{
		{"upload", `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5285890784363439001","MediaBasicInfo":{"Name":"tram","Description":"d","CreateTime":"2026-11-24T08:00:00Z","ExpireTime":"9999-12-31T23:59:59Z","ClassId":0,"CoverUrl":"https://v.example.com/c.jpg","Type":"mp4","MediaUrl":"https://v.example.com/o.mp4","TagSet":[],"StorageRegion":"ap-guangzhou","SourceInfo":{"SourceType":"Upload","SourceContext":"ctx"},"Vid":"v","Category":"Video","Status":"Normal","StorageClass":"STANDARD"},"MetaData":null,"ProcedureTaskId":"p-9","ReviewAudioVideoTaskId":""}}`,
			map[string]string{id: "category=Video cover_url=https://v.example.com/c.jpg created_at=2026-11-24T08:00:00Z expires_at=9999-12-31T23:59:59Z media_url=https://v.example.com/o.mp4 name=tram play_url=https://v.example.com/o.mp4 procedure_status=PENDING procedure_task_id=p-9 source_context=ctx state=processing storage_class=STANDARD type=mp4"}},
		{"pull", `{"EventType":"PullComplete","PullCompleteEvent":{"TaskId":"pull-1","Status":"FINISH","ErrCode":0,"Message":"","FileId":5285890784363439001,"MediaBasicInfo":null,"MetaData":{"Size":1,"Duration":0,"Width":0,"Height":0},"FileUrl":"https://v.example.com/pulled.mp4","ProcedureTaskId":"","SessionContext":"s","SessionId":""}}`,
			map[string]string{id: "media_url=https://v.example.com/pulled.mp4 play_url=https://v.example.com/pulled.mp4 session_context=s size=1 state=ready"}},
		{"failed pull", `{"EventType":"PullComplete","PullCompleteEvent":{"TaskId":"pull-1","Status":"FINISH","ErrCode":40000,"FileId":"5285890784363439001","FileUrl":"https://v.example.com/x"}}`, nil},
		{"pull without a file", `{"EventType":"PullComplete","PullCompleteEvent":{"TaskId":"pull-1","Status":"FINISH","ErrCode":0,"FileId":""}}`, nil},
		{"edit", `{"EventType":"EditMediaComplete","EditMediaCompleteEvent":{"TaskId":"e-1","Status":"FINISH","ErrCodeExt":"","ErrCode":0,"Input":{"InputType":"File","FileInfoSet":[{"FileId":"11"},{"FileId":"12"}]},"Output":{` + file + `},` + meta + `,"ProcedureTaskId":"p-3","SessionContext":"s"}}`,
			map[string]string{id: fileRow + " procedure_status=PENDING procedure_task_id=p-3 session_context=s size=9007199254740995 state=processing type=mp4 width=640"}},
		{"failed edit", `{"EventType":"EditMediaComplete","EditMediaCompleteEvent":{"TaskId":"e-1","Status":"FINISH","ErrCodeExt":"InternalError","ErrCode":0,"Output":{` + file + `}}}`, nil},
		{"compose with a number", `{"EventType":"ComposeMediaComplete","ComposeMediaCompleteEvent":{"TaskId":"c-1","Status":"FINISH","ErrCode":0,"Output":{"FileId":5285890784363439001,"FileUrl":"https://v.example.com/out.mp4","MediaName":"cut","FileType":"mp4","ExpireTime":"2027-01-02T03:04:05Z"},` + meta + `}}`,
			map[string]string{id: fileRow + metaRow}},
		{"rebuild", `{"EventType":"RebuildMediaComplete","RebuildMediaCompleteEvent":{"TaskId":"r-1","Status":"FINISH","ErrCode":0,"ErrCodeExt":"","Input":{"FileId":"11"},"Output":{` + file + `},` + meta + `}}`, map[string]string{id: fileRow + metaRow}},
		{"quality", `{"EventType":"QualityEnhanceComplete","QualityEnhanceCompleteEvent":{"TaskId":"q-1","Status":"FINISH","ErrCode":0,"ErrCodeExt":"","Output":{` + file + `},` + meta + `}}`, map[string]string{id: fileRow + metaRow}},
		{"watermark", `{"EventType":"RemoveWatermark","RemoveWatermarkCompleteEvent":{"TaskId":"w-1","Status":"FINISH","ErrCode":0,"ErrCodeExt":"","Output":{"FileId":"5285890784363439001","FileUrl":"https://v.example.com/out.mp4","MediaName":"cut","FileType":"mp4",` + meta + `}}}`,
			map[string]string{id: "duration=3.5 height=480 media_url=https://v.example.com/out.mp4 name=cut play_url=https://v.example.com/out.mp4" + metaRow}},
		{"split", `{"EventType":"SplitMediaComplete","SplitMediaCompleteEvent":{"TaskId":"s-1","Status":"FINISH","ErrCode":0,"ErrCodeExt":"","FileInfoSet":[{"Input":{"FileId":"11"},"Output":{"FileId":"21","MediaBasicInfo":{"Name":"a","MediaUrl":"https://v.example.com/21"}}},{"Output":{"FileId":"22","MediaBasicInfo":{"Name":"b","MediaUrl":"https://v.example.com/22"}},"ProcedureTaskId":"p-22"},{"Output":null}],"SessionContext":"s"}}`,
			map[string]string{
				"21": "media_url=https://v.example.com/21 name=a play_url=https://v.example.com/21 session_context=s state=ready",
				"22": "media_url=https://v.example.com/22 name=b play_url=https://v.example.com/22 procedure_status=PENDING procedure_task_id=p-22 session_context=s state=processing",
			}},
		{"clip", `{"EventType":"ClipComplete","ClipCompleteEvent":{"TaskId":"c","SrcFileId":"11","FileInfo":{"ErrCode":0,"Message":"","FileId":"31","FileUrl":"https://v.example.com/31","FileType":"mp4"}}}`,
			map[string]string{"31": "media_url=https://v.example.com/31 play_url=https://v.example.com/31 state=ready type=mp4"}},
		{"concat", `{"EventType":"ConcatComplete","ConcatCompleteEvent":{"TaskId":"c","FileInfoSet":[{"ErrCode":0,"FileId":"32","FileUrl":"https://v.example.com/32","FileType":"m3u8"},{"ErrCode":5,"FileId":"33","FileUrl":"https://v.example.com/33"}]}}`,
			map[string]string{"32": "media_url=https://v.example.com/32 play_url=https://v.example.com/32 state=ready type=m3u8"}},
		{"generated image", `{"EventType":"AigcImageTaskComplete","AigcImageCompleteEvent":{"TaskId":"a","Status":"FINISH","ErrCode":0,"Output":{"FileInfos":[{"StorageMode":"Temporary","FileId":"","FileUrl":"https://v.example.com/t"},{"StorageMode":"Permanent",` + file + `,` + meta + `}]}}}`, map[string]string{id: fileRow + metaRow}},
		{"generated video", `{"EventType":"AigcVideoTaskComplete","AigcVideoCompleteEvent":{"TaskId":"a","Status":"FINISH","ErrCode":0,"Output":{"FileInfos":[{"StorageMode":"Permanent",` + file + `,` + meta + `}]}}}`, map[string]string{id: fileRow + metaRow}},
		{"generated scene", `{"EventType":"SceneAigcImageCompleteEvent","SceneAigcImageCompleteEvent":{"TaskId":"a","Status":"FINISH","ErrCode":0,"Output":{"FileInfos":[{"StorageMode":"Permanent",` + file + `,` + meta + `}]}}}`, map[string]string{id: fileRow + metaRow}},
		{"MPS", `{"EventType":"ProcessMediaByMPSComplete","ProcessMediaByMPSCompleteEvent":{"TaskId":"m","Status":"FINISH","ErrCode":0,"SubTaskSet":[{"TaskType":"SmartErase","Status":"SUCCESS","ErrCode":"0","Output":{"OutputFiles":[{"FileType":"SmartErase.Video","StorageMode":"Permanent","FileId":"41","Url":"https://v.example.com/41"}]}},{"TaskType":"x","Status":"SUCCESS","ErrCode":"","Output":{"OutputFiles":[{"FileId":"42","Url":"https://v.example.com/42"}]}},{"TaskType":"x","Status":"FAIL","ErrCode":"InvalidInput","Output":{"OutputFiles":[{"FileId":"43","Url":"https://v.example.com/43"}]}},{"TaskType":"x","Status":"FAIL","ErrCode":"Other","Output":null}]}}`,
			map[string]string{
				"41": "media_url=https://v.example.com/41 play_url=https://v.example.com/41 state=ready",
				"42": "media_url=https://v.example.com/42 play_url=https://v.example.com/42 state=ready",
			}},
		{"persistence", `{"EventType":"PersistenceComplete","PersistenceCompleteEvent":{"FileId":"51"}}`, map[string]string{"51": "state=known"}},
		{"restore", `{"EventType":"RestoreMediaComplete","RestoreMediaCompleteEvent":{"FileId":"52","OriginalStorageClass":"ARCHIVE","TargetStorageClass":"STANDARD","RestoreTier":"Bulk","RestoreDay":0}}`, map[string]string{"52": "state=known storage_class=STANDARD"}},
		{"attributes", `{"EventType":"DescribeFileAttributesComplete","DescribeFileAttributesCompleteEvent":{"TaskId":"d","Status":"FINISH","ErrCode":0,"ErrCodeExt":"","FileId":"53","Output":{"Md5":"m","Sha1":"s"},"SessionContext":"c"}}`, map[string]string{"53": "session_context=c state=known"}},
		{"review", `{"EventType":"ReviewAudioVideoComplete","ReviewAudioVideoCompleteEvent":{"TaskId":"r","Status":"FINISH","ErrCodeExt":"","Input":{"FileId":"54"},"Output":{"Suggestion":"pass","Label":"","CoverReviewResult":{"Suggestion":"review","Label":"Ad"}}}}`, map[string]string{"54": "review=review review_label=Ad state=known"}},
		{"procedure's reviews", `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"p","Status":"FINISH","FileId":"55","AiContentReviewResultSet":[{"Type":"Porn","PornTask":{"Status":"SUCCESS","Output":{"Suggestion":"review","Label":"sexy"}}},{"Type":"Terrorism","TerrorismTask":{"Status":"FAIL","Output":{"Suggestion":"block","Label":"no"}}},{"Type":"Prohibited.Asr","ProhibitedAsrTask":{"Status":"SUCCESS","Output":{"Suggestion":"block"}}},{"Type":"Political","PoliticalTask":{"Status":"SUCCESS","Output":null}}]}}`,
			map[string]string{"55": "procedure_status=FINISH procedure_task_id=p review=block state=known"}},
		{"reduced", `{"EventType":"ReduceMediaBitrateComplete","ReduceMediaBitrateCompleteEvent":{"TaskId":"b","Status":"FINISH","FileId":"56","MediaProcessResultSet":[{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","ErrCodeExt":"","Output":{"Definition":70,"Url":"https://v.example.com/56.70","Height":360}}}]}}`,
			map[string]string{"56": "play_url=https://v.example.com/56.70 state=ready\nTranscode 70: finished_at=2026-11-24T12:00:00Z height=360 status=SUCCESS task_id=b url=https://v.example.com/56.70"}},
		{"transcode of 2017", `{"EventType":"TranscodeComplete","TranscodeCompleteEvent":{"TaskId":"t","ErrCode":0,"FileId":"57","CoverUrl":"https://v.example.com/57.jpg","PlayInfoSet":[{"Url":"https://v.example.com/57.20","Definition":20,"Bitrate":9,"Height":100,"Width":200}]}}`,
			map[string]string{"57": "cover_url=https://v.example.com/57.jpg play_url=https://v.example.com/57.20 state=ready\nCoverBySnapshot 0: finished_at=2026-11-24T12:00:00Z status=SUCCESS task_id=t url=https://v.example.com/57.jpg\nTranscode 20: bitrate=9 finished_at=2026-11-24T12:00:00Z height=100 status=SUCCESS task_id=t url=https://v.example.com/57.20 width=200"}},
		{"2.0", `{"version":"2.0","eventType":"NewFileUpload","data":{"fileId":"9"}}`, nil},
		{"cast", `{"EventType":"MediaCastStatusChanged","MediaCastStatusChangedEvent":{"CastId":"c"}}`, nil},
		{"unknown kind", `{"EventType":"MadeUpComplete","MadeUpCompleteEvent":{"FileId":"9"}}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, []string{c.body}, c.want) })
	}
}

// Each Type of MediaProcessResultSet: good, and failed with a null Output.
func TestOutputsOfEachType(t *testing.T) {
	const good = `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"p-1","Status":"FINISH","FileId":"7","MediaProcessResultSet":[
{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","ErrCodeExt":"","ErrCode":0,"Message":"SUCCESS","Input":{"Definition":100},"Output":{"Url":"https://v/t","Size":5,"Width":3,"Height":4,"Bitrate":6,"Duration":1.5,"Container":"mp4","Md5":"x","Definition":100},"FinishTime":"2026-11-24T11:00:00Z"}},
{"Type":"AdaptiveDynamicStreaming","AdaptiveDynamicStreamingTask":{"Status":"SUCCESS","Input":{"Definition":12},"Output":{"Definition":12,"Package":"HLS","DrmType":"","Url":"https://v/a","Size":8,"SubStreamSet":[{"Type":"video","Width":320,"Height":240},{"Type":"video","Width":640,"Height":480}]},"FinishTime":"0000-00-00T00:00:00Z"}},
{"Type":"CoverBySnapshot","CoverBySnapshotTask":{"Status":"SUCCESS","Input":{"Definition":10},"Output":{"CoverUrl":"https://v/c"}}},
{"Type":"AnimatedGraphics","AnimatedGraphicTask":{"Status":"SUCCESS","Input":{"Definition":20000},"Output":{"Url":"https://v/g","Definition":20000,"Container":"gif","Height":1,"Width":2,"Size":3}}},
{"Type":"SnapshotByTimeOffset","SnapshotByTimeOffsetTask":{"Status":"SUCCESS","Input":{"Definition":31},"Output":{"Definition":31,"PicInfoSet":[{"TimeOffset":1,"Url":"https://v/s1"},{"Url":"https://v/s2"}]}}},
{"Type":"SampleSnapshot","SampleSnapshotTask":{"Status":"SUCCESS","Input":{"Definition":32},"Output":{"Definition":32,"ImageUrlSet":["https://v/i1","https://v/i2"]}}},
{"Type":"ImageSprites","ImageSpriteTask":{"Status":"SUCCESS","Input":{"Definition":33},"Output":{"Definition":33,"WebVttUrl":"https://v/w.vtt","ImageUrlSet":["https://v/sp"]}}}]}}`
	at := "finished_at=2026-11-24T12:00:00Z "
	head := "procedure_status=FINISH procedure_task_id=p-1 "
	check(t, []string{good}, map[string]string{"7": "cover_url=https://v/c play_url=https://v/a " + head + "state=ready\n" +
		"AdaptiveDynamicStreaming 12: container=HLS " + at + "height=480 size=8 status=SUCCESS task_id=p-1 url=https://v/a width=640\n" +
		"AnimatedGraphics 20000: container=gif " + at + "height=1 size=3 status=SUCCESS task_id=p-1 url=https://v/g width=2\n" +
		"CoverBySnapshot 10: " + at + "status=SUCCESS task_id=p-1 url=https://v/c\n" +
		"ImageSprites 33: " + at + "status=SUCCESS task_id=p-1 url=https://v/w.vtt\n" +
		"SampleSnapshot 32: " + at + "status=SUCCESS task_id=p-1 url=https://v/i1\n" +
		"SnapshotByTimeOffset 31: " + at + "status=SUCCESS task_id=p-1 url=https://v/s1\n" +
		"Transcode 100: bitrate=6 container=mp4 duration=1.5 finished_at=2026-11-24T11:00:00Z height=4 size=5 status=SUCCESS task_id=p-1 url=https://v/t width=3"})

	bad := `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"p-1","Status":"FINISH","FileId":"7","MediaProcessResultSet":[`
	var want []string
	for i, c := range [][2]string{{"AdaptiveDynamicStreaming", "AdaptiveDynamicStreamingTask"}, {"AnimatedGraphics", "AnimatedGraphicTask"}, {"CoverBySnapshot", "CoverBySnapshotTask"}, {"ImageSprites", "ImageSpriteTask"}, {"SampleSnapshot", "SampleSnapshotTask"}, {"SnapshotByTimeOffset", "SnapshotByTimeOffsetTask"}, {"Transcode", "TranscodeTask"}} {
		if i > 0 {
			bad += ","
		}
		bad += fmt.Sprintf(`{"Type":%q,%q:{"Status":"FAIL","ErrCodeExt":"","ErrCode":6000%d,"Message":"no","Input":{"Definition":9},"Output":null,"FinishTime":"0000-00-00T00:00:00Z"}}`, c[0], c[1], i)
		want = append(want, fmt.Sprintf("%s 9: error=6000%d: no %sstatus=FAIL task_id=p-1", c[0], i, at))
	}
	check(t, []string{bad + "]}}"}, map[string]string{"7": "error=60006: no " + head + "state=failed\n" + strings.Join(want, "\n")})
}

// FileDeleted of many files: some as a whole, some in parts, some in parts that
// nobody knows.
func TestDeletionOfManyFiles(t *testing.T) {
	var bodies []string
	for _, id := range []string{"9007199254740993", "9007199254740994", "9007199254740995", "9007199254740996", "9007199254740997"} {
		bodies = append(bodies, fmt.Sprintf(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":%s,"MediaBasicInfo":{"MediaUrl":"https://v/%[1]s","CoverUrl":"https://v/%[1]s.jpg"}}}`, id),
			fmt.Sprintf(`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"p-%s","Status":"FINISH","FileId":"%[1]s","FileUrl":"https://v/%[1]s","MediaProcessResultSet":[{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","Input":{"Definition":10},"Output":{"Definition":10,"Url":"https://v/%[1]s.10"}}},{"Type":"CoverBySnapshot","CoverBySnapshotTask":{"Status":"SUCCESS","Input":{"Definition":10},"Output":{"CoverUrl":"https://v/%[1]s.c"}}}]}}`, id))
	}
	bodies = append(bodies, `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["9007199254740993","9007199254740994",9007199254740995,"9007199254740996","9007199254740997"],"FileDeleteResultInfo":[
{"FileId":"9007199254740994","DeleteParts":[]},
{"FileId":9007199254740995,"DeleteParts":[{"Type":"TranscodeFiles","Definition":10}]},
{"FileId":"9007199254740996","DeleteParts":[{"Type":"OriginalFiles","Definition":0},{"Type":"TranscodeFiles","Definition":0}]},
{"FileId":"9007199254740997","DeleteParts":[{"Type":"MadeUpFiles","Definition":0}]}]}}`)
	gone := func(n int, id string) string {
		at := fmt.Sprintf("2026-11-24T12:%02d:00Z", n)
		return "deleted_at=2026-11-24T12:10:00Z procedure_status=FINISH procedure_task_id=p-" + id + " state=deleted\nCoverBySnapshot 10: finished_at=" + at + " status=DELETED task_id=p-" + id + "\nTranscode 10: finished_at=" + at + " status=DELETED task_id=p-" + id
	}
	check(t, bodies, map[string]string{
		"9007199254740993": gone(1, "9007199254740993"),
		"9007199254740994": gone(3, "9007199254740994"),
		"9007199254740995": "cover_url=https://v/9007199254740995.c media_url=https://v/9007199254740995 play_url=https://v/9007199254740995 procedure_status=FINISH procedure_task_id=p-9007199254740995 state=ready\nCoverBySnapshot 10: finished_at=2026-11-24T12:05:00Z status=SUCCESS task_id=p-9007199254740995 url=https://v/9007199254740995.c\nTranscode 10: finished_at=2026-11-24T12:05:00Z status=DELETED task_id=p-9007199254740995",
		"9007199254740996": "procedure_status=FINISH procedure_task_id=p-9007199254740996 state=known\nCoverBySnapshot 10: finished_at=2026-11-24T12:07:00Z status=DELETED task_id=p-9007199254740996\nTranscode 10: finished_at=2026-11-24T12:07:00Z status=DELETED task_id=p-9007199254740996",
		"9007199254740997": "cover_url=https://v/9007199254740997.c media_url=https://v/9007199254740997 play_url=https://v/9007199254740997.10 procedure_status=FINISH procedure_task_id=p-9007199254740997 state=ready\nCoverBySnapshot 10: finished_at=2026-11-24T12:09:00Z status=SUCCESS task_id=p-9007199254740997 url=https://v/9007199254740997.c\nTranscode 10: finished_at=2026-11-24T12:09:00Z status=SUCCESS task_id=p-9007199254740997 url=https://v/9007199254740997.10",
	})
}

// A publication to WeChat is gone with its files, whichever template they are of,
// and comes back with the next one.
func TestWechatPartsAreCleared(t *testing.T) {
	publish := func(url string) string {
		return fmt.Sprintf(`{"EventType":"WechatPublishComplete","WechatPublishCompleteEvent":{"TaskId":"w","Status":"FINISH","ErrCode":0,"FileId":"8","Definition":11,"WechatStatus":"SUCCESS","WechatUrl":%q}}`, url)
	}
	const mini = `{"EventType":"WechatMiniProgramPublishComplete","WechatMiniProgramPublishCompleteEvent":{"TaskId":"w","Status":"FINISH","ErrCode":0,"FileId":"8","PublishResult":"Pass"}}`
	const deleted = `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["8"],"FileDeleteResultInfo":[{"FileId":"8","DeleteParts":[{"Type":"WechatPublishFiles","Definition":11},{"Type":"WechatMiniProgramPublishFiles","Definition":20}]}]}}`
	for _, c := range []struct {
		name           string
		bodies         []string
		url, published string
	}{
		{"published", []string{publish("https://w/1"), mini}, "https://w/1", "Pass"},
		{"deleted", []string{publish("https://w/1"), mini, deleted}, "", ""},
		{"published again", []string{publish("https://w/1"), mini, deleted, publish("https://w/2")}, "https://w/2", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			events := told(t, c.bodies)
			for range 2 {
				m := fold(t, events, true)["8"]
				if m.Wechat.Value.Url != c.url || m.MiniProgram.Value != c.published {
					t.Errorf("%+v, %+v", m.Wechat, m.MiniProgram)
				}
				slices.Reverse(events)
			}
		})
	}
}
