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
	if r := f.drain(time.Minute); r["confirmed"] != 64.0 {
		t.Errorf("got %v", r)
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
