package scf

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func of(body io.Reader, length int64) *http.Request {
	return &http.Request{ContentLength: length, Body: io.NopCloser(body)}
}

// Bodies that fill the room keep others waiting, whole or not, until one is done.
func TestABodyWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(10_000)
		first := &share{of: r}
		if _, err := first.read(t.Context(), of(bytes.NewReader(make([]byte, 9000)), 9000)); err != nil {
			t.Fatal(err)
		}
		over := &share{of: r} // there is always one that may go on
		if body, err := over.read(t.Context(), of(bytes.NewReader(make([]byte, 9000)), 9000)); len(body) != 9000 || err != nil {
			t.Fatalf("%d bytes, %v", len(body), err)
		}
		done := make(chan error)
		third := &share{of: r}
		go func() {
			_, err := third.read(t.Context(), of(bytes.NewReader(make([]byte, 9000)), 9000))
			done <- err
		}()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("it has room beside 18,000 bytes: %v", err)
		default:
		}
		first.release()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("it has room beside 9000 bytes that are over: %v", err)
		default:
		}
		over.release()
		if err := <-done; err != nil {
			t.Error(err)
		}
		third.release()
		if r.free != 10_000 || r.over != nil {
			t.Errorf("in the end %d bytes are free", r.free)
		}
	})
}

// The time of a request ends the waiting.
func TestABodyWaitsNotForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(0)
		if err := (&share{of: r}).grow(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		began := time.Now()
		if _, err := (&share{of: r}).read(ctx, of(http.NoBody, 5)); !errors.Is(err, errNoRoom) || time.Since(began) != 15*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// Bodies of which each has a part and none has the room for the rest come in all the
// same, one after the other.
func TestHalfBodiesDoNotBlockEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(100 << 10)
		done := make(chan int)
		var senders []*io.PipeWriter
		for range 20 {
			body, sender := io.Pipe()
			senders = append(senders, sender)
			go func() {
				s := &share{of: r}
				defer s.release()
				got, err := s.read(t.Context(), of(body, -1))
				if err != nil {
					t.Error(err)
				}
				done <- len(got)
			}()
		}
		for _, s := range senders {
			go func() {
				for range 30 { // each gets some before any gets all
					s.Write(make([]byte, 1000))
					time.Sleep(time.Millisecond)
				}
				s.Close()
			}()
		}
		for range senders {
			if n := <-done; n != 30_000 {
				t.Errorf("%d bytes", n)
			}
		}
		synctest.Wait()
		if r.free != 100<<10 {
			t.Errorf("in the end %d bytes are free", r.free)
		}
	})
}

// Who announces much and sends nothing takes little.
func TestAnAnnouncementTakesLittleRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(1 << 20)
		body, sender := io.Pipe()
		defer sender.Close()
		go (&share{of: r}).read(t.Context(), of(body, MaxBody))
		synctest.Wait()
		if taken := 1<<20 - r.free; taken > 65<<10 {
			t.Errorf("%d bytes are taken", taken)
		}
	})
}
