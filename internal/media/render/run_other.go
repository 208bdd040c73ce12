//go:build !linux

package render

import "syscall"

// ownGroup lets a program lead its own process group.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
