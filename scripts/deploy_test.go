package scripts_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"vodevents/shared/vodfake"
)

// The scripts in testdata/deploy run scripts/deploy. A stand-in for the
// framework's command, bin/scf, is on the PATH, and one for VOD is at $VODFAKE.
// The scripts are also meant to be read.
func TestDeploy(t *testing.T) {
	t.Parallel()
	deploy, err := filepath.Abs("deploy")
	if err != nil {
		t.Fatal(err)
	}
	goEnv := []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS", "GOSUMDB"}
	values, err := exec.Command("go", append([]string{"env"}, goEnv...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "deploy"),
		Setup: func(e *testscript.Env) error {
			e.Setenv("DEPLOY", deploy)
			e.Setenv("REPOSITORY", filepath.Dir(filepath.Dir(deploy)))
			e.Setenv("VODFAKE", vodfake.RunT(t).URL)
			e.Setenv("CGO_ENABLED", "0") // as the other builds, which share their results
			e.Setenv("PATH", filepath.Join(e.WorkDir, "bin")+string(filepath.ListSeparator)+e.Getenv("PATH"))
			for i, value := range strings.Split(strings.TrimSuffix(string(values), "\n"), "\n") {
				e.Setenv(goEnv[i], value)
			}
			return nil
		},
	})
}
