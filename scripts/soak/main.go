package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	var o options
	flag.IntVar(&o.events, "events", 100_000, "how many events to send")
	flag.Uint64Var(&o.seed, "seed", 1, "the `NUMBER` that fixes what is sent and what goes wrong")
	flag.StringVar(&o.database, "db", "postgres", "the database: postgres or mysql")
	write := flag.Bool("write", false, "put the row into the table of README.md, and draw soak.svg, in scripts/soak")
	flag.Parse()
	o.log = os.Stderr
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := soakAndReport(ctx, o, *write, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		stop()
		os.Exit(1)
	}
}

// errBroken means that a guarantee does not hold.
var errBroken = errors.New("a guarantee was broken")

func soakAndReport(ctx context.Context, o options, write bool, out io.Writer) error {
	r, err := soak(ctx, o)
	if err != nil {
		return err
	}
	fmt.Fprint(out, tableHead, r.row(), "\n", r.details())
	if write {
		dir := filepath.Join("scripts", "soak")
		if err := r.writeInto(filepath.Join(dir, "README.md")); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "soak.svg"), r.picture(), 0o644); err != nil {
			return err
		}
	}
	if r.first != "" {
		fmt.Fprintf(out, "\nseed %d: %s\n", o.seed, r.first)
		return errBroken
	}
	return nil
}
