package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"huicun/internal/wecomsim"
)

// privatePostmaster is the main process of the private Postgres; 0 while there
// is none.
func (w *world) privatePostmaster() int {
	b, err := os.ReadFile(filepath.Join(privateDir(w.cfg), "pgdata", "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return 0
	}
	return pid
}

// Huicun's own Postgres is killed with -9 while messages come in, twice;
// huicun starts it again and goes on.
func TestPrivatePostgresIsStartedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *wecomsim.Config) { c.Messages = 3000 })
	w.cfg.Database.URL, w.cfg.Finance.PageSize = "", 50
	p := w.start()
	w.lookInside()
	for round := range 2 {
		w.waitReceived(int64(1000 * (round + 1)))
		was := w.privatePostmaster()
		if err := syscall.Kill(was, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		w.waitFor("another postgres", func() bool { is := w.privatePostmaster(); return is != 0 && is != was })
		w.lookInside()
	}
	w.waitReceived(3000)
	w.checkStored()
	p.mustSay(t, "the private postgres has ended; it is started again", "private postgres is back")
	select {
	case <-p.done:
		t.Errorf("huicun ended: %v", p.ProcessState)
	default:
	}
}

// mustSay waits for words in the log of the process.
func (p *process) mustSay(t *testing.T, words ...string) {
	t.Helper()
	w := world{t: t}
	for _, text := range words {
		w.await("huicun to say "+strconv.Quote(text), func() error {
			if strings.Contains(p.log.String(), text) {
				return nil
			}
			return os.ErrNotExist
		})
	}
}
