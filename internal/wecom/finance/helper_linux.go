package finance

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// isolate prepares the process for a library that is not ours and returns where
// frames go: what the library prints must not get between them, signals for the
// whole process group are for the parent to handle, and a core file would hold
// chats and secrets.
func isolate(stdout *os.File) (io.Writer, error) {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return nil, fmt.Errorf("switch off core files: %w", err)
	}
	fd, err := syscall.Dup(int(stdout.Fd()))
	if err != nil {
		return nil, fmt.Errorf("keep standard output: %w", err)
	}
	syscall.CloseOnExec(fd)
	if err := syscall.Dup3(int(os.Stderr.Fd()), int(stdout.Fd()), 0); err != nil {
		return nil, fmt.Errorf("point standard output at standard error: %w", err)
	}
	return os.NewFile(uintptr(fd), "frames"), nil
}
