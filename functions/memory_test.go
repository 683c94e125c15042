package functions_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// SCF kills an instance that passes its memory (583/11637). serverless.yml gives
// pull 128 MB: 64 events of 1 MB, in answers of 16 MB, must fit.
func TestLargeEventsFitIntoPullsMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads the peak of memory from /proc")
	}
	const memory = 128
	s := runVOD(t)
	for i := range 64 {
		s.Queue(0, fmt.Appendf(nil, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"52858907%08d","Text":"%s"}}`, i, bytes.Repeat([]byte("x"), 1<<20)))
	}
	f := startWithin(t, memory, pullBin, append(vodEnv(s), "SINK=file:"+t.TempDir()+"/events")...)
	confirmed := 0.0
	for range 10 { // on a slow machine leases run out, and their events come again
		confirmed += f.drain(time.Minute)["confirmed"].(float64)
		if confirmed == 64 {
			break
		}
	}
	if confirmed != 64 {
		t.Errorf("%v events were confirmed, want 64", confirmed)
	}
	resident := mostResident(t, f.PID())
	t.Logf("most resident: %.1f MB", resident)
	if resident > memory {
		t.Errorf("%.1f MB were resident, over the %d MB of serverless.yml", resident, memory)
	}
}

// serverless.yml gives callback 64 MB. The largest event that SCF lets through, of
// 6 MB, must fit, because VOD does not send it again.
func TestTheLargestCallbackFitsIntoItsMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads the peak of memory from /proc")
	}
	const memory = 64
	f := startWithin(t, memory, callbackBin, "SINK=file:"+t.TempDir()+"/events")
	body := fmt.Appendf(nil, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5285890711","Text":"%s"}}`, bytes.Repeat([]byte("x"), 6<<20-100))
	for name, send := range map[string]func() (int, string){
		"plain":  func() (int, string) { return f.post(body) },
		"base64": func() (int, string) { return f.invoke(shapes(body)["function URL, base64"]) },
	} {
		if status, answer := send(); status != 200 {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
	resident := mostResident(t, f.PID())
	t.Logf("most resident: %.1f MB", resident)
	if resident > memory {
		t.Errorf("%.1f MB were resident, over the %d MB of serverless.yml", resident, memory)
	}
}

// mostResident returns the most memory that was resident, in MB.
func mostResident(t *testing.T, pid int) float64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kB, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return float64(kB) / 1024
}
