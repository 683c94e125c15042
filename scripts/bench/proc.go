package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// cpuTime returns the user and system time of a process, in steps of 10 ms.
func cpuTime(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The fields follow the name, which ends at the last bracket: field 3 is the
	// state, 14 is utime, and 15 is stime (proc(5)).
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var ticks int
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil // USER_HZ is 100 on Linux
}

// peakMemory returns the most memory that was resident, in MB.
func peakMemory(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	value, _, ok := strings.Cut(strings.TrimSpace(rest), " ")
	kb, err := strconv.Atoi(value)
	if !ok || err != nil {
		return 0, fmt.Errorf("/proc/%d/status has no VmHWM", pid)
	}
	return float64(kb) / 1024, nil
}

// runPeak runs a command to its end, and returns what it wrote and its [peakMemory].
// The kernel's own figure for an ended child, ru_maxrss, includes what its parent had
// when it started the child.
func runPeak(c *exec.Cmd) (out []byte, peak float64, err error) {
	var written bytes.Buffer
	c.Stdout, c.Stderr = &written, &written
	if err := c.Start(); err != nil {
		return nil, 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for {
		select {
		case err := <-ended:
			return written.Bytes(), peak, err
		case <-time.After(10 * time.Millisecond):
			if mb, err := peakMemory(c.Process.Pid); err == nil { // otherwise it has just ended
				peak = mb
			}
		}
	}
}
