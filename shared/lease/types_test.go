package lease

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// Under faults of the API and of every sink, each event comes to all the sinks
// that want its type and to no other, and none is confirmed without that.
func TestEachEventComesToAllThatWantItAndToNoOther(t *testing.T) {
	for seed := range 10 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { runSorted(t, rand.New(rand.NewPCG(2, uint64(seed)))) })
		})
	}
}

var sortedKinds = []string{"NewFileUpload", "FileDeleted", "ProcedureStateChanged", "BrandNewEvent"}

func runSorted(t *testing.T, r *rand.Rand) {
	b := newBench(t, vodfake.Options{Latency: 10 * time.Millisecond, Seed: r.Uint64()})
	calm := time.Now().Add(3 * time.Minute)
	chance := &safeRand{r: r}
	faulty := func(p float64) bool { return time.Now().Before(calm) && chance.float() < p }
	kinds := []vodfake.FaultKind{vodfake.Status, vodfake.Lost, vodfake.Cut, vodfake.Duplicate, vodfake.Reorder, vodfake.Drop}
	b.Control("", func(*vodfake.Call) *vodfake.Fault {
		if !faulty(0.2) {
			return nil
		}
		return &vodfake.Fault{Kind: kinds[chance.n(len(kinds))]}
	})

	p := &deliver.Pipeline{Store: deliver.NewMemory(), MaxAttempts: 5, Types: map[deliver.Sink]event.Types{}}
	lists := []string{"NewFileUpload", "FileDeleted,NewFileUpload", "!NewFileUpload,BrandNewEvent"}
	sinks := make([]*ledger, len(lists))
	for i, list := range lists {
		types, err := event.ParseTypes(list)
		if err != nil {
			t.Fatal(err)
		}
		sinks[i] = &ledger{has: map[string]int64{}, faulty: func(float64) bool { return faulty(0.4) }}
		p.Sinks = append(p.Sinks, sinks[i])
		p.Types[sinks[i]] = types
	}

	const total = 200
	number := map[string]int{} // of an event, by its id in the stand-in
	for i := range total {
		id := b.Queue(0, fmt.Appendf(nil, `{"EventType":%q,"AnyEvent":{"FileId":"%d"}}`, sortedKinds[i%len(sortedKinds)], i))
		number[id] = i
	}
	confirmed := 0
	b.Watch(func(c vodfake.Change) {
		i, known := number[c.ID] // the second of a doubled event is not known
		if !known || c.State != vodfake.Confirmed {
			return
		}
		confirmed++
		for j, s := range sinks {
			kind := sortedKinds[i%len(sortedKinds)]
			if got, want := s.holds(fmt.Sprint(i)), p.Types[s].Has(kind); got != want {
				t.Errorf("%s %d is confirmed, and in the sink of types=%s: %t", kind, i, lists[j], got)
			}
		}
	})
	o := b.options()
	o.Deliver = p.Deliver
	unwanted := 0
	for time.Now().Before(calm.Add(3 * time.Minute)) {
		r := b.drain(50*time.Second, o)
		if unwanted += r.Unwanted; r.Pulled != r.Confirmed+r.Left || r.Parked > 0 {
			t.Errorf("got %+v", r)
		}
		time.Sleep(10 * time.Second) // of the bubble
	}
	if b.Pending(0) != 0 || confirmed != total || unwanted != total/len(sortedKinds) {
		t.Errorf("%d events are left, %d were confirmed, %d were unwanted", b.Pending(0), confirmed, unwanted)
	}
}

// holds tells whether an event about this subject has come.
func (l *ledger) holds(subject string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.has[subject] > 0
}
