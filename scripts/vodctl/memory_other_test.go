//go:build !unix

package main

import "os"

// maxMemory is not known here.
func maxMemory(*os.ProcessState) int { return 0 }
