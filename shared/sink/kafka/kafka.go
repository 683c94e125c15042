package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/semaphore"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/internal/backoff"
	"vodevents/shared/internal/keepalive"
)

const (
	// The client's own limits for a dial, an answer to a request, the
	// acknowledgement of all replicas, and all its tries of one request. The
	// context of Send mostly ends them earlier.
	dialTime    = 4 * time.Second
	requestTime = 4 * time.Second
	ackTime     = 6 * time.Second
	retryTime   = 6 * time.Second

	// maxRecord is the most that this side lets a record be; the brokers have
	// their own limit (max.message.bytes, 1 MB unless configured). An SCF
	// trigger event has at most 6 MB.
	maxRecord = 8 << 20
)

var (
	errClosed  = errors.New("the sink is closed")
	errPending = errors.New("no result yet") // never returned

	// headers are those of CloudEvents' Kafka binding for structured mode.
	headers = []kgo.RecordHeader{{Key: "content-type", Value: []byte("application/cloudevents+json; charset=UTF-8")}}
)

// Sink produces to one topic.
type Sink struct {
	name    string // scheme and hosts, for messages
	options []kgo.Opt
	now     func() time.Time

	mu       sync.Mutex
	current  *client // nil until it is needed
	lastUsed time.Time
	closed   bool
}

// client is a Kafka client with its users, the calls of Send in flight. A
// record that was handed to it cannot be taken back. So when a Send gives up
// on one the client is retired: nobody uses it any more, and the last of its
// users closes it, which ends everything it had running.
type client struct {
	*kgo.Client
	users   int  // guarded by Sink.mu
	retired bool // guarded by Sink.mu

	// turns lets all produce at a time, or one alone.
	turns *semaphore.Weighted

	// dial is how the last connection attempt failed, nil if it did not: the
	// client itself tries again and says nothing.
	dial *lastDial
}

type lastDial struct{ err atomic.Pointer[error] }

func (d *lastDial) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err == nil {
		d.err.Store(nil)
	} else {
		d.err.Store(&err)
	}
}

// ended is why ctx ended, and what the client was busy with.
func (c *client) ended(ctx context.Context) error {
	err := fmt.Errorf("no answer in time: %w", context.Cause(ctx))
	if dial := c.dial.err.Load(); dial != nil {
		return fmt.Errorf("%w: %w", err, *dial)
	}
	return err
}

const everyTurn = 1 << 20

func newSink(name string, options []kgo.Opt) *Sink {
	options = append([]kgo.Opt{
		kgo.ClientID("vodevents"),
		kgo.DisableClientMetrics(),
		kgo.RequiredAcks(kgo.AllISRAcks()), // and idempotent, the client's default, unless the URL says otherwise
		kgo.ProducerLinger(0),              // Send waits, so there is nothing to linger for
		kgo.ProducerBatchMaxBytes(maxRecord),

		// Send tries once, but a new leader is found within the try: the idempotent
		// producer then knows what the old one had, while a new Send would not.
		kgo.RecordRetries(3),
		kgo.UnknownTopicRetries(2),
		kgo.RequestRetries(1),
		kgo.RetryTimeout(retryTime),
		kgo.RetryBackoffFn(func(failures int) time.Duration {
			return backoff.Pause(failures, 50*time.Millisecond, 800*time.Millisecond)
		}),
		kgo.MetadataMinAge(100 * time.Millisecond),
		kgo.MetadataMaxAge(time.Hour), // the longest: nothing is to run between invocations

		kgo.DialTimeout(dialTime),
		kgo.ProduceRequestTimeout(ackTime),
		kgo.RequestTimeoutOverhead(requestTime),
		kgo.ConnIdleTimeout(keepalive.Limit),
	}, options...)
	return &Sink{name: name, options: options, now: time.Now}
}

// Send produces the batch and waits until all in-sync replicas have it. Events
// of one subject keep their order.
//
// An event that the brokers refuse as too large or invalid is permanent. Every
// other failure is unavailable: an unknown topic and a wrong password too, for
// they are no event's fault.
func (s *Sink) Send(ctx context.Context, events []*event.Event) []error {
	if len(events) == 0 {
		return nil
	}
	if ctx.Err() != nil {
		return s.unavailable(len(events), ctx.Err())
	}
	c, err := s.enter()
	if err != nil {
		return s.unavailable(len(events), err)
	}
	errs, complete := c.produce(ctx, events, 1)
	for i, err := range errs {
		if refused(err) {
			// The brokers refused a batch of records, which may hold others, also of
			// other calls. Sent alone, the record at fault shows. It then comes after
			// later ones of its subject.
			one, ok := c.produce(ctx, events[i:i+1], everyTurn)
			complete = complete && ok
			if errs[i] = one[0]; refused(errs[i]) {
				errs[i] = deliver.Permanent(fmt.Errorf("%s: %w", s.name, errs[i]))
				continue
			}
		}
		if errs[i] != nil {
			errs[i] = s.unavailable(1, errs[i])[0]
		}
	}
	s.leave(c, complete)
	return errs
}

