package scffake

import (
	"context"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"vodevents/shared/internal/api3"
)

// The credential that a Server accepts when Options.Credentials names none, and
// the account that it belongs to.
const (
	SecretId  = "fake-secret-id"
	SecretKey = "fake-secret-key"
	AppId     = "1250000000"
	Uin       = "100000000001"
)

// What SCF fixes (583/11637, 583/18586).
const (
	MaxFunctions   = 50      // in a namespace
	MaxTriggers    = 10      // of one type, of one function
	MaxEnvironment = 4 << 10 // bytes of all keys and values of a function
	MaxEvent       = 6 << 20 // bytes of the event of a synchronous call
	MaxAsyncEvent  = 128 << 10
	MaxArgument    = 4 << 10 // bytes of a timer's CustomArgument (583/9708)
	MaxEips        = 5       // functions with a fixed exit address in a region
)

// Credential is one pair of keys that a [Server] accepts: SecretId, SecretKey and
// Token.
type Credential = api3.Credential

// Options of a [Server]. With the zero value it behaves as SCF is documented to
// behave, for an account that has activated SCF and CLS and has the roles
// SCF_QcsRole and SCF_ExecuteRole.
type Options struct {
	Alternatives

	// Credentials are the keys that may sign calls. Default: one, SecretId and
	// SecretKey of this package.
	Credentials []Credential

	// ClockSkew is how far the Server's clock is ahead of its callers' when it
	// judges signatures. Default: 0.
	ClockSkew time.Duration

	// StateTime is how long a function stays in Creating, Updating or Deleting,
	// by the Server's clock. Negative: no time. Default: 3 s.
	StateTime time.Duration

	// StatePolls, if it is not 0, replaces StateTime: that many answers of
	// GetFunction show the function busy. Then it is no longer busy.
	StatePolls int

	// URLPolls is how many answers of ListTriggers and GetFunction lack the URL
	// of a new http trigger, besides that of CreateTrigger. Default: 0, none.
	URLPolls int

	// CLS says what happens in an account that never activated the log service.
	CLS CLS

	// Roles are the roles that exist. Default: SCF_QcsRole and SCF_ExecuteRole,
	// with the policies QcloudAccessForScfRole and QcloudVODFullAccess.
	Roles []Role

	// Vpcs are the networks that exist, each as VPC/SUBNET. Default: all exist.
	Vpcs []string

	// Rate is the limit of calls a second of most actions. Negative: no action
	// has a limit. Default: 100.
	Rate int

	// RoleKeys are what a function with a role finds in TENCENTCLOUD_SECRETID
	// and its like. Default: the SecretId and SecretKey of this package, which
	// are also those of vodfake.
	RoleKeys Credential

	// Environment is added to the process environment of each function, as in
	// [os/exec.Cmd]. A function sees nothing of this process's environment.
	Environment []string

	// Log is given each line that a function writes, as it comes. It may be
	// called concurrently. [Server.Log] keeps them, too.
	Log func(function string, line []byte)

	// Seed makes ids and URLs repeatable. Default: 1.
	Seed uint64
}

// CLS is the state of an account's log service.
type CLS string

const (
	CLSOpen    CLS = ""              // the account has it
	CLSFails   CLS = "create failed" // a new function becomes CreateFailed; three third parties saw it
	CLSRefuses CLS = "refused"       // CreateFunction answers FailedOperation.ClsServiceUnregistered
)

