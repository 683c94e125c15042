// Checkyml checks serverless.yml against the rules of SCF and writes the copy that
// scripts/deploy deploys.
//
//	go run ./scripts/internal/checkyml [-stage S] [-region R] [-o DIR [-open] [-split]] [FILE]
//
// Without -o it checks the file alone. With -o it also checks the settings that
// would be deployed.
//
// The findings go to stderr. If one of them is an error, nothing is written and
// the exit status is 1.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"vodevents/scripts/internal/serverless"
)

func main() {
	var o serverless.Options
	flag.StringVar(&o.Stage, "stage", "", "deploy to this `stage` instead of the file's")
	flag.StringVar(&o.Region, "region", "", "deploy to this `region` instead of the file's")
	dir := flag.String("o", "", "write the file to deploy into this `folder`, without the variables that are not set")
	open := flag.Bool("open", false, "accept that callbacks are not signed")
	split := flag.Bool("split", false, "write one file of component scf for each function")
	flag.Parse()
	file := "serverless.yml"
	if flag.NArg() > 0 {
		file = flag.Arg(0)
	}
	o.Getenv = os.Getenv
	if err := run(file, o, *dir, *open, *split); err != nil {
		fmt.Fprintln(os.Stderr, "checkyml:", err)
		os.Exit(1)
	}
}

func run(file string, o serverless.Options, dir string, open, split bool) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	f, err := serverless.Parse(text, o)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	programs, err := serverless.Programs(filepath.Dir(file))
	if err != nil {
		return err
	}
	findings := f.Check(programs, time.Now())
	if dir != "" {
		findings = append(findings, f.CheckUse(open)...)
	}
	bad := false
	for _, finding := range findings {
		fmt.Fprintf(os.Stderr, "%s: %v\n", file, finding)
		bad = bad || !finding.Warning
	}
	if bad {
		return errors.New("not deployed: correct the errors above")
	}
	if dir == "" {
		return nil
	}

	files := map[string][]byte{}
	if split {
		files, err = f.Split()
	} else {
		files["serverless.yml"], err = f.Bytes()
	}
	if err != nil {
		return err
	}
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
