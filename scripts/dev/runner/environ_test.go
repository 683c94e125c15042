package runner

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEnviron(t *testing.T) {
	t.Parallel()
	e := Environ{
		"A=1", "A=2", "SINK= kafka://b1:9092,b2:9092/topic  postgres://u:s3cret@h:5432/db?x=s3cret\tfile:/s3cret postgres://u:3/s3cret@h/ ", "DEDUP=off",
		"CALLBACK_SIGN_KEY=s3cret, s3cret2", "VOD_SECRET_KEY=s3cret", "TENCENTCLOUD_SECRETKEY=s3cret", "LISTEN_ADDR=:1",
	}
	if e.Get("A") != "2" || e.Get("B") != "" {
		t.Error("get")
	}
	if got := e.Sink(); got != "stdout: kafka://b1:9092,b2:9092/topic postgres://u:s3cret@h:5432/db?x=s3cret file:/s3cret postgres://u:3/s3cret@h/" {
		t.Errorf("SINK %s", got)
	}
	if got := (Environ{"SINK=file:/x stdout:"}).Sink(); got != "stdout: file:/x" {
		t.Errorf("SINK %s", got)
	}
	if got := (Environ{}).Sink(); got != "stdout:" {
		t.Errorf("SINK %s", got)
	}
	// Dev sees what any of the user's sinks wants, and no more: else no event
	// would be unwanted here that is unwanted on SCF.
	for user, want := range map[string]string{
		"file:/x?types=A":                       "stdout:?types=A file:/x?types=A",
		"stdout:?types=B,A":                     "stdout:?types=A,B",
		"file:/x?types=A http://h/?types=B&x=1": "stdout:?types=A,B file:/x?types=A http://h/?types=B&x=1",
		"file:/x?types=A stdout:?types=!A,B":    "stdout:?types=!B file:/x?types=A",
		"file:/x?types=A http://h/":             "stdout: file:/x?types=A http://h/",
		"file:/x?types=, kafka://b/t?types=A":   "stdout: file:/x?types=, kafka://b/t?types=A",
		"stdout:?types=A file:/x?types=!A":      "stdout: file:/x?types=!A",
	} {
		if got := (Environ{"SINK=" + user}).Sink(); got != want {
			t.Errorf("SINK %s: %s, want %s", user, got, want)
		}
	}
	want := []Variable{{"VOD_SECRET_KEY", "(set)"}, {"CALLBACK_SIGN_KEY", "(set)"}, {"SINK", "kafka://b1:9092,b2:9092 postgres://h:5432 file: postgres:"}, {"DEDUP", "off"}}
	if diff := cmp.Diff(want, e.Show()); diff != "" {
		t.Error(diff)
	}
}
