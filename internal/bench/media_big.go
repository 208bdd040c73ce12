package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"huicun/internal/archive"
)

const (
	smallMiB  = 10
	bigGrowth = 32.0 // MiB; what huicun may hold more of a large file than of a small one
)

// BigResult is what huicun bench media -big prints.
type BigResult struct {
	Benchmark    string  `json:"benchmark"` // media.big
	Client       string  `json:"client"`
	MiB          int     `json:"mib"`
	Seconds      float64 `json:"seconds"` // from its message to the file being held
	MiBPerSecond float64 `json:"mib_per_second"`
	PeakRSS      Peaks   `json:"peak_rss_mb"`
	PeakRSSAt10  Peaks   `json:"peak_rss_mb_at_10_mib"` // of another process that fetched 10 MiB
	Growth       float64 `json:"growth_mb"`             // of huicun
	FileComparison
	Holds bool `json:"holds"`
}

// String implements fmt.Stringer.
func (r BigResult) String() string {
	return fmt.Sprintf(`one file of %d MiB (%s client): %s
  %.1f s, %.1f MiB a second
  peak memory %v; of a file of %d MiB %v; huicun grew by %.0f MiB
  of 2 files %d held, %d lost, %d differing; temporary files left: %d`,
		r.MiB, r.Client, verdict(r.Holds), r.Seconds, r.MiBPerSecond, r.PeakRSS, smallMiB, r.PeakRSSAt10, r.Growth,
		r.Ready, r.Lost, r.Differing, len(r.LeftFiles))
}

// runBig measures memory.
func (b *Media) runBig(ctx context.Context, w *World) error {
	if err := w.settle(ctx); err != nil {
		return err
	}
	people, err := w.pairs(ctx)
	if err != nil {
		return err
	}
	r := BigResult{Benchmark: "media.big", Client: w.Client, MiB: b.Big}
	small, err := b.fetchBig(ctx, w, people[0], smallMiB)
	if err != nil {
		return err
	}
	w.Logf("a file of %d MiB: %.1f s, huicun %.0f MiB at most", smallMiB, small.took.Seconds(), small.after.HuicunPeak)
	big, err := b.fetchBig(ctx, w, people[0], b.Big)
	if err != nil {
		return err
	}
	if b.Before != nil {
		if err := b.Before(ctx, w); err != nil {
			return err
		}
	}
	if r.FileComparison, err = w.compareBig(ctx, []servedFile{small.file, big.file}); err != nil {
		return err
	}
	r.Seconds, r.MiBPerSecond = big.took.Seconds(), float64(b.Big)/big.took.Seconds()
	r.PeakRSS, r.PeakRSSAt10 = peaksOf(big.after), peaksOf(small.after)
	r.Growth = r.PeakRSS.Huicun - r.PeakRSSAt10.Huicun
	r.Holds = r.Growth <= bigGrowth && r.FileComparison.Err() == nil
	if err := w.Result(r); err != nil {
		return err
	}
	if !r.Holds {
		return errors.Join(r.FileComparison.Err(), fmt.Errorf("%w: huicun grew by %.0f MiB, at most %.0f are allowed", errMissed, r.Growth, bigGrowth))
	}
	return nil
}

func peaksOf(u Usage) Peaks { return Peaks{u.HuicunPeak, u.HelpersPeak, u.Postgres} }

// bigFetch is how a fresh huicun fetched one file.
type bigFetch struct {
	file  servedFile
	took  time.Duration
	after Usage
}

// fetchBig starts huicun anew and lets it fetch a file of so many MiB. Whatever
// else there is, is held back.
func (b *Media) fetchBig(ctx context.Context, w *World, chat pairOfPeople, mib int) (f bigFetch, err error) {
	if err := w.restartFetching(ctx, b.Workers, b.Look, sqlHoldFiles); err != nil {
		return f, err
	}
	if f.file, err = w.Sim.sendFile(ctx, chat, mib); err != nil {
		return f, err
	}
	start := time.Now()
	// Nothing is seen of a file before it is there.
	if err := w.waitFetched(ctx, []string{f.file.ID}, stallPatience+time.Duration(mib)*time.Second); err != nil {
		return f, err
	}
	f.took = time.Since(start)
	f.after, err = w.Usage()
	return f, err
}

// sendFile makes wecomsim send a file of so many MiB.
func (s *Sim) sendFile(ctx context.Context, chat pairOfPeople, mib int) (servedFile, error) {
	var p Posted
	in := map[string]any{"mib": mib, "from": chat.employee, "to": chat.customer}
	if err := s.Call(ctx, http.MethodPost, "/sim/media/big", in, &p); err != nil {
		return servedFile{}, err
	}
	return s.fileOf(ctx, p.Seq)
}

// fileOf gives the file that the message of a seq names.
func (s *Sim) fileOf(ctx context.Context, seq int64) (f servedFile, err error) {
	done := errors.New("found")
	err = s.eachFrom(ctx, seq, func(m Message) error {
		eachFileOf(m, func(found servedFile) { f = found })
		return done
	})
	if errors.Is(err, done) {
		err = nil
	}
	if err == nil && f.ID == "" {
		err = fmt.Errorf("the message with seq %d names no file", seq)
	}
	return f, err
}

const sqlBigFiles = `
SELECT m.id, m.state, m.flag, COALESCE(o.md5, '') AS md5 FROM media m LEFT JOIN media_objects o USING (sha256)`

// compareBig holds what huicun says of the files against the MD5 that wecomsim
// says of them: nobody else reads a large file a second time.
func (w *World) compareBig(ctx context.Context, files []servedFile) (FileComparison, error) {
	c := FileComparison{Files: len(files)}
	var rows []struct{ ID, State, Flag, MD5 string }
	if err := w.DB.SelectContext(ctx, &rows, sqlBigFiles); err != nil {
		return c, err
	}
	c.Lost = len(files)
	for _, f := range files {
		for _, row := range rows {
			if row.ID != f.ID || row.State != string(archive.FileReady) {
				continue
			}
			c.Ready, c.Lost = c.Ready+1, c.Lost-1
			if row.MD5 != f.MD5 {
				c.Differing++
			} else if row.Flag != "" {
				c.Flagged++
			}
		}
	}
	c.Unsound = w.verifyFiles(ctx)
	var err error
	c.LeftFiles, err = w.tempFiles()
	return c, err
}
