package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"vodevents/scripts/dev/api"
	"vodevents/scripts/dev/letters"
	"vodevents/scripts/dev/page"
	"vodevents/scripts/dev/runner"
	"vodevents/scripts/internal/term"
	"vodevents/shared/config"
	"vodevents/shared/deliver"
	"vodevents/shared/handler"
	"vodevents/shared/sink"
	"vodevents/shared/sink/stored"
)

// desk is dev with -from: the dead letters of a table, and neither functions nor a
// stand-in.
type desk struct {
	opt     options
	env     runner.Environ
	stdout  io.Writer
	print   sync.Mutex // of stdout
	outlets sink.Outlets
	file    *letters.File
}

// patienceOfTables is how long the table may take to answer at the start.
const patienceOfTables = time.Minute

// serveTable serves the dead letters of the table of -from until ctx ends, and returns
// the exit status.
func (o options) serveTable(ctx context.Context, environ []string, stdout, stderr io.Writer) int {
	d := &desk{opt: o, env: environ, stdout: stdout, file: &letters.File{Path: o.audit}}
	err := d.serve(ctx, stderr)
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(stderr, "dev:", term.Sprintf("%v", err))
		return 1
	}
	return 0
}

func (d *desk) serve(ctx context.Context, stderr io.Writer) (err error) {
	from, shown, err := d.table()
	if err != nil {
		return err
	}
	if shown {
		fmt.Fprintln(stderr, "dev: the password in -from shows in the process list and in the shell's history; -from env:NAME keeps it out of both")
	}
	table, err := sink.OpenDeadLetters(from)
	if err != nil {
		return fmt.Errorf("-from: %w", err)
	}
	defer table.Close()
	defer d.outlets.Close()
	defer d.file.Close()
	first, cancel := context.WithTimeout(ctx, patienceOfTables)
	held, err := table.Summary(first, stored.Filter{Parked: new(true)})
	cancel()
	if err != nil {
		return fmt.Errorf("-from: %w", err)
	}
	if _, err := d.again(); err != nil {
		return err // now, not with the first click
	}
	l, err := net.Listen("tcp", d.opt.addr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; choose another address with -addr 127.0.0.1:PORT", d.opt.addr, err)
	}
	done := make(chan struct{})
	base := api.BaseURL(d.opt.addr, l)
	s := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: d.routes(base, api.Hosts(d.opt.addr, l), table, whoOf(from), done)}
	d.hello(base, table.String(), held.Events)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	close(done)
	// Finish what is under way: remove the marks of delivered events.
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), patienceOfTables)
	defer cancel()
	return s.Shutdown(finish)
}

// table is the URL of -from, and whether it was a flag that shows a password.
func (d *desk) table() (u string, shown bool, err error) {
	name, byName := strings.CutPrefix(d.opt.from, "env:")
	if d.opt.from == "env" {
		name, byName = "DEAD_LETTER", true
	}
	if !byName {
		parsed, err := url.Parse(d.opt.from)
		if err != nil {
			return d.opt.from, false, nil // its fault is reported elsewhere
		}
		_, has := parsed.User.Password()
		return d.opt.from, has || parsed.Query().Has("password"), nil
	}
	var found []string
	for _, u := range strings.Fields(d.env.Get(name)) {
		if isDatabase(u) {
			found = append(found, u)
		}
	}
	if len(found) != 1 {
		return "", false, fmt.Errorf("-from: the variable %s names %d databases; name exactly one: postgres://… or mysql://…", name, len(found))
	}
	return found[0], false, nil
}

func (d *desk) routes(base string, own map[string]bool, table sink.DeadLetters, who string, done <-chan struct{}) http.Handler {
	calls := api.New(api.Options{
		Base: base, SignKeys: d.env.SignKeys, Done: done,
		Letters: api.Desk{
			Letters: letters.New(letters.Options{Place: table, Pipeline: d.again, Who: who, Told: d.told, File: d.file}),
			To:      d.to,
		},
	})
	mux := http.NewServeMux()
	mux.Handle("/api/", calls)
	if !d.opt.headless {
		mux.Handle("/", api.OnlyReads(page.Handler()))
	}
	return api.OwnHost(own, api.OwnOrigin(own, mux))
}

// to returns where events go that are delivered again; empty if SINK is not set. The
// usual default, to print events, will not do for the last copies of events.
func (d *desk) to() string { return config.Variable{Secrecy: config.URLs}.Show(d.env.Get("SINK")) }

// again returns the pipeline of a replay. A bad value of any variable is an error.
func (d *desk) again() (*deliver.Pipeline, error) {
	cfg, err := config.Read(d.env.Get, config.Both)
	if err != nil {
		return nil, err
	}
	cfg.DeadLetter = "" // events that fail stay parked where they are
	return d.outlets.Pipeline(cfg, deliver.Replayed, handler.Event)
}

// told prints an entry.
func (d *desk) told(e letters.Entry) {
	d.print.Lock()
	defer d.print.Unlock()
	fmt.Fprint(d.stdout, term.Sprintf("%s  %s  %s  %s  %s  %s  %s\n", e.Time.Format(clockForm), e.Who, e.What, e.Row.EventType(), cmp.Or(e.Row.Subject, "-"), e.Row.ID, e.Text))
}

func (d *desk) hello(base, table string, parked int) {
	w := d.stdout
	fmt.Fprintf(w, "Dead letters; Ctrl-C ends it.\n\n")
	if !d.opt.headless {
		fmt.Fprintf(w, "  page      %s/\n", base)
	}
	fmt.Fprintf(w, "  API       %s/api/letters\n", base)
	fmt.Fprintf(w, "  table     %s: %d parked\n", table, parked)
	if to := d.to(); to != "" {
		fmt.Fprintf(w, "  again to  %s, through shared/handler and DEDUP=%s\n", to, config.Variable{Secrecy: config.URLs}.Show(cmp.Or(d.env.Get("DEDUP"), "memory:")))
	} else {
		fmt.Fprintf(w, "  again to  nowhere: set SINK, and DEDUP as the functions have it\n")
	}
	fmt.Fprintf(w, "  file      %s records who did what, and when, and each event before it is discarded\n\nWho did what, as it happens:\n\n", d.opt.audit)
}

// whoOf returns who acts on a table: the user who runs dev, and the database's user.
func whoOf(from string) string {
	who := osUser()
	if !strings.Contains(config.Variable{Secrecy: config.URLs}.Show(from), "//") {
		return who // the text before an @ may be a part of a password
	}
	if u, err := url.Parse(from); err == nil && u.User.Username() != "" {
		who += " as " + u.User.Username()
	}
	return who
}
