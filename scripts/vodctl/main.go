// Vodctl looks at, sets up and tests the event notification of Tencent Cloud
// VOD: the configuration, the queue, callbacks, dead letters. `vodctl help` is
// the manual.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"vodevents/scripts/internal/term"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: &logLevel})))
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

// logLevel is the level of the process's log: a replay delivers events, and the
// delivery says why one failed.
var logLevel slog.LevelVar

// The exit statuses. The manual in help.go explains them.
const (
	statusOK = iota
	statusFailed
	statusMisuse
	statusPartly
)

// program is one run of vodctl.
type program struct {
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer

	// The flags of commands that call VOD. If one is empty, the environment
	// decides.
	endpoint, subAppIds, region string
}

// command is one of vodctl's commands.
type command struct {
	name  string // may be two words
	usage string // what follows the name
	about string // one line
	text  string // the rest of its page in the manual

	// prepare registers the command's flags and returns the function that runs the
	// command. It gets the arguments that are not flags.
	prepare func(*program, *flag.FlagSet) func(ctx context.Context, args []string) error
}

var commands = []command{
	configCommand,
	configSetCommand,
	stateCommand,
	pullCommand,
	confirmCommand,
	listenCommand,
	sendCommand,
	triggerCommand,
	doctorCommand,
	replayCommand,
	eventsCommand,
	pruneCommand,
	mediaCommand,
	mediaListCommand,
	mediaRebuildCommand,
	reconcileCommand,
	schemaCommand,
}

// run is main without the process around it. It returns the exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &program{getenv: getenv, stdin: stdin, stdout: stdout, stderr: stderr}
	err := p.run(ctx, args)
	if errors.Is(err, flag.ErrHelp) {
		return statusOK
	}
	if err != nil && err.Error() != "" {
		p.say("vodctl: %v", err)
	}
	return statusOf(err)
}

func (p *program) run(ctx context.Context, args []string) error {
	fs := newFlags("vodctl")
	p.connectFlags(fs)
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			p.manual(p.stdout)
			return err
		}
		return misuse("%v; `vodctl help` is the manual", err)
	}
	args = fs.Args()
	if len(args) == 0 {
		p.overview(p.stderr)
		return misuse("no command is given")
	}
	if args[0] == "help" {
		return p.help(args[1:])
	}
	c, args := findCommand(args)
	if c == nil {
		p.overview(p.stderr)
		return misuse("there is no command %q", args[0])
	}
	fs = newFlags(c.name)
	execute := c.prepare(p, fs)
	args, err := parseFlags(fs, args)
	if errors.Is(err, flag.ErrHelp) {
		c.manual(p.stdout)
		return err
	}
	if err != nil {
		return misuse("%s: %v; see `vodctl help %s`", c.name, err, c.name)
	}
	return execute(ctx, args)
}

// findCommand takes a command's name, of one word or two, off the arguments.
func findCommand(args []string) (*command, []string) {
	for words := min(2, len(args)); words > 0; words-- {
		name := strings.Join(args[:words], " ")
		for i := range commands {
			if commands[i].name == name {
				return &commands[i], args[words:]
			}
		}
	}
	return nil, args
}

func newFlags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // errors are returned, and printed by run
	return fs
}

// parseFlags reads flags wherever they stand among the other arguments, which
// it returns.
func parseFlags(fs *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		if fs.NArg() == 0 {
			return rest, nil
		}
		rest = append(rest, fs.Arg(0))
		args = fs.Args()[1:]
	}
}

// statusError is an error with its own exit status. If its text is empty, nothing
// is printed: everything was said before.
type statusError struct {
	status int
	text   string
}

func (e *statusError) Error() string { return e.text }

func statusOf(err error) int {
	var with *statusError
	switch {
	case err == nil:
		return statusOK
	case errors.As(err, &with):
		return with.status
	}
	return statusFailed
}

// misuse is the error of a wrong call. Nothing was done.
func misuse(format string, args ...any) error {
	return &statusError{statusMisuse, fmt.Sprintf(format, args...)}
}

// count returns the error of a command that failed for some of all its parts, or
// nil if it failed for none.
func count(failed, all int, format string, args ...any) error {
	switch failed {
	case 0:
		return nil
	case all:
		return &statusError{statusFailed, fmt.Sprintf(format, args...)}
	}
	return &statusError{statusPartly, fmt.Sprintf(format, args...)}
}

// say tells the user something that is not output. The arguments may be from
// outside: they are made harmless for a terminal.
func (p *program) say(format string, args ...any) {
	fmt.Fprint(p.stderr, term.Sprintf(format, args...)+"\n")
}

// print writes output. Its arguments are made harmless, too.
func (p *program) print(format string, args ...any) error {
	_, err := io.WriteString(p.stdout, term.Sprintf(format, args...))
	return err
}

// printBytes writes JSON from outside on a line of its own. Invisible characters
// are escaped, which leaves it the same JSON.
func (p *program) printBytes(indent string, b []byte) error {
	_, err := fmt.Fprintf(p.stdout, "%s%s\n", indent, term.JSON(b))
	return err
}

// format is the value of the flag -o.
type format string

func (f *format) String() string { return string(*f) }

func (f *format) Set(s string) error {
	if s != "text" && s != "json" {
		return errors.New("it must be text or json")
	}
	*f = format(s)
	return nil
}

// outputFlag registers -o.
func outputFlag(fs *flag.FlagSet) *format {
	f := format("text")
	fs.Var(&f, "o", "`format` of the output, text or json")
	return &f
}

// flush makes sure that what was printed has reached the file: a disk may take a
// write and fail later.
func (p *program) flush() error {
	f, ok := p.stdout.(*os.File)
	if !ok {
		return nil
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return err // a pipe or a terminal cannot be synced
	}
	return f.Sync()
}

// printJSON writes v as JSON, with invisible characters escaped.
func (p *program) printJSON(v any) error {
	text, err := indentedJSON("", v)
	if err != nil {
		return err
	}
	return p.printBytes("", text)
}

// indentedJSON returns v as JSON in several lines. All but the first begin with
// prefix.
func indentedJSON(prefix string, v any) ([]byte, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false) // < and & stay legible
	enc.SetIndent(prefix, "  ")
	err := enc.Encode(v)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}

// terminal tells whether a stream is a terminal.
func terminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// ask asks a question. Only "y" and "yes" mean yes.
func (p *program) ask(ctx context.Context, question string) (bool, error) {
	if !terminal(p.stdin) {
		return false, misuse("nothing was changed: there is no terminal to ask on; if you want the change, say -yes")
	}
	fmt.Fprintf(p.stderr, "%s [y/N] ", question)
	answers := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(p.stdin).ReadString('\n') // if that fails, the answer is no
		answers <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case a := <-answers:
		return a == "y" || a == "yes", nil
	case <-ctx.Done():
		p.say("")
		return false, nil
	}
}
