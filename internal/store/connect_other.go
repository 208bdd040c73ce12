//go:build !linux

package store

import (
	"syscall"
	"time"
)

// boundAcks is for Linux; elsewhere the system's own time applies.
func boundAcks(syscall.RawConn, time.Duration) error { return nil }
