package bench

import (
	"os/exec"
	"syscall"
)

// childDies has the kernel end the child when the bench is killed.
func childDies(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
