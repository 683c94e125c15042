package event

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestCloudEvent(t *testing.T) {
	tests := map[string]struct {
		raw    string
		origin Origin
		park   *Parking
		want   string
	}{
		"callback": {
			raw:    `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5145403721233902989"],"Count":18446744073709551615,"Ratio":1.0}}`,
			origin: Origin{Mode: Normal, Received: received},
			want:   `{"specversion":"1.0","id":"@","source":"/tencentcloud/vod","type":"com.tencent.cloud.vod.FileDeleted","subject":"5145403721233902989","time":"2026-11-25T08:30:00.123Z","datacontenttype":"application/json","vodmode":"normal","data":{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5145403721233902989"],"Count":18446744073709551615,"Ratio":1.0}}}`,
		},
		"pulled from an application, parked": {
			raw:    `{"EventHandle":"h","EventType":"A\"中","P":{}}`,
			origin: Origin{Mode: Reliable, Received: received, SubAppId: 1490012345},
			park:   &Parking{"attempts", 5, `no "disk"`, "late\nand\u0085torn"},
			want:   `{"specversion":"1.0","id":"@","source":"/tencentcloud/vod/1490012345","type":"com.tencent.cloud.vod.A\"中","time":"2026-11-25T08:30:00.123Z","datacontenttype":"application/json","vodmode":"reliable","parkreason":"attempts","parkattempts":5,"parkfirsterror":"no \"disk\"","parklasterror":"late and torn","data":{"EventType":"A\"中","P":{}}}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e, err := Parse([]byte(tt.raw), tt.origin)
			if err != nil {
				t.Fatal(err)
			}
			e.Parking = tt.park
			got := e.AppendCloudEvent(nil)
			want := bytes.Replace([]byte(tt.want), []byte("@"), []byte(e.ID), 1)
			if !bytes.Equal(got, want) {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
			back, err := ParseCloudEvent(got)
			if err != nil {
				t.Fatal(err)
			}
			if again := back.AppendCloudEvent(nil); !bytes.Equal(again, got) {
				t.Errorf("read back\n got %s\nwant %s", again, got)
			}
		})
	}
}

// An event names the schema that its data fits, and no other: those with their
// payload elsewhere, of the 2.0 format or of a kind that is not known have none.
func TestDataSchema(t *testing.T) {
	const base = "https://example.com/vod/v1"
	tests := map[string]struct{ raw, want string }{
		"known":                   {`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5"}}`, `"dataschema":"https://example.com/vod/v1/NewFileUpload.json",`},
		"in an observed member":   {`{"EventType":"WechatMiniProgramPublishComplete","WechatMiniProgramPublishEvent":{}}`, `"dataschema":"https://example.com/vod/v1/WechatMiniProgramPublishComplete.json",`},
		"in a misspelled member":  {`{"EventType":"EditMediaComplete","EditMediaComplete":{}}`, ""},
		"in another kind's":       {`{"EventType":"NewFileUpload","FileDeleteEvent":{}}`, ""},
		"without its type":        {`{"FileUploadEvent":{"FileId":"5"}}`, ""},
		"without a payload":       {`{"EventType":"NewFileUpload","FileUploadEvent":"x"}`, ""},
		"of the 2.0 format":       {`{"version":"4.0","eventType":"NewFileUpload","data":{"fileId":"5"}}`, ""},
		"of a kind not yet known": {`{"EventType":"Tomorrow","TomorrowEvent":{}}`, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e, err := Parse([]byte(tt.raw), Origin{Mode: Normal, Received: received})
			if err != nil {
				t.Fatal(err)
			}
			if got := e.AppendCloudEvent(nil); bytes.Contains(got, []byte("dataschema")) {
				t.Errorf("without a base: %s", got)
			}
			e.SchemaBase = base
			got := e.AppendCloudEvent(nil)
			if tt.want == "" && bytes.Contains(got, []byte("dataschema")) || !bytes.Contains(got, []byte(tt.want)) {
				t.Errorf("got %s", got)
			}
			back, err := ParseCloudEvent(got)
			if err != nil {
				t.Fatal(err)
			}
			if again := back.AppendCloudEvent(nil); !bytes.Equal(again, got) {
				t.Errorf("read back as %s", again)
			}
		})
	}
}

func TestCloudEventTime(t *testing.T) {
	e, err := Parse([]byte(`{"EventType":"X","P":{}}`), Origin{Received: received.Add(456_789).In(time.FixedZone("", 8*3600))})
	if got := e.AppendCloudEvent(nil); err != nil || !bytes.Contains(got, []byte(`"time":"2026-11-25T08:30:00.123Z"`)) {
		t.Errorf("error %v, got %s", err, got)
	}
}

