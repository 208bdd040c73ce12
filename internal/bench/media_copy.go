package bench

import (
	"context"
	"crypto/md5" //nolint:gosec // WeCom's choice, no security in it
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"huicun/internal/wecom/finance"
)

// copied is what the plain copy loop got of a file.
type copied struct {
	size    int64
	sha256  [sha256.Size]byte
	md5     string // lower-case hex
	refused bool   // WeCom gives it to nobody; the rest is zero
}

// copier fetches files without huicun: part after part into a file, flushed to
// the disk. No database, no encryption, nothing to go on from.
type copier struct {
	client  finance.Client
	dir     string
	workers int
	sums    map[string]copied // by id of the file
}

// newCopier opens a Finance client as huicun does for its files, in this process.
func newCopier(ctx context.Context, w *World, workers int) (*copier, error) {
	open := finance.OpenPure
	if w.Client == "sdk" {
		open = finance.OpenSDK
	}
	client, err := open(ctx, finance.Options{
		CorpID: w.Sim.CorpID, Secret: archiveSecret, Library: w.setting("HUICUN_FINANCE_LIBRARY"),
		Proxy: "http://" + w.Sim.Proxy, CAFile: w.Sim.CAFile, Relay: true, Workers: workers + 1, // one is for messages alone
		HelperCommand: []string{w.opts.Huicun, "finance-helper"},
	})
	if err != nil {
		return nil, fmt.Errorf("open a Finance client for the plain copy: %w", err)
	}
	c := &copier{client: client, dir: filepath.Join(w.Dir, "copies"), workers: workers, sums: map[string]copied{}}
	return c, os.MkdirAll(c.dir, 0o700)
}

func (c *copier) close() error { return c.client.Close() }

// copy fetches files and then, unmeasured, looks at what came.
func (r *mediaRun) copy(ctx context.Context, files []servedFile) (t transfer, err error) {
	before, err := r.ownCPU()
	if err != nil {
		return t, err
	}
	sim, err := treeCPU(r.Sim.Process.Process.Pid)
	if err != nil {
		return t, err
	}
	start := time.Now()
	refused, err := r.copier.copyAll(ctx, files)
	if err != nil {
		return t, err
	}
	t.took = time.Since(start)
	simAfter, err1 := treeCPU(r.Sim.Process.Process.Pid)
	after, err2 := r.ownCPU()
	t.cpu, t.simCPU = after.minus(before), simAfter-sim
	return t, errors.Join(err1, err2, r.copier.sum(files, refused))
}

// copyAll fetches files, as many at once as huicun does. It tells which of them
// WeCom gives to nobody.
func (c *copier) copyAll(ctx context.Context, files []servedFile) ([]bool, error) {
	refused := make([]bool, len(files))
	next := make(chan int)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(next)
		for i := range files {
			select {
			case next <- i:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range c.workers {
		g.Go(func() error {
			for i := range next {
				err := c.copyOne(ctx, files[i])
				if refused[i] = unavailable(err); err != nil && !refused[i] {
					return fmt.Errorf("plain copy of a file: %w", err)
				}
			}
			return nil
		})
	}
	return refused, g.Wait()
}

// unavailable tells that WeCom does not give the file to anybody.
func unavailable(err error) bool {
	class := finance.ClassOf(err)
	return err != nil && (class == finance.ClassExpired || class == finance.ClassPermanent)
}

func (c *copier) path(f servedFile) string { return filepath.Join(c.dir, f.ID) }

func (c *copier) copyOne(ctx context.Context, f servedFile) (err error) {
	out, err := os.Create(c.path(f))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	index := ""
	for {
		part, err := c.client.GetMediaData(ctx, index, f.SDKFileID)
		if err != nil {
			return err
		}
		if _, err := out.Write(part.Data); err != nil {
			return err
		}
		if part.Finished {
			return out.Sync()
		}
		index = part.OutIndexBuf
	}
}

// sum reads what came, and removes it.
func (c *copier) sum(files []servedFile, refused []bool) error {
	for i, f := range files {
		if refused[i] {
			c.sums[f.ID] = copied{refused: true}
			if err := os.Remove(c.path(f)); err != nil {
				return err
			}
			continue
		}
		s, err := sumOf(c.path(f))
		if err = errors.Join(err, os.Remove(c.path(f))); err != nil {
			return err
		}
		c.sums[f.ID] = s
	}
	return nil
}

func sumOf(path string) (s copied, err error) {
	f, err := os.Open(path)
	if err != nil {
		return s, err
	}
	defer func() { _ = f.Close() }()     // it was read only
	sha, weak := sha256.New(), md5.New() //nolint:gosec // as above
	s.size, err = io.Copy(io.MultiWriter(sha, weak), f)
	sha.Sum(s.sha256[:0])
	s.md5 = hex.EncodeToString(weak.Sum(nil))
	return s, err
}

// ownCPU is the CPU time of this process and of the helpers that it started,
// without huicun and wecomsim.
func (w *World) ownCPU() (CPU, error) {
	tree, err := processTree(os.Getpid())
	if err != nil {
		return CPU{}, err
	}
	other := map[int]bool{}
	for _, pid := range []int{w.Huicun.Process.Pid, w.Sim.Process.Process.Pid} {
		for _, p := range below(slices.Clone(tree), pid) {
			other[p.pid] = true
		}
	}
	var c CPU
	for _, p := range tree {
		switch seconds := float64(p.ticks) / clockTicks; {
		case other[p.pid]:
		case p.pid == os.Getpid():
			c.Huicun += seconds
		default:
			c.Helpers += seconds
		}
	}
	return c, nil
}
