package kafka

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/event"
)

// A Send that gives up must not disturb the others, and what it leaves behind
// ends with the last of them.
func TestRetire(t *testing.T) {
	t.Parallel()
	c := newCluster(t, kfake.SleepOutOfOrder())
	s := c.open(t)
	if err := s.Send(t.Context(), delivertest.Events(t, 1))[0]; err != nil {
		t.Fatal(err)
	}
	first := s.current
	held, release := c.holdProduce()
	patient := make(chan error)
	go func() { patient <- s.Send(context.Background(), delivertest.Events(t, 1))[0] }()
	<-held
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		s.await(2)
		cancel()
	}()
	if err := s.Send(ctx, delivertest.Events(t, 1))[0]; !errors.Is(err, context.Canceled) {
		t.Errorf("impatient: got error %v", err)
	}
	s.mu.Lock()
	if s.current != nil || !first.retired || first.users != 1 {
		t.Errorf("the client was not retired: current %v, users %d", s.current, first.users)
	}
	s.mu.Unlock()
	close(release)
	if err := <-patient; err != nil {
		t.Errorf("patient: got error %v", err)
	}
	if err := first.Ping(t.Context()); !errors.Is(err, kgo.ErrClientClosed) {
		t.Errorf("the client runs on: got error %v", err)
	}
	if err := s.Send(t.Context(), delivertest.Events(t, 1))[0]; err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Records of several calls wait in one batch: a call that gives up on its own
// does not take along those of the others, and neither does CloseIdle.
func TestSharedBatch(t *testing.T) {
	t.Parallel()
	c := newCluster(t, kfake.SeedTopics(1, topic), kfake.SleepOutOfOrder())
	s := c.open(t)
	held, goOn := c.holdProduce()
	ctx, cancel := context.WithCancel(t.Context())
	patient, impatient := make(chan error), make(chan error)
	send := func(ctx context.Context, done chan<- error) { done <- s.Send(ctx, delivertest.Events(t, 1))[0] }
	go send(t.Context(), patient)
	<-held // and until it is answered nothing else goes out
	s.CloseIdle()
	go send(ctx, impatient)
	s.await(2)
	go send(t.Context(), patient)
	s.await(3)
	cancel()
	if err := <-impatient; !errors.Is(err, context.Canceled) {
		t.Errorf("impatient: got error %v", err)
	}
	close(goOn)
	for range 2 {
		if err := <-patient; err != nil {
			t.Errorf("patient: got error %v", err)
		}
	}
}

// Of a batch that was refused each record is tried alone, and not in one more
// batch with others of which one is to blame.
func TestRefusedTogether(t *testing.T) {
	t.Parallel()
	c := newCluster(t, kfake.SeedTopics(1, topic), kfake.SleepOutOfOrder(), kfake.BrokerConfigs(map[string]string{"message.max.bytes": "2000"}))
	s := c.open(t)
	held, goOn := c.holdProduce()
	good, bad := make(chan error), make(chan error)
	send := func(e *event.Event, done chan<- error) { done <- s.Send(t.Context(), []*event.Event{e})[0] }
	go send(delivertest.Event(t, "first", 300), good)
	<-held
	go send(incompressible(t, 3000), bad)
	go send(incompressible(t, 3000), bad)
	go send(delivertest.Event(t, "last", 300), good)
	s.await(4)
	goOn <- struct{}{} // the first
	<-held
	goOn <- struct{}{} // the other three, in one batch
	<-held
	<-time.After(20 * time.Millisecond) // for what should not come beside the one that is alone now
	close(goOn)
	for range 2 {
		if err := <-good; err != nil {
			t.Errorf("good: got error %v", err)
		}
		if err := <-bad; !deliver.IsPermanent(err) {
			t.Errorf("bad: got error %v", err)
		}
	}
}

// After a freeze the wall clock has moved on; no timer has fired.
func TestFreeze(t *testing.T) {
	t.Parallel()
	s := newCluster(t).open(t)
	now := time.Now()
	s.now = func() time.Time { return now }
	sends := func() *client {
		t.Helper()
		s.CloseIdle()
		if err := s.Send(t.Context(), delivertest.Events(t, 1))[0]; err != nil {
			t.Fatal(err)
		}
		return s.current
	}
	first := sends()
	now = now.Add(19 * time.Second)
	if sends() != first {
		t.Error("after 19 s there is a new client")
	}
	now = now.Add(20*time.Second + time.Millisecond)
	if sends() == first {
		t.Error("after 20 s there is still the old client")
	}
	if err := first.Ping(t.Context()); !errors.Is(err, kgo.ErrClientClosed) {
		t.Errorf("the old client runs on: got error %v", err)
	}
}