func TestParseCloudEventKeepsID(t *testing.T) {
	for _, raw := range []string{
		`{"EventType":"RestoreMediaComplete","RestoreMediaCompleteEvent":{"FileId":"1"}}`,
		`{"EventHandle":"7","cut`,
		`[1]`,
		`{}`,
	} {
		e, _ := Parse([]byte(raw), Origin{Mode: Reliable, Received: received})
		back, err := ParseCloudEvent(e.AppendCloudEvent(nil))
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if back.ID != e.ID || back.Type != e.Type || !back.StableID {
			t.Errorf("%s: came back as %s %s, stable %v", raw, back.Type, back.ID, back.StableID)
		}
	}
}

// good is a CloudEvent that is read back if id and mode are right.
func good(id, mode string) string {
	return `{"specversion":"1.0","id":"` + id + `","source":"/tencentcloud/vod","type":"com.tencent.cloud.vod.X","vodmode":"` + mode + `","data":{"EventType":"X"}}`
}

// What the project writes beside the events of VOD, and the attributes that only
// some have, come back as they were.
func TestParseCloudEventTakes(t *testing.T) {
	const head = `{"specversion":"1.0","id":"0123456789abcdef0123456789abcdef","source":"/tencentcloud/vod/7","type":"com.tencent.cloud.vod.`
	for _, line := range []string{
		head + `X","time":"2026-11-25T08:30:00Z","datacontenttype":"application/json","vodmode":"reconciled","data":{"EventType":"X"}}`,
		head + `MediaRead","time":"2026-11-25T08:30:00Z","datacontenttype":"application/json","vodmode":"reconciled","data":{"FileId":"1","NotExist":true}}`,
		head + `X","time":"2026-11-25T08:30:00Z","datacontenttype":"application/json","vodmode":"normal","vodverified":false,"data":{"EventType":"X"}}`,
		head + `X","time":"2026-11-25T08:30:00Z","datacontenttype":"application/json","vodmode":"normal","vodverified":true,"data":{"EventType":"X"}}`,
		head + `X","time":"2026-11-25T08:30:00Z","datacontenttype":"application/json","vodmode":"normal","rawdata":"` +
			base64.StdEncoding.EncodeToString([]byte("{\"EventType\":\"X\",\"P\":\"\xfe\"}")) + `","data":{"EventType":"X","P":"�"}}`,
	} {
		e, err := ParseCloudEvent([]byte(line))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if again := string(e.AppendCloudEvent(nil)); again != line {
			t.Errorf("\n got %s\nwant %s", again, line)
		}
	}
}

func TestParseCloudEventRefuses(t *testing.T) {
	for _, line := range []string{
		``, `{}`, `null`, `x`, `{"level":"INFO"}`,
		`{"specversion":"1.0","id":"0123456789abcdef0123456789abcdef","vodmode":"normal","source":"/other","type":"com.tencent.cloud.vod.X","data":{"EventType":"X"}}`,
		`{"specversion":"1.0","id":"0123456789abcdef0123456789abcdef","vodmode":"normal","source":"/tencentcloud/vod/x","type":"com.tencent.cloud.vod.X","data":{"EventType":"X"}}`,
		`{"specversion":"1.0","id":"0123456789abcdef0123456789abcdef","vodmode":"normal","source":"/tencentcloud/vod","type":"com.example.X","data":{"EventType":"X"}}`,
		`{"specversion":"1.0","id":"0123456789abcdef0123456789abcdef","vodmode":"normal","source":"/tencentcloud/vod","type":"com.tencent.cloud.vod.X","data":{}}`,
		`{"specversion":"1.0","id":"0123456789abcdef0123456789abcdef","vodmode":"normal","source":"/tencentcloud/vod","type":"com.tencent.cloud.vod.X"}`,
		good(`0123456789abcdef0123456789abcde`, `normal`),
		good(`0123456789ABCDEF0123456789abcdef`, `normal`),
		good(`","type":"com.example.Other","x":"`, `normal`),
		good(`01234567890123456789\",\"type\":\"x`, `normal`),
		good(`0123456789abcdef0123456789abcdef`, ``),
		good(`0123456789abcdef0123456789abcdef`, `pulled`),
		good(`0123456789abcdef0123456789abcdef`, `normal\",\"type\":\"x`),
		strings.Replace(good(`0123456789abcdef0123456789abcdef`, `normal`), `/vod"`, `/vod/0"`, 1),
		strings.Replace(good(`0123456789abcdef0123456789abcdef`, `normal`), `/vod"`, `/vod7"`, 1),
		strings.Replace(good(`0123456789abcdef0123456789abcdef`, `normal`), `"data"`, `"rawdata":"?","data"`, 1),
		strings.Replace(good(`0123456789abcdef0123456789abcdef`, `normal`), `"data"`, `"rawdata":"e30=","data"`, 1),
		strings.Replace(good(`0123456789abcdef0123456789abcdef`, `normal`), `"data"`, `"time":"9999-12-31T23:59:59-14:00","data"`, 1),
	} {
		if e, err := ParseCloudEvent([]byte(line)); !errors.Is(err, ErrNotCloudEvent) || e != nil {
			t.Errorf("%s: event %v, error %v", line, e, err)
		}
	}
}
