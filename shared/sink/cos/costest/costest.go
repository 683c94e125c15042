// Package costest runs an S3 server within a test or a benchmark: gofakes3 behind
// a listener on 127.0.0.1, with one bucket in memory. It can be stopped, made to
// hang and started again at its address, and it keeps its objects meanwhile.
//
// It does not check signatures.
package costest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"vodevents/shared/porttest"
)

// Bucket is the name of the bucket, as COS has them.
const Bucket = "archive-1250000000"

// Server is a running S3.
type Server struct {
	// Answer, if it is set, may answer a request before S3 does; it returns
	// false to let it pass. Set it before the first request.
	Answer func(w http.ResponseWriter, r *http.Request) bool

	// Latency is how long each request waits before it is looked at. Set it
	// before the first request.
	Latency time.Duration

	backend *s3mem.Backend
	s3      http.Handler
	port    porttest.Port

	mu     sync.Mutex
	server *http.Server
	served chan struct{}
	hang   chan struct{}  // closed or nil: answer
	order  map[string]int // of keys, by their first PUT
}

// Run starts a server with an empty bucket. The caller must Close it.
func Run() (*Server, error) {
	s := &Server{backend: s3mem.New(), order: map[string]int{}}
	s.s3 = gofakes3.New(s.backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	if err := s.backend.CreateBucket(Bucket); err != nil {
		return nil, err
	}
	var err error
	if s.port, err = porttest.Keep(); err != nil {
		return nil, err
	}
	if err := s.Start(); err != nil {
		return nil, errors.Join(err, s.port.Close())
	}
	return s, nil
}

// RunT starts a server that ends with the test.
func RunT(t testing.TB) *Server {
	t.Helper()
	s, err := Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// URL is that of a sink or a table on this server: cos://… with static keys. It
// ends with parameters, so more may follow behind &.
func (s *Server) URL(prefix string) string {
	return "cos://AKIDtest:s3cretKey@" + Bucket + "/" + prefix + "?region=ap-guangzhou&endpoint=http://" + s.Address()
}

// Address is host and port.
func (s *Server) Address() string { return s.port.Address() }

// Start starts the server, again at its address if it ran before.
func (s *Server) Start() error {
	l, err := s.port.Listen()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server, s.served = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}, make(chan struct{})
	go func(server *http.Server, served chan struct{}) {
		_ = server.Serve(l) // it ends with Close
		close(served)
	}(s.server, s.served)
	return nil
}

// Stop ends the server as a kill would: connections break, new ones are refused.
func (s *Server) Stop() {
	s.mu.Lock()
	server, served := s.server, s.served
	s.mu.Unlock()
	server.Close()
	<-served
}

// Close ends the server for good.
func (s *Server) Close() {
	s.release()
	s.Stop()
	_ = s.port.Close() // nothing is lost with it
}

// Hang makes the server take requests and not answer, until release is called.
func (s *Server) Hang() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hang = make(chan struct{})
	return s.release
}

func (s *Server) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hang != nil {
		close(s.hang)
		s.hang = nil
	}
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // only then the server notices that a client is gone
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	hang := s.hang
	s.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-r.Context().Done():
			return
		}
	}
	if s.Latency > 0 {
		time.Sleep(s.Latency)
	}
	if s.Answer != nil && s.Answer(w, r) {
		return
	}
	s.s3.ServeHTTP(w, r)
	if r.Method == http.MethodPut {
		s.mu.Lock()
		key := strings.TrimPrefix(r.URL.Path, "/"+Bucket+"/")
		if _, known := s.order[key]; !known {
			s.order[key] = len(s.order)
		}
		s.mu.Unlock()
	}
}

// Refuse answers a request as S3 refuses one.
func Refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	body := struct {
		XMLName                            xml.Name `xml:"Error"`
		Code, Message, Resource, RequestId string
	}{Code: code, Message: "quoting AKIDtest and what it was", Resource: "/hush", RequestId: "NTk5MzU5Nzdf"}
	_ = xml.NewEncoder(w).Encode(body)
}

// Keys are the keys of all objects, sorted.
func (s *Server) Keys() (keys []string, err error) {
	list, err := s.backend.ListBucket(Bucket, nil, gofakes3.ListBucketPage{})
	if err != nil {
		return nil, err
	}
	for _, c := range list.Contents {
		keys = append(keys, c.Key)
	}
	slices.Sort(keys)
	return keys, nil
}

// Get is the content of an object.
func (s *Server) Get(key string) ([]byte, error) {
	o, err := s.backend.GetObject(Bucket, key, nil)
	if err != nil {
		return nil, err
	}
	defer o.Contents.Close()
	return io.ReadAll(o.Contents)
}

// Put makes an object, or changes it.
func (s *Server) Put(key string, text []byte) error {
	r, err := http.NewRequest(http.MethodPut, "/"+Bucket+"/"+key, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Length", strconv.Itoa(len(text))) // gofakes3 reads the header
	w := httptest.NewRecorder()
	s.s3.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return fmt.Errorf("costest: PUT %s: %d", key, w.Code)
	}
	return nil
}

// Contents are the objects in the order in which they were first put.
func (s *Server) Contents() (texts [][]byte, err error) {
	keys, err := s.Keys()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	slices.SortFunc(keys, func(a, b string) int { return s.order[a] - s.order[b] })
	s.mu.Unlock()
	for _, key := range keys {
		text, err := s.Get(key)
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}
