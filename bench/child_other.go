//go:build !linux

package bench

import "os/exec"

func childDies(*exec.Cmd) {}
