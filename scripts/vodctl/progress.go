package main

import (
	"fmt"
	"io"
	"time"
)

// progress is a line on a terminal that says how far a command is. Where stderr
// is not a terminal, nothing is written.
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

// clear takes the line away, before something else is printed.
func (b *progress) clear() {
	if b.shown {
		fmt.Fprint(b.w, "\r\x1b[K")
		b.shown, b.last = false, time.Time{}
	}
}
