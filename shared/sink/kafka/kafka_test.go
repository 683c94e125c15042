package kafka

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/event"
	"vodevents/shared/porttest"
)

const topic = "vod"

// cluster is a fake cluster that can be killed and brought back with its data.
type cluster struct {
	*kfake.Cluster
	options []kfake.Opt
	address string // of the first broker; it stays the same
	hang    atomic.Bool
}

func newCluster(t testing.TB, options ...kfake.Opt) *cluster {
	t.Helper()
	port := porttest.KeepT(t)
	c := &cluster{address: port.Address(), options: append([]kfake.Opt{
		kfake.NumBrokers(1), kfake.Ports(port.Number()), kfake.SeedTopics(3, topic), kfake.DataDir(t.TempDir()),
	}, options...)}
	c.start(t)
	t.Cleanup(c.Close)
	return c
}

func (c *cluster) start(t testing.TB) {
	t.Helper()
	k, err := kfake.NewCluster(c.options...)
	if err != nil {
		t.Fatal(err)
	}
	c.Cluster = k
	k.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		k.KeepControl()
		return nil, nil, c.hang.Load() // handled, and never answered
	})
}

func (c *cluster) open(t testing.TB) *Sink {
	t.Helper()
	s, err := Open("kafka://" + c.address + "/" + topic)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// records reads the topic from its beginning to its present end.
func (c *cluster) records(t testing.TB, options ...kgo.Opt) []*kgo.Record {
	t.Helper()
	ends := map[int32]int64{}
	for _, p := range c.PartitionInfos(topic) {
		if p.HighWatermark > 0 {
			ends[p.Partition] = p.HighWatermark
		}
	}
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(c.address), kgo.ConsumeTopics(topic)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var out []*kgo.Record
	for len(ends) > 0 {
		fetches := client.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			out = append(out, r)
			if r.Offset == ends[r.Partition]-1 {
				delete(ends, r.Partition)
			}
		})
	}
	return out
}

func TestKafka(t *testing.T) {
	delivertest.TestSink(t, func(t *testing.T) delivertest.Place {
		c := newCluster(t, kfake.BrokerConfigs(map[string]string{"message.max.bytes": "300000"}))
		return delivertest.Place{
			Open: func(t testing.TB) deliver.Sink { return c.open(t) },
			Received: func(t testing.TB) [][]byte {
				var out [][]byte
				for _, r := range c.records(t) {
					out = append(out, r.Value)
				}
				return out
			},
			Stop:  func(testing.TB) { c.Close() },
			Start: c.start,
			Hang: func(testing.TB) func() {
				c.hang.Store(true)
				return func() { c.hang.Store(false) }
			},
			Refused: func(t testing.TB) *event.Event { return incompressible(t, 400_000) },
		}
	})
}

// incompressible is an event as large for the broker as it looks.
func incompressible(t testing.TB, size int) *event.Event {
	t.Helper()
	noise := make([]byte, size)
	rand.Read(noise)
	e, err := event.Parse([]byte(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"big","Name":"`+
		base64.StdEncoding.EncodeToString(noise)+`"}}`), event.Origin{Mode: event.Normal})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestRecord(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	began := time.Now().Truncate(time.Millisecond)
	withSubject := delivertest.Event(t, "387702292285462759", 300)
	without, err := event.Parse([]byte(`{"EventType":"Unheard","Whatever":{"A":1}}`), event.Origin{Mode: event.Normal})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.open(t).Send(t.Context(), []*event.Event{withSubject, without})...); err != nil {
		t.Fatal(err)
	}
	records := c.records(t)
	if len(records) != 2 {
		t.Fatalf("got %d records, want 2", len(records))
	}
	for _, r := range records {
		e := without
		if r.Key != nil {
			e = withSubject
		}
		if string(r.Key) != e.Subject || string(r.Value) != string(e.AppendCloudEvent(nil)) || r.Timestamp.Before(began) || r.Timestamp.After(time.Now()) {
			t.Errorf("got key %q, time %v, value %s", r.Key, r.Timestamp, r.Value)
		}
		if len(r.Headers) != 1 || r.Headers[0].Key != "content-type" || string(r.Headers[0].Value) != "application/cloudevents+json; charset=UTF-8" {
			t.Errorf("got headers %v", r.Headers)
		}
	}
}

// Events of other calls share a batch of records with one that is too large,
// or together are too large; only who is to blame is refused.
func TestTooLargeTogether(t *testing.T) {
	t.Parallel()
	c := newCluster(t, kfake.SeedTopics(1, topic), kfake.BrokerConfigs(map[string]string{"message.max.bytes": "2000"}))
	s := c.open(t)
	events := delivertest.Events(t, 64) // each compresses to some 600 bytes
	for _, at := range []int{7, 40} {
		events[at] = incompressible(t, 3000)
	}
	events[50] = delivertest.Event(t, "beyond the client's own limit", maxRecord)
	for i, err := range s.Send(t.Context(), events) {
		if bad := i == 7 || i == 40 || i == 50; deliver.IsPermanent(err) != bad || (err != nil) != bad {
			t.Errorf("event %d: got error %v", i, err)
		}
	}
	if got := len(c.records(t)); got != 61 {
		t.Errorf("got %d records, want 61", got)
	}
}

// What the brokers get over by themselves is not seen, and makes no event
// come twice: after a lost answer the brokers know the batch again.
func TestHiccups(t *testing.T) {
	t.Parallel()
	for _, err := range []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.LeaderNotAvailable, kerr.NotEnoughReplicas,
		kerr.RequestTimedOut, kerr.NotEnoughReplicasAfterAppend, // these two after they wrote
	} {
		t.Run(err.Message, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			s := c.open(t)
			c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: err, Count: 2})
			events := delivertest.Events(t, 16)
			if err := errors.Join(s.Send(t.Context(), events)...); err != nil {
				t.Fatal(err)
			}
			if got := len(c.records(t)); got != 16 {
				t.Errorf("got %d records, want 16", got)
			}
		})
	}
}

