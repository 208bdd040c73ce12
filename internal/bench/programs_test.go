package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// programDir is where the programs of this process's tests are; TestMain
// removes it.
var programDir string

// buildPrograms builds huicun and wecomsim once.
var buildPrograms = sync.OnceValue(func() error {
	var err error
	if programDir, err = os.MkdirTemp("", "bench-programs-*"); err != nil {
		return err
	}
	out, err := exec.CommandContext(context.Background(), "go", "build", "-o", programDir+"/", "huicun/cmd/huicun", "huicun/cmd/wecomsim").CombinedOutput()
	if err != nil {
		_, _ = os.Stderr.Write(out)
	}
	return err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if programDir != "" {
		_ = os.RemoveAll(programDir)
	}
	os.Exit(code)
}

// runBench runs a benchmark on the real programs and gives its lines.
func runBench(t *testing.T, b Benchmark) ([]map[string]any, error) {
	t.Helper()
	if err := buildPrograms(); err != nil {
		t.Fatal(err)
	}
	var out, progress bytes.Buffer
	err := b.Run(t.Context(), Options{
		Huicun: filepath.Join(programDir, "huicun"), WeComSim: filepath.Join(programDir, "wecomsim"), Pure: true, JSON: true, Stdout: &out, Progress: &progress,
	})
	var lines []map[string]any
	dec := json.NewDecoder(&out)
	for dec.More() {
		var line map[string]any
		if err := dec.Decode(&line); err != nil {
			t.Fatalf("a result is no JSON: %v", err)
		}
		lines = append(lines, line)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("progress:\n%s", progress.String())
		}
	})
	return lines, err
}
