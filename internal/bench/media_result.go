package bench

import (
	"fmt"
	"strings"
)

// MediaResult is what huicun bench media prints.
type MediaResult struct {
	Benchmark string `json:"benchmark"` // media
	FileComparison
	Client  string  `json:"client"`  // sdk: WeCom's library in helper processes; pure: our own client
	Workers int     `json:"workers"` // files at once
	Looked  bool    `json:"looked"`  // huicun looked into the files and made forms of them beside it
	MiB     float64 `json:"mib"`     // measured, the warm-up left out

	MiBPerSecond       float64 `json:"mib_per_second"`
	FilesPerSecond     float64 `json:"files_per_second"`
	CopyMiBPerSecond   float64 `json:"copy_mib_per_second"` // the plain copy loop
	CopyFilesPerSecond float64 `json:"copy_files_per_second"`
	Ratio              Spread  `json:"ratio"` // of each slice: huicun's speed, the copy loop's being 1

	// CPU time per 100 files, wecomsim's not in the sums.
	CPUPer100         float64 `json:"cpu_seconds_per_100"` // huicun, helpers, Postgres
	CPUHuicunPer100   float64 `json:"cpu_huicun_per_100"`
	CPUHelpersPer100  float64 `json:"cpu_helpers_per_100"`
	CPUPostgresPer100 float64 `json:"cpu_postgres_per_100"`
	CPUCopyPer100     float64 `json:"cpu_copy_per_100"` // the copy loop and its helpers
	CPURatio          Spread  `json:"cpu_ratio"`        // of each slice: the copy loop's share of huicun's
	CPUWeComSimPer100 float64 `json:"cpu_wecomsim_per_100"`

	PeakRSS Peaks `json:"peak_rss_mb"`

	pairs []mediaPair
}

// summed fills in what follows from the pairs.
func (r *MediaResult) summed() *MediaResult {
	var files int
	var bytes int64
	var fetched, copied, sim float64
	var cpu, copyCPU CPU
	var ratios, cpuRatios []float64
	for _, p := range r.pairs {
		files, bytes = files+p.files, bytes+p.bytes
		fetched, copied = fetched+p.fetched.took.Seconds(), copied+p.copied.took.Seconds()
		cpu, copyCPU, sim = cpu.plus(p.fetched.cpu), copyCPU.plus(p.copied.cpu), sim+p.fetched.simCPU
		ratios = append(ratios, p.ratio())
		if all := p.fetched.cpu.All(); all > 0 {
			cpuRatios = append(cpuRatios, p.copied.cpu.All()/all)
		}
		r.PeakRSS = Peaks{p.fetched.after.HuicunPeak, p.fetched.after.HelpersPeak, max(r.PeakRSS.Postgres, p.fetched.after.Postgres)}
	}
	per100 := 100 / float64(files)
	r.MiB = mib(bytes)
	r.MiBPerSecond, r.FilesPerSecond = r.MiB/fetched, float64(files)/fetched
	r.CopyMiBPerSecond, r.CopyFilesPerSecond = r.MiB/copied, float64(files)/copied
	r.Ratio = spread(ratios)
	r.CPUPer100, r.CPUHuicunPer100, r.CPUHelpersPer100, r.CPUPostgresPer100 = cpu.All()*per100, cpu.Huicun*per100, cpu.Helpers*per100, cpu.Postgres*per100
	r.CPUCopyPer100, r.CPUWeComSimPer100 = copyCPU.All()*per100, sim*per100
	if len(cpuRatios) > 0 {
		r.CPURatio = spread(cpuRatios)
	}
	return r
}

// String implements fmt.Stringer: the result for a person.
func (r *MediaResult) String() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-22s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("files", "%d named, %d held, %d lost, %d differing, %d flagged in vain, %d given to nobody", r.Files, r.Ready, r.Lost, r.Differing, r.Flagged, r.Refused)
	line("left over", "%d temporary files; the store: %s", len(r.LeftFiles), sound(r.Unsound))
	line("client", "%s, %d files at once; looked into: %v", r.Client, r.Workers, r.Looked)
	line("huicun", "%.1f MiB a second, %.1f files a second (%.1f MiB in all)", r.MiBPerSecond, r.FilesPerSecond, r.MiB)
	line("plain copy", "%.1f MiB a second, %.1f files a second", r.CopyMiBPerSecond, r.CopyFilesPerSecond)
	line("ratio", "%v", r.Ratio)
	line("CPU s per 100 files", "%.2f: huicun %.2f, helpers %.2f, Postgres %.2f; plain copy %.2f; beside it wecomsim %.2f",
		r.CPUPer100, r.CPUHuicunPer100, r.CPUHelpersPer100, r.CPUPostgresPer100, r.CPUCopyPer100, r.CPUWeComSimPer100)
	line("plain copy's share", "%v", r.CPURatio)
	line("peak memory", "%v", r.PeakRSS)
	return strings.TrimSuffix(b.String(), "\n")
}

func sound(unsound string) string {
	if unsound == "" {
		return "sound"
	}
	return unsound
}
