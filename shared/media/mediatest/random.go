package mediatest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"vodevents/shared/event"
)

// chance makes events of three media by chance: uploads by both ways, runs and
// re-runs with failures, mode Change, part and whole deletions, reviews, re-reads,
// with and without FinishTimes.
type chance struct {
	*rand.Rand
	ids [3]string // the last one is deleted beside others
}

// Random makes n events.
func Random(seed uint64, n int) []*event.Event {
	ids := [3]string{"5285890000000000001", "5285890000000000002", "5285890000000000003"}
	return chance{rand.New(rand.NewPCG(seed, 1)), ids}.events(n)
}

// Bodies makes n bodies of VOD about the media of these FileIds. There are no
// re-reads among them, for those are not VOD's.
func Bodies(r *rand.Rand, ids [3]string, n int) (all []string) {
	c := chance{r, ids}
	for len(all) < n {
		if body := c.body(c.pick(ids[:]...)); !isReread(body) {
			all = append(all, body)
		}
	}
	return all
}

func isReread(body string) bool { return strings.HasPrefix(body, `{"FileId"`) }

func (c chance) pick(of ...string) string { return of[c.IntN(len(of))] }

func (c chance) time() string {
	if c.IntN(2) == 0 {
		return c.pick("", "0000-00-00T00:00:00Z")
	}
	return Start.Add(time.Duration(c.IntN(8)) * time.Minute).Format(time.RFC3339)
}

func (c chance) events(n int) (all []*event.Event) {
	for len(all) < n {
		received := Start.Add(time.Duration(c.IntN(8)) * time.Minute)
		body := c.body(c.ids[c.IntN(3)])
		if isReread(body) {
			e, err := event.ParseCloudEvent(fmt.Appendf(nil, `{"specversion":"1.0","id":"%032x","source":%q,"type":"com.tencent.cloud.vod.MediaRead","time":%q,"vodmode":"reconciled","data":%s}`,
				len(all), Source, received.Format(time.RFC3339), body))
			if err != nil {
				panic(err)
			}
			all = append(all, e)
			continue
		}
		e, err := event.Parse([]byte(body), event.Origin{Mode: event.Normal, SubAppId: 1500066000, Received: received})
		if err != nil {
			panic(err)
		}
		all = append(all, e)
	}
	return all
}

func (c chance) body(id string) string {
	name, task := c.pick("a", "b", "c"), c.pick("", "t1", "t2", "t3")
	switch c.IntN(8) {
	case 0:
		return fmt.Sprintf(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":%q,"MediaBasicInfo":{"Name":%q,"MediaUrl":"u/%[2]s","CoverUrl":"c/%[2]s"},"ProcedureTaskId":%[3]q}}`, id, name, task)
	case 1:
		return fmt.Sprintf(`{"EventType":"PullComplete","PullCompleteEvent":{"TaskId":"p","ErrCode":%d,"FileId":%s,"FileUrl":"pull/%s","ProcedureTaskId":%q,"SessionContext":%[3]q}}`, c.IntN(2), id, name, task)
	case 2:
		return fmt.Sprintf(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":[%q,%q],"FileDeleteResultInfo":[{"FileId":%[1]q,"DeleteParts":[{"Type":%[3]q,"Definition":%d}]},{"FileId":%[2]q,"DeleteParts":[%[5]s]}]}}`,
			id, c.ids[2], c.pick("OriginalFiles", "TranscodeFiles", "AdaptiveDynamicStreamingFiles", "Else"), c.IntN(3), c.pick("", `{"Type":"TranscodeFiles"}`, `{"Type":"TranscodeFiles"}`))
	case 3:
		return fmt.Sprintf(`{"EventType":"ReviewAudioVideoComplete","ReviewAudioVideoCompleteEvent":{"TaskId":%q,"Input":{"FileId":%q},"Output":{"Suggestion":%q,"Label":%q}}}`, task, id, c.pick("pass", "review", "block"), name)
	case 4:
		return fmt.Sprintf(`{"FileId":%q,"NotExist":%v,"BasicInfo":{"Name":%q},"TranscodeInfo":{"TranscodeSet":[{"Definition":%d,"Url":"read/%[3]s"}]}}`, id, c.IntN(4) == 0, name, c.IntN(3))
	default:
		var results []string
		for range c.IntN(4) {
			results = append(results, c.result())
		}
		return fmt.Sprintf(`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":%q,"Status":%q,"FileId":%q,"FileName":%q,"SessionContext":%[4]q,"MediaProcessResultSet":[%s]}}`,
			task, c.pick("PROCESSING", "FINISH", "FINISH"), id, name, strings.Join(results, ","))
	}
}

func (c chance) result() string {
	kind := c.pick("Transcode", "Transcode", "AdaptiveDynamicStreaming", "CoverBySnapshot")
	status, output := c.pick("PROCESSING", "SUCCESS", "SUCCESS", "FAIL"), "null"
	if status == "SUCCESS" {
		output = fmt.Sprintf(`{"Url":%q,"CoverUrl":%[1]q,"Height":%d,"DrmType":%q}`, c.pick("x", "y", "z"), c.IntN(3), c.pick("", "", "SimpleAES"))
		if kind == "CoverBySnapshot" {
			output = fmt.Sprintf(`{"CoverUrl":%q}`, c.pick("x", "y", "z"))
		}
	}
	return fmt.Sprintf(`{"Type":%q,"%[1]sTask":{"Status":%q,"ErrCodeExt":%q,"Input":{"Definition":%d},"Output":%s,"FinishTime":%q}}`,
		kind, status, map[string]string{"FAIL": c.pick("E1", "E2")}[status], c.IntN(2)+1, output, c.time())
}