// produce returns an error or nil for each event, and whether all of them came
// to an end: if not, the client still has some and must be retired.
func (c *client) produce(ctx context.Context, events []*event.Event, turns int64) (errs []error, complete bool) {
	if c.turns.Acquire(ctx, turns) != nil {
		return deliver.FailAll(len(events), c.ended(ctx)), true
	}
	defer c.turns.Release(turns)
	type result struct {
		i   int
		err error
	}
	results := make(chan result, len(events)) // nobody may be there to receive
	for i, e := range events {
		// A record's own context would fail the records of others with it, those
		// that wait for the same partition.
		c.TryProduce(context.Background(), record(e), func(_ *kgo.Record, err error) { results <- result{i, err} })
	}
	errs = deliver.FailAll(len(events), errPending)
	for range events {
		select {
		case r := <-results:
			errs[r.i] = r.err
		case <-ctx.Done():
			err := c.ended(ctx)
			for i := range errs {
				if errs[i] == errPending {
					errs[i] = err
				}
			}
			return errs, false
		}
	}
	return errs, true
}

// record returns an event in structured mode, keyed by its subject.
func record(e *event.Event) *kgo.Record {
	r := &kgo.Record{Value: e.AppendCloudEvent(nil), Headers: headers}
	if e.Subject != "" {
		r.Key = []byte(e.Subject)
	}
	return r
}

// refused tells whether brokers or client will never take a batch with this
// record.
func refused(err error) bool {
	return errors.Is(err, kerr.MessageTooLarge) || errors.Is(err, kerr.RecordListTooLarge) || errors.Is(err, kerr.InvalidRecord)
}

// advice says what to do about the errors that need somebody to do something.
var advice = []struct {
	err  error
	text string
}{
	{kerr.UnknownTopicOrPartition, "create the topic or correct its name in the URL"},
	{kerr.TopicAuthorizationFailed, "allow this user to write to the topic"},
	{kerr.ClusterAuthorizationFailed, "allow this user IdempotentWrite on the cluster, or add idempotent=false"},
	{kerr.UnsupportedVersion, "if the broker knows no idempotent producer, add idempotent=false"},
	{kerr.UnsupportedCompressionType, "choose another compression="},
	{kerr.SaslAuthenticationFailed, "check user and password; CKafka's user is INSTANCE%23USER"},
	{kerr.UnsupportedSaslMechanism, "choose another mechanism with ?sasl="},
	{io.EOF, "if it goes on, check user, password, sasl and tls of the URL"},
}

func (s *Sink) unavailable(n int, err error) []error {
	for _, a := range advice {
		if errors.Is(err, a.err) {
			err = fmt.Errorf("%w (%s)", err, a.text)
			break
		}
	}
	return deliver.FailAll(n, deliver.Unavailable(fmt.Errorf("%s: %w", s.name, err), 0))
}

func (s *Sink) enter() (*client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if s.current == nil {
		dial := new(lastDial)
		k, err := kgo.NewClient(append(slices.Clip(s.options), kgo.WithHooks(dial))...) // does not connect yet
		if err != nil {
			return nil, err
		}
		s.current = &client{Client: k, turns: semaphore.NewWeighted(everyTurn), dial: dial}
	}
	s.current.users++
	return s.current, nil
}

func (s *Sink) leave(c *client, complete bool) {
	s.mu.Lock()
	s.lastUsed = s.now()
	if !complete {
		s.retire(c)
	}
	c.users--
	last := c.retired && c.users == 0
	s.mu.Unlock()
	if last {
		c.Close()
	}
}

func (s *Sink) retire(c *client) {
	c.retired = true
	if s.current == c {
		s.current = nil
	}
}

// CloseIdle closes the client if it was not used for [keepalive.Limit].
func (s *Sink) CloseIdle() {
	s.mu.Lock()
	c := s.current
	if c == nil || c.users > 0 || !keepalive.IsStale(s.lastUsed, s.now()) {
		s.mu.Unlock()
		return
	}
	s.retire(c)
	s.mu.Unlock()
	c.Close()
}

// Close closes the client. A Send that is under way fails.
func (s *Sink) Close() error {
	s.mu.Lock()
	s.closed = true
	c := s.current
	if c != nil {
		c.users++ // so that nobody else closes it
		s.retire(c)
	}
	s.mu.Unlock()
	if c != nil {
		c.Close()
	}
	return nil
}
