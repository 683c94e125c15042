package servertest

import "syscall"

// sysProcAttr lets the server end with this process, however that ends.
func sysProcAttr(user *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: user, Pdeathsig: syscall.SIGQUIT}
}
