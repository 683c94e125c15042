package kafka

import (
	"errors"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/event"
)

// A broker such as CLS: PLAIN with a # in the password, no TLS, no idempotent
// producer, no zstd.
func TestBrokerThatKnowsLess(t *testing.T) {
	t.Parallel()
	c := newCluster(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "logset-1", "AKIDx#s3cret"))
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.InitProducerID}, TopLevel: true, Err: kerr.UnsupportedVersion, Count: -1})
	codecs := c.watchCodecs()
	address := "kafka://logset-1:AKIDx%23s3cret@" + c.address + "/" + topic
	s, err := Open(address)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), delivertest.Events(t, 1))[0]; err == nil || !strings.Contains(err.Error(), "add idempotent=false") {
		t.Errorf("without the parameter: %v", err)
	}
	s.Close()
	if s, err = Open(address + "?idempotent=false&compression=lz4"); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 3 {
		if err := errors.Join(s.Send(t.Context(), compressible(t))...); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(c.PartitionInfos(topic)); n == 0 {
		t.Error("there is no topic")
	}
	for len(codecs) > 0 {
		if codec := <-codecs; codec != 3 {
			t.Errorf("a batch came with codec %d, want lz4", codec)
		}
	}
}

// compression= says how batches are compressed; zstd only if it is asked for.
func TestCompression(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	codecs := c.watchCodecs()
	for query, want := range map[string]int{
		"": 2, "?compression=none": 0, "?compression=gzip": 1, "?compression=snappy": 2, "?compression=lz4": 3, "?compression=zstd": 4,
	} {
		s, err := Open("kafka://" + c.address + "/" + topic + query)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.Send(t.Context(), compressible(t))...); err != nil {
			t.Errorf("%s: %v", query, err)
		}
		s.Close()
		if len(codecs) == 0 {
			t.Errorf("%s: no batch came", query)
		}
		for len(codecs) > 0 {
			if codec := <-codecs; codec != want {
				t.Errorf("%s: a batch came with codec %d, want %d", query, codec, want)
			}
		}
	}
}

// compressible is an event that any codec makes smaller.
func compressible(t *testing.T) []*event.Event {
	t.Helper()
	return []*event.Event{delivertest.Event(t, strings.Repeat("a", 20), 4000)}
}

// watchCodecs notes with which codec each batch comes: the lowest three bits of
// the attributes of a record batch, which stand at its bytes 21 and 22.
func (c *cluster) watchCodecs() <-chan int {
	codecs := make(chan int, 100)
	c.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		for _, topic := range r.(*kmsg.ProduceRequest).Topics {
			for _, p := range topic.Partitions {
				if len(p.Records) > 22 {
					codecs <- int(p.Records[22] & 7)
				}
			}
		}
		return nil, nil, false
	})
	return codecs
}
