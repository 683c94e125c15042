package vodfake

import (
	"container/list"
	"context"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"vodevents/shared/internal/api3"
)

// What VOD fixes (PullEvents 266/33433, ConfirmEvents 266/33434).
const (
	BatchSize = 16                 // events a PullEvents call, handles a ConfirmEvents call
	Hold      = 5 * time.Second    // the longest a PullEvents call waits for an event
	Lease     = 30 * time.Second   // the time to confirm, from the pull
	Retention = 4 * 24 * time.Hour // how long an event that nobody confirms is kept
	Rate      = 100                // calls a second of PullEvents, and of ConfirmEvents
)

// The credential that a Server accepts when Options.Credentials names none.
const (
	SecretId  = "fake-secret-id"
	SecretKey = "fake-secret-key"
)

// Credential is one pair of keys that a [Server] accepts: SecretId, SecretKey and
// Token. Temporary keys have a Token, and a call must carry exactly that token.
type Credential = api3.Credential

// SetCredentials replaces the accepted keys, as a rotation does. Calls that are
// signed with other keys are answered AuthFailure from now on.
func (s *Server) SetCredentials(c ...Credential) { s.keys.Set(c...) }

// Options of a [Server]. With the zero value it behaves as VOD is documented to
// behave. Each field states its default.
type Options struct {
	Alternatives
	Asking

	// Credentials are the keys that may sign calls. Default: one, SecretId and
	// SecretKey of this package.
	Credentials []Credential

	// ClockSkew is how far the Server's clock is ahead of its callers' when it
	// judges signatures. Beyond 5 min every call is answered
	// AuthFailure.SignatureExpire. Default: 0.
	ClockSkew time.Duration

	// SubAppIds are the applications that exist; any other is refused. Default:
	// every application exists.
	SubAppIds []uint64

	// Rate is how many calls of PullEvents are performed in any sliding second,
	// and how many of ConfirmEvents. Others are answered RequestLimitExceeded.
	// Negative: no action has a limit. Default: 100.
	Rate int

	// Latency is added to every answer, in real time. Default: 0.
	Latency time.Duration

	// Hold is how long a PullEvents call waits for an event, by the Server's
	// clock. A test that is not about the wait makes it short. Default: 5 s.
	Hold time.Duration

	// EventConfig is what every application starts with. Empty members have
	// VOD's defaults: Mode PUSH without a NotificationUrl, the switches OFF, no
	// SignKey. New panics on a value that ModifyEventConfig would refuse.
	EventConfig EventConfig

	// ConfigDelay is how long a change by ModifyEventConfig takes to have an
	// effect. For the real VOD it is about 10 min. Default: 0.
	ConfigDelay time.Duration

	// StateLag is how late the count of DescribeEventsState is. Negative: it is
	// exact. Default: 3 min.
	StateLag time.Duration

	// TaskTime is how long a simulated task takes by the Server's clock: an
	// upload, a pull, a procedure. Negative: no time. Default: 5 s.
	TaskTime time.Duration

	// CallbackTransport carries callbacks. Default: a transport of the Server's
	// own, with a new connection for each callback.
	CallbackTransport http.RoundTripper

	// Keep is how many calls are remembered, and how many events that were
	// confirmed, have expired or were answered. The oldest are forgotten first.
	// Default: 65,536.
	Keep int

	// Seed makes handles, ids and random faults repeatable. Default: 1.
	Seed uint64
}

// Alternatives choose what the stand-in does where VOD's documents do not say, or
// where VOD differs between accounts. They can be changed while a [Server] runs;
// see [Server.SetAlternatives].
type Alternatives struct {
	// SameHandle: an event keeps its handle from one delivery to the next.
	// Default: each delivery has a new one.
	SameHandle bool

	// ConfirmGood: a ConfirmEvents call that names a bad handle confirms the
	// good ones, and is still answered InvalidParameterValue. Default: none of
	// the group is confirmed.
	ConfirmGood bool

	// NullMembers: in each event PullEvents lists the payload members of all
	// other kinds as null, as the real one does. It applies to events that are
	// queued from now on. Default: they are left out.
	NullMembers bool

	// RequireSubAppId: calls that name no application are refused, as VOD does
	// for accounts that were opened since 2023-12-25. Default: such calls mean
	// application 0, the account's first.
	RequireSubAppId bool
}