// An error that somebody has to fix is ErrUnavailable, because it is no event's fault,
// and says what to do.
func TestAdvice(t *testing.T) {
	t.Parallel()
	produce, login := []kmsg.Key{kmsg.Produce}, kmsg.SASLAuthenticate.Int16()
	authenticated := kfake.Superuser("PLAIN", "ckafka-abc#me", "hush@1")
	for _, c := range []struct {
		name, user, topic string
		options           []kfake.Opt
		fault             *kfake.Fault
		login             *kerr.Error
		want              string
	}{
		{name: "topic", topic: "other", want: "create the topic"},
		{name: "write", fault: &kfake.Fault{Keys: produce, Err: kerr.TopicAuthorizationFailed, Count: -1}, want: "write to the topic"},
		{name: "idempotent", fault: &kfake.Fault{Keys: []kmsg.Key{kmsg.InitProducerID}, TopLevel: true, Err: kerr.ClusterAuthorizationFailed, Count: -1}, want: "IdempotentWrite"},
		{name: "password", user: "ckafka-abc%23me:hush@", options: []kfake.Opt{kfake.EnableSASL(), authenticated}, login: kerr.SaslAuthenticationFailed, want: "check user and password"},
		{name: "password, connection closed", user: "ckafka-abc%23me:hush@", options: []kfake.Opt{kfake.EnableSASL(), authenticated}, want: "check user, password"},
		{name: "no user", options: []kfake.Opt{kfake.EnableSASL(), authenticated}, want: "check user, password"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := newCluster(t, c.options...)
			if c.fault != nil {
				k.Fault(*c.fault)
			}
			if c.login != nil {
				k.ControlKey(login, func(r kmsg.Request) (kmsg.Response, error, bool) {
					k.KeepControl()
					answer := r.ResponseKind().(*kmsg.SASLAuthenticateResponse)
					answer.ErrorCode = c.login.Code
					return answer, nil, true
				})
			}
			s, err := Open("kafka://" + c.user + k.address + "/" + cmp.Or(c.topic, topic))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			err = s.Send(t.Context(), delivertest.Events(t, 1))[0]
			if !errors.Is(err, deliver.ErrUnavailable) || deliver.IsPermanent(err) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want an unavailable one with %q", err, c.want)
			} else if !strings.Contains(err.Error(), "kafka://"+k.address+":") || strings.Contains(err.Error(), "hush") {
				t.Errorf("the error must name scheme and host, and no more: %v", err)
			}
		})
	}
}

func TestSASL(t *testing.T) {
	t.Parallel()
	c := newCluster(t, kfake.EnableSASL(),
		kfake.Superuser("PLAIN", "ckafka-abc#me", "p@ss:/w0rd"),
		kfake.Superuser("SCRAM-SHA-256", "me", "256"),
		kfake.Superuser("SCRAM-SHA-512", "me", "512"))
	for _, format := range []string{
		"kafka://ckafka-abc%%23me:p%%40ss%%3A%%2Fw0rd@%s/vod",
		"kafka://ckafka-abc%%23me:p%%40ss%%3A%%2Fw0rd@%s/vod?sasl=plain",
		"kafka://me:256@%s/vod?sasl=scram-sha-256",
		"kafka://me:512@%s/vod?tls=false&sasl=scram-sha-512",
	} {
		s, err := Open(fmt.Sprintf(format, c.address))
		if err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		if err := s.Send(t.Context(), delivertest.Events(t, 1))[0]; err != nil {
			t.Errorf("%s: %v", format, err)
		}
		s.Close()
	}
}

func TestSeveralBrokers(t *testing.T) {
	t.Parallel()
	c := newCluster(t, kfake.NumBrokers(3), kfake.Ports(0, 0, 0), kfake.SeedTopics(6, topic))
	dead := porttest.KeepT(t)
	s, err := Open("kafka://" + dead.Address() + "," + strings.Join(c.ListenAddrs(), ",") + "/" + topic)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := errors.Join(s.Send(t.Context(), delivertest.Events(t, 32))...); err != nil {
		t.Error(err)
	}
}

// holdProduce holds each produce request until it may go on.
func (c *cluster) holdProduce() (held <-chan struct{}, goOn chan<- struct{}) {
	h, g := make(chan struct{}, 100), make(chan struct{})
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		h <- struct{}{}
		c.SleepControl(func() { <-g })
		return nil, nil, false
	})
	return h, g
}

// await waits until n records are on their way.
func (s *Sink) await(n int64) {
	s.mu.Lock()
	c := s.current
	s.mu.Unlock()
	for c.BufferedProduceRecords() < n {
		runtime.Gosched()
	}
}

func BenchmarkSend(b *testing.B) {
	c := newCluster(b)
	s := c.open(b)
	batches := make([][]*event.Event, 8)
	for i := range batches {
		batches[i] = delivertest.Events(b, 16)
	}
	b.ReportAllocs()
	for _, flight := range []int{1, 4, 8} {
		b.Run(fmt.Sprintf("%d in flight", flight), func(b *testing.B) {
			turn := make(chan struct{}, flight)
			for i := range b.N {
				turn <- struct{}{}
				go func() {
					if err := errors.Join(s.Send(context.Background(), batches[i%len(batches)])...); err != nil {
						b.Error(err)
					}
					<-turn
				}()
			}
			for range flight {
				turn <- struct{}{}
			}
			b.ReportMetric(16*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
