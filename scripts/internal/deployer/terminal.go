package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"vodevents/scripts/internal/term"
)

// terminal is where the run talks to its user. Everything goes through the mask.
type terminal struct {
	in   *os.File
	out  io.Writer
	mask *mask
}

// say prints a line, or several. The arguments may be from outside: they are made
// harmless for a terminal.
func (t *terminal) say(format string, args ...any) {
	io.WriteString(t.out, t.mask.Replace(term.Sprintf(format, args...))+"\n")
}

// ask asks and returns the answer, without white space around it.
func (t *terminal) ask(ctx context.Context, question string) (string, error) {
	info, err := t.in.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 && info.Mode()&os.ModeNamedPipe == 0 {
		return "", errors.New("nothing was changed: there is nobody to ask; if you want it, say -yes")
	}
	io.WriteString(t.out, t.mask.Replace(question)+" ")
	answers := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(t.in).ReadString('\n') // if the reading fails, the answer is no
		answers <- strings.TrimSpace(line)
	}()
	select {
	case a := <-answers:
		return a, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// consent asks for a yes, unless yes was said before.
func (t *terminal) consent(ctx context.Context, question string, yes bool) error {
	if yes {
		return nil
	}
	a, err := t.ask(ctx, question+" [y/N]")
	if err == nil && a != "y" && a != "yes" {
		err = errors.New("nothing was changed")
	}
	return err
}

// maskedWriter writes lines through the mask.
type maskedWriter struct {
	w io.Writer
	m *mask
}

func (w maskedWriter) Write(p []byte) (int, error) {
	_, err := io.WriteString(w.w, w.m.Replace(string(p)))
	return len(p), err
}
