//go:build !linux

package porttest

func keep() (Port, error) { return free() }
