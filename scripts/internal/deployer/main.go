// Deployer deploys serverless.yml by the API of SCF, with nothing but Go.
// ./scripts/deploy calls it. It looks at what is there, shows the difference, asks,
// and carries it out. Every step begins by looking, so an interrupted run is
// repaired by running it again.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"vodevents/scripts/internal/scfapi"
	"vodevents/scripts/internal/serverless"
	"vodevents/scripts/internal/term"
	"vodevents/shared/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], pause))
}

// pause waits between two looks at the cloud. Tests move the clock of a stand-in
// instead: see testing.go.
var pause = sleep

// sleep waits for d, or returns the error of ctx if that ends earlier.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// options are the flags.
type options struct {
	file, stage, region, dist           string
	open, dryRun, yes, configure, force bool
	remove, role, try                   bool
}

// deployer is one run.
type deployer struct {
	options
	terminal
	getenv func(string) string
	vars   map[string]string // of the functions
	wait   func(context.Context, time.Duration) error
	http   *http.Client // for the function URL
	api    *scfapi.Client
	user   scfapi.User
	region string // of the functions
}

// run is main without the process around it. wait waits between two looks at the
// cloud. It returns the exit status: 0 done or nothing to do, 1 failed, 2 misuse.
func run(ctx context.Context, args []string, wait func(context.Context, time.Duration) error) int {
	d := &deployer{
		terminal: terminal{in: os.Stdin, out: os.Stdout, mask: newMask(os.Getenv)},
		getenv:   os.Getenv,
		wait:     wait,
		http:     &http.Client{Timeout: 30 * time.Second},
	}
	fs := flag.NewFlagSet("deploy -api", flag.ContinueOnError)
	fs.StringVar(&d.file, "file", "serverless.yml", "the `file` that describes the deployment")
	fs.StringVar(&d.stage, "stage", "", "deploy to this `stage` instead of the file's")
	fs.StringVar(&d.options.region, "region", "", "deploy to this `region` instead of the file's")
	fs.StringVar(&d.dist, "dist", "", "take the executables in this `folder` instead of building them")
	fs.BoolVar(&d.open, "open", false, "deploy without CALLBACK_SIGN_KEY: anyone can inject events")
	fs.BoolVar(&d.dryRun, "dry-run", false, "show the plan and the API calls, and change nothing")
	fs.BoolVar(&d.yes, "yes", false, "do not ask")
	fs.BoolVar(&d.configure, "configure", false, "afterwards point VOD at the URL")
	fs.BoolVar(&d.force, "force", false, "take over functions that this command did not make, and drop variables that serverless.yml does not have")
	fs.BoolVar(&d.remove, "remove", false, "delete the functions and their triggers")
	fs.BoolVar(&d.try, "try", false, "deploy to a stand-in for the cloud on this machine, without an account")
	fs.BoolVar(&d.role, "role", false, "make the functions' role, or check it, and deploy nothing")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if fs.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "deploy: %q is for the framework's command, which -api does not use\n", fs.Args())
		return 2
	}
	if d.try && (d.remove || d.role) {
		fmt.Fprintln(os.Stderr, "deploy: -try removes what it deploys: leave out -remove and -role")
		return 2
	}
	if err := d.start(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "deploy:", term.Lines(d.mask.Replace(err.Error())))
		return 1
	}
	return 0
}

// start runs d, against the cloud or, to try, against stand-ins.
func (d *deployer) start(ctx context.Context) error {
	if !d.try {
		return d.run(ctx)
	}
	s := startStandIns()
	defer s.close()
	return s.deploy(ctx, d)
}

func (d *deployer) run(ctx context.Context) error {
	file, err := d.read()
	if err != nil {
		return err
	}
	d.region, d.vars = file.Inputs.Region, variablesOf(file)
	d.mask.show(d.region, "/callback")
	for name, value := range d.vars {
		d.mask.variable(name, value)
	}
	for key := range file.Inputs.Functions {
		d.mask.show(file.FunctionName(key))
	}
	if !d.remove && !d.role {
		if err := d.check(file); err != nil {
			return err
		}
	}
	if d.getenv("TENCENT_SECRET_ID") == "" && d.dryRun {
		d.say("No TENCENT_SECRET_ID: the cloud was not asked what is there, so the plan is for an empty account.")
	} else if err := d.connect(ctx); err != nil {
		return err
	}
	switch {
	case d.role:
		return d.makeRole(ctx, file)
	case d.remove:
		return d.removeAll(ctx, file)
	}
	return d.deploy(ctx, file)
}

