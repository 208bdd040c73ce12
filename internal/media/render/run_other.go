//go:build !linux

package render

import (
	"os"
	"syscall"
)

// ownGroup lets a program lead its own process group.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// unnamed: files have names here.
func unnamed(string) (*os.File, bool) { return nil, false }
