package local

import (
	"runtime"
	"syscall"
)

// yieldCPU lets the server's sound go before the hearing of it. On Linux a priority is a thread's own, so the goroutine
// stays on its thread.
func yieldCPU() {
	runtime.LockOSThread()
	syscall.Setpriority(syscall.PRIO_PROCESS, 0, 5)
}