// connect makes the client and tells whose account and which region it is.
func (d *deployer) connect(ctx context.Context) (err error) {
	d.api, err = scfapi.New(scfapi.Options{
		Credentials: d.keys(),
		Region:      d.region,
		Endpoint:    d.getenv("SCF_ENDPOINT"),
		CAMEndpoint: cmp.Or(d.getenv("CAM_ENDPOINT"), d.getenv("SCF_ENDPOINT")),
		Mask:        d.mask.Replace,
		Wait:        d.wait,
	})
	if err != nil {
		return err
	}
	if d.user, err = d.api.GetUserAppId(ctx); err != nil {
		return err
	}
	d.say("Account %s (APPID %d), region %s.", d.user.OwnerUin, d.user.AppId, d.region)
	return d.api.CheckAccount(ctx)
}

// command runs a program of the repository, with its output where ours goes.
func (d *deployer) command(ctx context.Context, env []string, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Env = append(os.Environ(), env...)
	c.Stdin = os.Stdin
	out := &maskedWriter{w: d.out, m: d.mask}
	defer out.flush()
	c.Stdout, c.Stderr = out, out
	return c.Run()
}

// variablesOf returns the variables of both functions, of which pull has those that
// only pull uses.
func variablesOf(f *serverless.File) map[string]string {
	vars := map[string]string{}
	for _, v := range f.Variables("pull") {
		vars[v.Key] = v.Value
	}
	for _, v := range f.Variables("callback") {
		if known, _ := variable(v.Key); known.Used != config.Pull {
			vars[v.Key] = v.Value
		}
	}
	return vars
}

// setting returns a variable as the functions have it: serverless.yml may have a
// different value from the environment, or leave the variable out. Variables that
// serverless.yml never passes on, such as keys, come from the environment.
func (d *deployer) setting(name string) string {
	value, listed := d.vars[name]
	if v, known := variable(name); listed || known && serverless.Deployed(v) {
		return value
	}
	return d.getenv(name)
}

// vodctl runs vodctl with the functions' variables, and with the keys of the
// deployment unless it has its own.
func (d *deployer) vodctl(ctx context.Context, args ...string) error {
	var env []string
	for name, value := range d.vars {
		env = append(env, name+"="+value)
	}
	if d.getenv("VOD_SECRET_ID") == "" {
		for _, part := range []string{"ID", "KEY"} {
			env = append(env, "VOD_SECRET_"+part+"="+d.getenv("TENCENT_SECRET_"+part))
		}
		env = append(env, "VOD_TOKEN="+d.getenv("TENCENT_TOKEN"))
	}
	return d.command(ctx, env, vodctlCommand[0], append(vodctlCommand[1:], args...)...)
}

// vodctlCommand runs vodctl. Tests have it built already.
var vodctlCommand = []string{"go", "run", "./scripts/vodctl"}

// executables returns the folder of the built executables.
func (d *deployer) executables(ctx context.Context) (dir string, remove func(), err error) {
	if d.dist != "" {
		return d.dist, func() {}, nil
	}
	work, err := os.MkdirTemp("", "vodevents-deploy-")
	if err != nil {
		return "", nil, err
	}
	remove = func() { os.RemoveAll(work) }
	dir = filepath.Join(work, "dist")
	c := exec.CommandContext(ctx, filepath.Join("scripts", "build"), "-o", dir)
	if d.try { // they run on this machine, whichever it is
		c = exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", dir+string(filepath.Separator), "./functions/...")
	}
	c.Stderr = os.Stderr
	c.Stdout = io.Discard // the plan tells the sizes of what is sent
	if err := c.Run(); err != nil {
		remove()
		return "", nil, fmt.Errorf("%v: %w", c.Args, err)
	}
	return dir, remove, nil
}
