// Command dev runs both functions on this machine, with a stand-in for VOD: no
// account, no Docker, no network.
//
//	go run ./scripts/dev
//
// It builds the functions and runs them as SCF does, as processes of their own
// that get one event at a time. It serves the callback URL, a page that shows
// every event, and the JSON API behind it on -addr, and the stand-in's VOD API
// on -api; it fires the timer of pull; and it prints each event that comes out:
// time, mode, type, subject, id.
//
// The functions have the environment of this command, except that SINK begins
// with stdout:, which is how dev sees the events, and that endpoint and keys
// are the stand-in's. With -real they are yours.
//
//	go run ./scripts/dev -from env:DEAD_LETTER
//
// runs nothing, and shows the parked events of a real table on the same page, to
// deliver them again, discard them, or copy them as curl.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"vodevents/scripts/dev/api"
	"vodevents/scripts/dev/runner"
	"vodevents/scripts/dev/standin"
)

// options are the flags.
type options struct {
	addr, api string
	every     string
	n         int
	headless  bool
	real      bool
	from      string // a table's URL, or env:NAME
	audit     string // a file

	alternatives standin.Alternatives
	programs     string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// run is the whole program. It returns the exit status: 0 also when ctx ended.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	if o.from != "" {
		return o.serveTable(ctx, environ, stdout, stderr)
	}
	return o.serve(ctx, environ, stdout, stderr)
}

// serve runs dev until its end and returns the exit status.
func (o options) serve(ctx context.Context, environ []string, stdout, stderr io.Writer) int {
	d, err := start(ctx, o, environ, stdout, stderr)
	if err == nil {
		d.wait(ctx)
		d.close()
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(stderr, "dev:", err)
		return 1
	}
	return 0
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	f := flag.NewFlagSet("dev", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.addr, "addr", "127.0.0.1:8080", "where the page, its API and /callback are served")
	f.StringVar(&o.api, "api", "127.0.0.1:8081", "where the stand-in's VOD API is served")
	f.StringVar(&o.every, "every", "10s", "how often to fire pull: a time such as 10s, \"cron\" for the timer of serverless.yml, or \"off\"")
	f.IntVar(&o.n, "n", 0, "stop after so many events came out; 0: run until Ctrl-C")
	f.BoolVar(&o.headless, "headless", false, "serve no page, only its API and /callback")
	f.StringVar(&o.programs, "dist", "", "run the functions in this `folder`, such as scripts/build makes, instead of building them")
	f.BoolVar(&o.real, "real", false, "talk to the real VOD with your keys, instead of the stand-in")
	f.StringVar(&o.from, "from", "", "run nothing, and show the parked events of this table: `URL` is postgres://… or mysql://…, as SINK or DEAD_LETTER has it; env:NAME takes it from a variable, which keeps its password out of the process list")
	f.StringVar(&o.audit, "audit", "dead-letters.jsonl", "the `file` that records who did what, and when, with the parked events of a table, and each event before it is discarded")
	for _, a := range standin.AllAlternatives {
		f.BoolVar(a.Of(&o.alternatives), a.Flag, false, "the stand-in's VOD: "+a.Text)
	}
	f.Usage = func() {
		fmt.Fprint(stderr, "Runs both functions here, with a stand-in for VOD.\n\n  go run ./scripts/dev [flags]\n\n")
		f.PrintDefaults()
	}
	if err = f.Parse(args); err != nil {
		return o, err
	}
	switch everyErr := runner.CheckEvery(o.every); {
	case f.NArg() > 0:
		err = fmt.Errorf("%q: dev takes flags only; see -h", f.Arg(0))
	case o.n < 0:
		err = fmt.Errorf("-n %d: give 0 or more", o.n)
	case everyErr != nil:
		err = fmt.Errorf("-every: %w", everyErr)
	case o.from != "":
		err = besideFrom(f)
	}
	for name, addr := range map[string]*string{"addr": &o.addr, "api": &o.api} {
		own, addrErr := api.OwnAddr(*addr)
		if *addr = own; err == nil && addrErr != nil {
			err = fmt.Errorf("-%s: %w", name, addrErr)
		}
	}
	if err != nil {
		fmt.Fprintln(stderr, "dev:", err)
	}
	return o, err
}

// besideFrom refuses flags that mean nothing together with -from.
func besideFrom(f *flag.FlagSet) (err error) {
	f.Visit(func(one *flag.Flag) {
		if !slices.Contains([]string{"from", "addr", "audit", "headless"}, one.Name) {
			err = fmt.Errorf("-%s: -from runs nothing; with it you can use -addr, -audit and -headless", one.Name)
		}
	})
	return err
}
