package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"vodevents/scripts/internal/term"
)

// terminal is where the run talks to its user. Everything goes through the mask.
type terminal struct {
	in   io.Reader
	out  io.Writer
	mask *mask
}

// say prints a line, or several. The arguments may be from outside: they are made
// harmless for a terminal.
func (t *terminal) say(format string, args ...any) {
	for i, arg := range args { // before a secret's own control characters are replaced
		switch arg := arg.(type) {
		case string:
			args[i] = t.mask.Replace(arg)
		case error:
			args[i] = errors.New(t.mask.Replace(arg.Error()))
		}
	}
	io.WriteString(t.out, t.mask.Replace(term.Sprintf(format, args...))+"\n")
}

// errNobody means that nobody can answer a question.
var errNobody = errors.New("nothing was changed: there is nobody to ask; add -yes to agree beforehand")

// ask asks and returns the answer, without white space around it.
func (t *terminal) ask(ctx context.Context, question string) (string, error) {
	io.WriteString(t.out, t.mask.Replace(question)+" ")
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(t.in).ReadString('\n')
		answers <- answer{strings.TrimSpace(line), err}
	}()
	select {
	case a := <-answers:
		if a.err != nil && a.text == "" { // such as /dev/null
			io.WriteString(t.out, "\n")
			return "", errNobody
		}
		return a.text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// consent asks for a yes, unless -yes gave it before.
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

// maskedWriter writes through the mask. It holds back text that may be the beginning
// of a secret until it has seen the rest.
type maskedWriter struct {
	w    io.Writer
	m    *mask
	held string
}

func (w *maskedWriter) Write(p []byte) (int, error) {
	text := w.held + string(p)
	from := w.m.begun(text)
	w.held = text[from:]
	_, err := io.WriteString(w.w, w.m.Replace(text[:from]))
	return len(p), err
}

// flush writes what is held back.
func (w *maskedWriter) flush() {
	io.WriteString(w.w, w.m.Replace(w.held))
	w.held = ""
}
