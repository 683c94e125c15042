package main

import (
	"os"
	"syscall"
)

// maxResident is the most memory that an ended process had, in MB.
func maxResident(p *os.ProcessState) float64 {
	return float64(p.SysUsage().(*syscall.Rusage).Maxrss) / 1024
}
