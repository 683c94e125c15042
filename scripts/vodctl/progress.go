package main

import (
	"fmt"
	"io"
	"time"
)

// progress is a line on a terminal that says how far a command is. If stderr is not
// a terminal, nothing is written.
type progress struct {
	w     io.Writer // nil: no terminal
	last  time.Time
	shown bool
}

func (p *program) progress() *progress {
	if !terminal(p.stderr) {
		return &progress{}
	}
	return &progress{w: p.stderr}
}

// show replaces the line, at most five times a second.
func (b *progress) show(format string, args ...any) {
	if b.w == nil || time.Since(b.last) < 200*time.Millisecond {
		return
	}
	b.last, b.shown = time.Now(), true
	fmt.Fprintf(b.w, "\r\x1b[K"+format, args...)
}

// clear removes the line before something else is printed.
func (b *progress) clear() {
	if b.shown {
		fmt.Fprint(b.w, "\r\x1b[K")
		b.shown, b.last = false, time.Time{}
	}
}

// pace says how much of all is done, how much a second, and how long the rest takes
// at that rate.
func pace(done, all int, took time.Duration) string {
	text := fmt.Sprintf("%d of %d", done, all)
	if done <= 0 || took <= 0 {
		return text
	}
	rate := float64(done) / took.Seconds()
	left := time.Duration(float64(max(0, all-done)) / rate * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf("%s, %.0f/s, %v left", text, rate, left)
}
