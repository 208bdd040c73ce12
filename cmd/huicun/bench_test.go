package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"huicun/internal/bench"
)

// buildWeComSim builds the simulator into a folder of the test.
func buildWeComSim(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wecomsim")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "huicun/cmd/wecomsim").CombinedOutput(); err != nil {
		t.Fatalf("build wecomsim: %v\n%s", err, out)
	}
	return path
}

// A run whose archive is as it was served, and then spoilt: what the benchmark
// says of both must be true.
func TestBenchIngestTellsLossFromOrder(t *testing.T) {
	t.Parallel()
	spoil := func(ctx context.Context, w *bench.World) error {
		c, err := w.Compare(ctx)
		if err != nil || c.Err() != nil || c.Served != 2000 || c.Stored != 2000 || c.ServedBytes == 0 || c.ServedBytes != c.StoredBytes {
			t.Errorf("before anything was spoilt: %+v, %v, %v", c, err, c.Err())
		}
		for _, q := range []string{
			`DELETE FROM messages WHERE seq = 1000`,
			`INSERT INTO messages SELECT msgtime, seq + 1000000, id, base_id, conv_id, batch_id, from_id, msgtype, time_source, publickey_ver, msgid, text, raw, raw_sha256, pulled_at
				FROM messages WHERE seq = 1001`,
			`UPDATE messages SET raw = raw || '\x20' WHERE seq = 1002`,
			`UPDATE messages SET msgid = 'of nobody' WHERE seq = 1003`,
			`INSERT INTO outbox (kind, args, state) VALUES ('scan', '{}', 'discarded')`,
		} {
			if _, err := w.DB.ExecContext(ctx, q); err != nil {
				return err
			}
		}
		return nil
	}
	var out, progress bytes.Buffer
	b := &bench.Ingest{Messages: 2000, Pairs: 2, Bound: 100e6, Before: spoil}
	err := b.Run(t.Context(), bench.Options{WeComSim: buildWeComSim(t), JSON: true, Stdout: &out, Progress: &progress})
	if err == nil || !strings.Contains(err.Error(), "2 lost, 1 duplicated, 1 differing, 1 foreign") || !strings.Contains(err.Error(), "1 items of follow-up work") {
		t.Errorf("the run ends with %v\n%s", err, progress.String())
	}
	var r bench.IngestResult
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	if r.Messages != 2000 || r.Served != 2000 || r.Stored != 2000 || r.Lost != 2 || r.Duplicated != 1 || r.Differing != 1 || r.Foreign != 1 {
		t.Errorf("the result disagrees with what was done to the archive: %s", out.String())
	}
	cpu := r.CPUHuicunPer1000 + r.CPUHelpersPer1000 + r.CPUPostgresPer1000
	if r.PerSecond < r.ScannedPerSecond || r.ScannedPerSecond <= 0 || r.RSAPerSecond <= 0 || r.Ratio.Pairs != 2 || r.Ratio.Min > r.Ratio.Median || r.Ratio.Median > r.Ratio.Max ||
		cpu <= 0 || cpu-r.CPUSecondsPer1000 > 1e-9 || r.CPUSecondsPer1000-cpu > 1e-9 || r.PeakRSS.Huicun <= 0 || r.PeakRSS.Postgres <= 0 || r.PeakRSSAt10.Huicun > r.PeakRSS.Huicun {
		t.Errorf("the figures cannot all be true: %s", out.String())
	}
}

func TestBenchUsage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string // on standard error
	}{
		{"no name", []string{"bench"}, 2, "huicun bench ingest"},
		{"unknown name", []string{"bench", "ingst"}, 2, "huicun bench: unknown benchmark \"ingst\"\n\nhuicun bench measures"},
		{"names of values", []string{"bench", "soak", "-h"}, 0, "-rate number\n    \tnumber of messages a second"},
		{"a time that is none", []string{"bench", "soak", "-kill", "x"}, 2, `invalid value "x" for flag -kill`},
		{"a database that is none", []string{"bench", "read", "-dsn", "nonsense"}, 1, "-dsn must begin with postgres://"},
		{"help", []string{"bench", "ingest", "-h"}, 0, "-messages"},
		{"unknown flag", []string{"bench", "ingest", "-nothing"}, 2, "-nothing"},
		{"an argument", []string{"bench", "ingest", "x"}, 1, `unexpected argument "x"`},
		{"no time", []string{"bench", "ingest", "-bound", "0s"}, 1, "some time for the bound"},
		{"no messages", []string{"bench", "ingest", "-messages", "0"}, 1, "at least one pair"},
		{"no simulator", []string{"bench", "ingest", "-wecomsim", "/nowhere"}, 1, "-wecomsim"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), tt.args, nil, &out, &errs); code != tt.code || !strings.Contains(errs.String(), tt.want) || out.Len() > 0 {
			t.Errorf("%s: exit status %d, %q; want %d and %q", tt.name, code, errs.String(), tt.code, tt.want)
		}
	}
}
