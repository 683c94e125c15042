package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// unit reads a systemd unit. It maps "Section.Key" to the last value.
func unit(t *testing.T, text string) map[string]string {
	t.Helper()
	values, section := map[string]string{}, ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "", strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section = line[1 : len(line)-1]
		default:
			key, value, ok := strings.Cut(line, "=")
			if !ok || section == "" {
				t.Errorf("no assignment: %s", line)
			}
			values[section+"."+key] = value
		}
	}
	return values
}

func TestUnits(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"callback", "pull"} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("host", "vod-"+program+".service"))
			if err != nil {
				t.Fatal(err)
			}
			u := unit(t, string(text))
			for key, want := range map[string]string{
				"Service.ExecStart":       "/usr/local/lib/vodevents/" + program,
				"Service.EnvironmentFile": "/etc/vodevents.env",
				"Service.Restart":         "always",
				"Service.DynamicUser":     "yes",
				"Service.User":            "vodevents",
				"Service.NoNewPrivileges": "yes",
				"Service.ProtectSystem":   "strict",
				"Service.UMask":           "0077",
				"Install.WantedBy":        "multi-user.target",
			} {
				if u[key] != want {
					t.Errorf("%s is %q, want %q", key, u[key], want)
				}
			}
			// There must be time to finish leases of 30 s and requests of 35 s.
			if stop, err := strconv.Atoi(u["Service.TimeoutStopSec"]); err != nil || stop < 40 {
				t.Errorf("TimeoutStopSec=%s", u["Service.TimeoutStopSec"])
			}

			// systemd's own check, if it is installed. It needs the executable to
			// exist.
			analyze, err := exec.LookPath("systemd-analyze")
			if err != nil {
				return
			}
			installed := filepath.Join(t.TempDir(), "vod-"+program+".service")
			there := strings.ReplaceAll(string(text), u["Service.ExecStart"], "/bin/true")
			if err := os.WriteFile(installed, []byte(there), 0o644); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(analyze, "verify", installed).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("systemd-analyze verify: %v\n%s", err, out)
			}
		})
	}
}
