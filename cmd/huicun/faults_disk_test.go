package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"huicun/internal/wecomsim"
)

// disk is a small one of its own for a test. Where nothing may be mounted, the
// processes that write to it may be kept from writing instead.
type disk struct {
	t       *testing.T
	dir     string
	mounted bool
	limited []int
}

const diskMB = 110

func newDisk(t *testing.T) *disk {
	t.Helper()
	d := &disk{t: t, dir: t.TempDir()}
	d.mounted = syscall.Mount("tmpfs", d.dir, "tmpfs", 0, "mode=0755,size="+strconv.Itoa(diskMB)+"m") == nil
	if d.mounted {
		t.Cleanup(func() { _ = syscall.Unmount(d.dir, syscall.MNT_DETACH) })
	}
	return d
}

func (d *disk) filler() string { return filepath.Join(d.dir, "filler") }

// fill leaves no byte to the processes, which the postmaster leads.
func (d *disk) fill(postmaster int) {
	d.t.Helper()
	if !d.mounted {
		d.limited = append(family(postmaster), postmaster)
		for _, pid := range d.limited {
			d.limit(pid, 0)
		}
		return
	}
	f, err := os.Create(d.filler())
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	block := make([]byte, 64<<10)
	for len(block) > 0 {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			block = block[:len(block)/2]
		} else if err != nil {
			d.t.Fatal(err)
		}
	}
}

// free gives the space back.
func (d *disk) free() {
	d.t.Helper()
	if d.mounted {
		if err := os.Remove(d.filler()); err != nil {
			d.t.Fatal(err)
		}
		return
	}
	for _, pid := range d.limited {
		d.limit(pid, ^uint64(0))
	}
}

// limit sets how large a file a process may write (RLIMIT_FSIZE, soft).
func (d *disk) limit(pid int, size uint64) {
	l := syscall.Rlimit{Cur: size, Max: ^uint64(0)}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_FSIZE, uintptr(unsafe.Pointer(&l)), 0, 0, 0)
	if errno != 0 && errno != syscall.ESRCH {
		d.t.Fatalf("this machine lets the test neither mount a disk nor limit a process: %v", errno)
	}
}

// family are the children of a process.
func family(parent int) []int {
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	var pids []int
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(b), ") ")
		if f := strings.Fields(rest); len(f) > 1 && f[1] == strconv.Itoa(parent) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// outOfSpace is what Postgres says on a full disk, or of a file that may not grow.
var outOfSpace = []string{"No space left on device", "File too large", "the database system is"}

// Postgres has no space left while messages flow; when there is space again,
// and Postgres with it, everything is there once.
func TestDiskOfPostgresIsFull(t *testing.T) {
	t.Parallel()
	d := newDisk(t)
	l := newLabIn(t, filepath.Join(d.dir, "pg"), nil)
	l.huicun = l.start()
	l.say(20, "")
	l.finish()
	d.fill(l.pg.PID())
	l.say(200, "")
	l.huicun.maySay(t, outOfSpace...)
	d.free()
	l.huicun.maySay(t, "pull failed")
	select {
	case <-l.pg.Done(): // it may end when its log of changes cannot be written
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		_ = l.pg.Stop(ctx)
		l.startPostgres()
	default:
	}
	l.finish()
	l.checkSums()
}

// The disk with huicun's data folder, its own Postgres inside, is full.
func TestDiskOfHuicunIsFull(t *testing.T) {
	t.Parallel()
	d := newDisk(t)
	w := newWorld(t, func(c *wecomsim.Config) { c.Messages = 50 })
	w.cfg.Database.URL, w.cfg.DataDir, w.cfg.Finance.PageSize = "", filepath.Join(d.dir, "data"), 50
	p := w.start()
	t.Cleanup(p.kill)
	w.lookInside()
	w.waitReceived(50)
	d.fill(w.privatePostmaster())
	for range 200 {
		w.call("POST", "/sim/messages", map[string]string{"from": "LinXiaoyu", "to": "ZhouMingkai", "text": strings.Repeat("没有地方了", 400)}, nil)
	}
	p.maySay(t, outOfSpace...)
	d.free()
	w.lookInside()
	w.waitReceived(250)
	w.checkStored()
}
