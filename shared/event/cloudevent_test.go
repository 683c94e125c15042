package event

import (
	"bytes"
	"errors"
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

func TestParseCloudEventRefuses(t *testing.T) {
	for _, line := range []string{
		``, `{}`, `null`, `x`, `{"level":"INFO"}`,
		`{"specversion":"1.0","id":"a","source":"/other","type":"com.tencent.cloud.vod.X","data":{"EventType":"X"}}`,
		`{"specversion":"1.0","id":"a","source":"/tencentcloud/vod/x","type":"com.tencent.cloud.vod.X","data":{"EventType":"X"}}`,
		`{"specversion":"1.0","id":"a","source":"/tencentcloud/vod","type":"com.example.X","data":{"EventType":"X"}}`,
		`{"specversion":"1.0","id":"a","source":"/tencentcloud/vod","type":"com.tencent.cloud.vod.X","data":{}}`,
		`{"specversion":"1.0","id":"a","source":"/tencentcloud/vod","type":"com.tencent.cloud.vod.X"}`,
	} {
		if e, err := ParseCloudEvent([]byte(line)); !errors.Is(err, ErrNotCloudEvent) || e != nil {
			t.Errorf("%s: event %v, error %v", line, e, err)
		}
	}
}
