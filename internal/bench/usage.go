package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Usage is what the processes of a huicun have used so far: huicun itself, the
// helpers with WeCom's library, and Postgres.
type Usage struct {
	CPU     CPU
	Helpers int // processes with the library that run now

	// Memory in MiB. HuicunPeak and HelpersPeak (the sum over the helpers) are
	// the most that ever was; Postgres is what its processes hold now, shared
	// buffers counted once.
	HuicunPeak, HelpersPeak float64
	HuicunNow               float64
	Postgres                float64
}

// CPU is time on the cores in seconds, user and system, ended processes
// included.
type CPU struct {
	Huicun, Helpers, Postgres float64
}

// All is the sum.
func (c CPU) All() float64 { return c.Huicun + c.Helpers + c.Postgres }

// minus gives what was used since before.
func (c CPU) minus(before CPU) CPU {
	return CPU{c.Huicun - before.Huicun, c.Helpers - before.Helpers, c.Postgres - before.Postgres}
}

// plus adds up.
func (c CPU) plus(d CPU) CPU { return c.minus(CPU{-d.Huicun, -d.Helpers, -d.Postgres}) }

// per1000 is the share of 1,000 messages when n took all of it.
func (c CPU) per1000(n int) CPU {
	f := 1000 / float64(n)
	return CPU{c.Huicun * f, c.Helpers * f, c.Postgres * f}
}

// clockTicks a second, of /proc/…/stat; Linux has the same on all machines
// that huicun runs on.
const clockTicks = 100

// Usage reads /proc, so that it works on Linux only.
func (w *World) Usage() (Usage, error) {
	var u Usage
	tree, err := processTree(w.Huicun.Process.Pid)
	if err != nil {
		return u, err
	}
	var private, shared, files float64
	for _, p := range tree {
		seconds := float64(p.ticks) / clockTicks
		m, err := memory(p.pid)
		if err != nil {
			m = map[string]float64{} // it has ended meanwhile
		}
		switch {
		case p.pid == w.Huicun.Process.Pid:
			u.CPU.Huicun += seconds
			u.HuicunPeak, u.HuicunNow = m["VmHWM"], m["VmRSS"]
		case p.name == "postgres":
			u.CPU.Postgres += seconds
			private += m["RssAnon"]
			shared, files = max(shared, m["RssShmem"]), max(files, m["RssFile"])
		default:
			u.CPU.Helpers += seconds
			u.Helpers++
			u.HelpersPeak += m["VmHWM"]
		}
	}
	u.Postgres = private + shared + files
	return u, nil
}

// treeCPU is the CPU time in seconds of a process and everything below it.
func treeCPU(root int) (float64, error) {
	tree, err := processTree(root)
	var ticks int64
	for _, p := range tree {
		ticks += p.ticks
	}
	return float64(ticks) / clockTicks, err
}

// running is one process of a tree.
type running struct {
	pid, parent int
	name        string // of the program, cut to 15 characters
	ticks       int64  // of CPU, those of children that ended included
}

// processTree lists a process and everything below it.
func processTree(root int) ([]running, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(paths) == 0 {
		return nil, errors.Join(err, errors.New("there is no /proc to read processes from"))
	}
	var all []running
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) || len(b) == 0 {
			continue // it has ended
		}
		p, err := parseStat(b)
		if err != nil {
			continue // ended while it was read
		}
		all = append(all, p)
	}
	return below(all, root), nil
}

// below picks root and its descendants.
func below(all []running, root int) []running {
	in := map[int]bool{root: true}
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if in[p.parent] && !in[p.pid] {
				in[p.pid], grown = true, true
			}
		}
	}
	return slices.DeleteFunc(all, func(p running) bool { return !in[p.pid] })
}

// parseStat reads /proc/<pid>/stat. The name is in brackets and may hold
// anything.
func parseStat(b []byte) (running, error) {
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 0 || end < open {
		return running{}, errors.New("not a stat file")
	}
	f := strings.Fields(string(b[end+1:]))
	if len(f) < 15 {
		return running{}, errors.New("not a stat file")
	}
	p := running{name: string(b[open+1 : end])}
	var err1, err2 error
	p.pid, err1 = strconv.Atoi(strings.TrimSpace(string(b[:open])))
	p.parent, err2 = strconv.Atoi(f[1])
	for _, field := range f[11:15] { // utime stime cutime cstime
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return p, err
		}
		p.ticks += n
	}
	return p, errors.Join(err1, err2)
}

// memory reads the sizes in /proc/<pid>/status, in MiB.
func memory(pid int) (map[string]float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return nil, err
	}
	m := map[string]float64{}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(line, ":")
		kb, isSize := strings.CutSuffix(strings.TrimSpace(value), " kB")
		if n, err := strconv.ParseFloat(kb, 64); err == nil && isSize {
			m[name] = n / 1024
		}
	}
	return m, nil
}
