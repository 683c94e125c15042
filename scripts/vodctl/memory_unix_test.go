//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// maxMemory is the most memory that a process had resident, in bytes.
func maxMemory(p *os.ProcessState) int {
	most := int(p.SysUsage().(*syscall.Rusage).Maxrss)
	if runtime.GOOS == "darwin" {
		return most // in bytes there
	}
	return most << 10
}