// Alternatives returns those that the Server follows now.
func (s *Server) Alternatives() Alternatives {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opt.Alternatives
}

// SetAlternatives changes them.
func (s *Server) SetAlternatives(a Alternatives) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opt.Alternatives = a
}

// Server is the stand-in for VOD. It is safe for concurrent use. Make one with
// [New] or [RunT]. To use it in a testing/synctest bubble, make it in the bubble.
type Server struct {
	// URL is where a Server made by [RunT] listens: http://127.0.0.1:PORT.
	URL string

	opt    Options
	keys   api3.Keyring
	sender http.RoundTripper // of callbacks
	script api3.Script[*Call, Fault]

	mu       sync.Mutex
	offset   time.Duration // the moved clock minus the real one
	agenda   agenda
	lastSeq  uint64
	wake     *time.Timer // fires when the agenda's first entry is due
	wakeAt   time.Time
	rand     *rand.Rand
	lastID   uint64
	apps     map[uint64]*app
	events   map[string]*entry // by id
	handles  map[string]*entry // of running leases
	through  list.List         // *entry: confirmed, expired, answered; oldest first
	watchers []*func(Change)
	seq      uint64
	calls    callLog
	limits   map[string]*api3.Window
	faults   []Chance
	running  context.Context // until Close
	stop     context.CancelFunc
	pushes   sync.WaitGroup // callbacks that no caller waits for
}

// New makes a stand-in. It does not listen anywhere. Serve it, since it is an
// http.Handler, or call it through [Server.Transport].
func New(o Options) *Server {
	if o.Credentials == nil {
		o.Credentials = []Credential{{SecretId: SecretId, SecretKey: SecretKey}}
	}
	if o.Rate == 0 {
		o.Rate = Rate
	}
	if o.Hold == 0 {
		o.Hold = Hold
	}
	if o.Keep == 0 {
		o.Keep = 1 << 16
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.StateLag == 0 {
		o.StateLag = 3 * time.Minute
	}
	if o.TaskTime == 0 {
		o.TaskTime = 5 * time.Second
	}
	o.EventConfig = o.EventConfig.over(defaultConfig)
	if err := o.EventConfig.check(); err != nil {
		panic("vodfake: Options.EventConfig: " + err.Error())
	}
	s := &Server{
		opt:     o,
		sender:  o.CallbackTransport,
		rand:    rand.New(rand.NewPCG(o.Seed, 0)),
		apps:    map[uint64]*app{},
		events:  map[string]*entry{},
		handles: map[string]*entry{},
		limits:  map[string]*api3.Window{},
	}
	if s.sender == nil {
		s.sender = &http.Transport{DisableKeepAlives: true}
	}
	s.running, s.stop = context.WithCancel(context.Background())
	s.SetCredentials(o.Credentials...)
	return s
}

// RunT serves a stand-in on a free port of 127.0.0.1 until the test ends; see
// [Server].URL. Without options it behaves as VOD is documented to.
func RunT(t testing.TB, o ...Options) *Server {
	t.Helper()
	if len(o) > 1 {
		t.Fatal("vodfake: RunT takes at most one Options")
	}
	s := New(append(o, Options{})[0])
	listener := httptest.NewServer(s)
	s.URL = listener.URL
	t.Cleanup(func() {
		s.Close() // ends held polls, which listener.Close waits for
		listener.Close()
	})
	return s
}

// Close ends held polls, callbacks on their way and everything else that waits,
// and stops the clock's timer. Later calls are still answered, but nothing
// changes by itself any more.
func (s *Server) Close() {
	s.mu.Lock()
	s.stop()
	for _, a := range s.apps {
		for w := a.waiters.Front(); w != nil; w = a.waiters.Front() {
			s.release(w.Value.(*waiter))
		}
	}
	if s.wake != nil {
		s.wake.Stop()
	}
	s.mu.Unlock()
	s.pushes.Wait()
}

// Queue puts an event into the queue of an application, whatever the application's
// Mode is. It returns the id by which the Server knows the event. The body is a
// JSON object without EventHandle. PullEvents inserts the handle before its first
// member and keeps every other byte. A body that is not an object comes out
// unchanged and cannot be confirmed. The Server keeps body, so do not change it.
func (s *Server) Queue(subAppId uint64, body []byte) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, now := s.app(subAppId), s.now()
	s.tell(a, body, now)
	e := s.queue(a, body, now)
	s.rearm()
	return e.id
}
