package store

import (
	"syscall"
	"time"
)

// tcpUserTimeout is TCP_USER_TIMEOUT of tcp(7), which package syscall lacks.
const tcpUserTimeout = 0x12

// boundAcks makes the kernel give a connection up when data that was sent is
// not acknowledged; without it that takes a quarter of an hour.
func boundAcks(raw syscall.RawConn, within time.Duration) error {
	var err error
	if cerr := raw.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(within.Milliseconds()))
	}); cerr != nil {
		return cerr
	}
	return err
}
