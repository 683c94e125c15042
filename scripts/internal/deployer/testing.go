//go:build deploytest

package main

import (
	"context"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// Tests run a deployer that is built with the tag deploytest. It is a process of its
// own that can be killed. It has no race detector, which a program of one goroutine
// does not need. It runs in the folder of the repository, TEST_REPOSITORY, with the
// executables in TEST_DIST. It does not wait: it moves the clock of the stand-in at
// TEST_CLOCK.
func init() {
	if err := os.Chdir(os.Getenv("TEST_REPOSITORY")); err != nil {
		panic(err)
	}
	vodctlCommand = []string{os.Getenv("TEST_VODCTL")}
	os.Args = slices.Insert(os.Args, 1, "-dist", os.Getenv("TEST_DIST"))
	pause = func(ctx context.Context, d time.Duration) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, os.Getenv("TEST_CLOCK"), strings.NewReader(d.String()))
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
}
