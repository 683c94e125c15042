//go:build unix && !linux

package pgtest

import "syscall"

func sysProcAttr(user *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: user}
}