// Alternatives choose what the stand-in does where the documents are silent. You can
// change them while a [Server] runs; see [Server.SetAlternatives].
type Alternatives struct {
	// MaxRequest is the largest request, in bytes. API 3.0 says 10 MB
	// (1130/46710), the texts of Code.ZipFile 50 MB and of ZipFile 20 MB.
	// Default: 10 MB.
	MaxRequest int

	// OtherCodes: errors that the pages list under two names have the second:
	// ResourceInUse.FunctionName, ResourceNotFound.FunctionName.
	// Default: ResourceInUse.Function, ResourceNotFound.Function.
	OtherCodes bool

	// BusyCode is the error of a write while the function is in a wrong state,
	// for example FailedOperation.FunctionStatusError,
	// FailedOperation.OperationConflict or ResourceInUse. Default:
	// FailedOperation and the name of the action.
	BusyCode string

	// Settle is how long after it became Active a function still refuses writes
	// as if it were busy, by the Server's clock. The Terraform provider waits
	// 3 s there. Default: 0.
	Settle time.Duration

	// OtherHash: CodeSha256 of GetFunctionAddress is not the SHA-256 of the zip
	// as it was uploaded. Default: it is.
	OtherHash bool

	// TriggersOpen: a trigger that is made without Enable is open. Default: it
	// is closed.
	TriggersOpen bool

	// KeepURL: an http trigger that is deleted and made again gets its old URL
	// back. Default: a new one.
	KeepURL bool

	// NoHTTPUpdate: UpdateTrigger refuses http, as its text says. Default: it
	// takes http, as the SDK of 2026-09 says.
	NoHTTPUpdate bool

	// BareCron: a timer's TriggerDesc comes back as it was sent. Default: as
	// {"cron":"…"}.
	BareCron bool

	// VpcStays: empty ids in VpcConfig do not take a function out of its VPC.
	// Default: they do.
	VpcStays bool

	// EmptyEnvironment: an empty list of Variables leaves the environment as it
	// is, and only one entry with an empty Key and Value clears it. Default:
	// both clear it.
	EmptyEnvironment bool

	// NullMembers: PublicNetConfig of GetFunction is null for a function that
	// has never been given one. Default: it is an object.
	NullMembers bool

	// AnyDescription: a Description may hold any character. Default: letters,
	// digits, space, comma, full stop, line break and Chinese (583/18580).
	AnyDescription bool

	// KeepInstances: instances that run already keep their variables after a
	// change of the configuration. Default: they are replaced.
	KeepInstances bool

	// PlainTrust: GetRole answers PolicyDocument as plain JSON. Default:
	// URL-encoded.
	PlainTrust bool

	// PublicURLs: function URLs have the documented form
	// https://APPID-ID.REGION.tencentscf.com, and only [Server.Transport]
	// reaches them. Default: http://127.0.0.1:PORT when the Server was made by
	// [Start], else as documented.
	PublicURLs bool
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

// Server is the stand-in for SCF and CAM. It is safe for concurrent use. Make one
// with [New], [Start] or [RunT], and end it with [Server.Close]; RunT does so itself.
type Server struct {
	// URL is where the API of a Server made by [Start] is: http://127.0.0.1:PORT.
	URL string

	opt      Options
	keys     api3.Keyring
	listener *httptest.Server // nil: it does not listen
	code     *codeStore
	script   api3.Script[*Call, Fault]

	mu        sync.Mutex
	offset    time.Duration // the moved clock minus the real one
	rand      *rand.Rand
	lastID    int
	functions map[place]*function
	objects   map[string][]byte       // of COS, by REGION/BUCKET/OBJECT
	oldURLs   map[string]string       // by function and qualifier, for KeepURL
	urls      map[string]*functionURL // by host and port
	runs      map[string]*run         // by FunctionRequestId
	cam       cam
	calls     []Call
	count     map[string]int
	limits    map[string]*api3.Window
	stopAfter *stopAfter
	running   context.Context // until Close
	stop      context.CancelFunc
	work      sync.WaitGroup // asynchronous invocations
}

// place is where a function is. There is only the namespace default.
type place struct{ region, name string }

// New makes a stand-in. It does not listen anywhere. Serve it, since it is an
// http.Handler, or call it through [Server.Transport].
func New(o Options) *Server {
	if o.Credentials == nil {
		o.Credentials = []Credential{{SecretId: SecretId, SecretKey: SecretKey}}
	}
	if o.StateTime == 0 {
		o.StateTime = 3 * time.Second
	}
	if o.Rate == 0 {
		o.Rate = 100
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Roles == nil {
		o.Roles = []Role{
			{Name: "SCF_QcsRole", Trust: scfTrust, Policies: []string{"QcloudAccessForScfRole"}},
			{Name: "SCF_ExecuteRole", Trust: scfTrust, Policies: []string{"QcloudVODFullAccess"}},
		}
	}
	if o.RoleKeys.SecretId == "" {
		o.RoleKeys = Credential{SecretId: SecretId, SecretKey: SecretKey}
	}
	s := &Server{
		opt:       o,
		code:      new(codeStore),
		rand:      rand.New(rand.NewPCG(o.Seed, 0)),
		functions: map[place]*function{},
		objects:   map[string][]byte{},
		oldURLs:   map[string]string{},
		urls:      map[string]*functionURL{},
		runs:      map[string]*run{},
		count:     map[string]int{},
		limits:    map[string]*api3.Window{},
		cam:       newCAM(o.Roles),
	}
	s.running, s.stop = context.WithCancel(context.Background())
	s.keys.Set(o.Credentials...)
	return s
}

// Start serves a stand-in on a free port of 127.0.0.1 until [Server.Close]; see
// [Server].URL. The function URLs that it gives out are on 127.0.0.1, too.
func Start(o Options) *Server {
	s := New(o)
	s.listener = httptest.NewUnstartedServer(s)
	// Do not log cut connections: tests cut hundreds.
	s.listener.Config.ErrorLog = log.New(discard{}, "", 0)
	s.listener.Start()
	s.URL = s.listener.URL
	return s
}

// RunT is [Start] with Close at the end of the test.
func RunT(t testing.TB, o ...Options) *Server {
	t.Helper()
	if len(o) > 1 {
		t.Fatal("scffake: RunT takes at most one Options")
	}
	s := Start(append(o, Options{})[0])
	t.Cleanup(s.Close)
	return s
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// Close ends the functions' instances, closes their URLs and removes the unpacked
// code. Do not call the Server after it.
func (s *Server) Close() {
	s.stop()
	if s.listener != nil {
		s.listener.Close()
	}
	s.mu.Lock()
	var ends []func()
	for _, f := range s.functions {
		if f.pool != nil {
			ends = append(ends, f.pool.Close)
		}
	}
	for _, u := range s.urls {
		ends = append(ends, u.close)
	}
	s.urls = map[string]*functionURL{}
	s.mu.Unlock()
	for _, end := range ends {
		end()
	}
	s.work.Wait()
	if s.code.dir != "" {
		os.RemoveAll(s.code.dir)
	}
}

// Put puts an object into COS, from where CreateFunction and UpdateFunctionCode
// take it. The bucket's name has no -APPID here; SCF adds it.
func (s *Server) Put(region, bucket, object string, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[region+"/"+bucket+object] = body
}

// Now returns the time of the Server's clock: the real time plus what
// [Server.FastForward] has added. States end by this clock. Signatures and rate limits
// use the real time, as the callers do.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// FastForward moves the clock.
func (s *Server) FastForward(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
}

func (s *Server) now() time.Time { return time.Now().Add(s.offset) }

var _ http.Handler = (*Server)(nil)
