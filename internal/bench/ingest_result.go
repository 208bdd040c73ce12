package bench

import (
	"fmt"
	"slices"
	"strings"
)

// IngestResult is what huicun bench ingest prints.
type IngestResult struct {
	Benchmark string `json:"benchmark"`
	Messages  int    `json:"messages"`
	Comparison
	Client    string `json:"client"`    // sdk: WeCom's library in helper processes; pure: our own client
	Decrypter string `json:"decrypter"` // go: crypto/rsa; openssl
	Cores     int    `json:"cores"`

	PerSecond        float64 `json:"per_second"`         // stored with all indexes and outbox rows
	ScannedPerSecond float64 `json:"scanned_per_second"` // and looked at by the rules
	RSAPerSecond     float64 `json:"rsa_per_second"`     // the bound: Decrypter on all cores
	RSAGoPerSecond   float64 `json:"rsa_go_per_second"`  // the same with crypto/rsa
	Ratio            Spread  `json:"ratio"`              // of each slice to the bound measured after it
	RatioGo          Spread  `json:"ratio_go"`           // the same to crypto/rsa

	// CPU time does not depend on what else the machine does. It is that of
	// huicun, the helpers and Postgres, scan included.
	CPUSecondsPer1000  float64 `json:"cpu_seconds_per_1000"`
	CPUHuicunPer1000   float64 `json:"cpu_huicun_per_1000"`
	CPUHelpersPer1000  float64 `json:"cpu_helpers_per_1000"`
	CPUPostgresPer1000 float64 `json:"cpu_postgres_per_1000"`
	CPURSAPer1000      float64 `json:"cpu_rsa_per_1000"`      // of the bound: Decrypter alone
	CPUWeComSimPer1000 float64 `json:"cpu_wecomsim_per_1000"` // not part of the sum, but of the wall time
	CPURatio           Spread  `json:"cpu_ratio"`             // share of RSA in all CPU time

	PeakRSS     Peaks `json:"peak_rss_mb"`
	PeakRSSAt10 Peaks `json:"peak_rss_mb_at_10_percent"`

	pairs []pair
}

// Spread is the median of the pairs, with the least and the most.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	Pairs  int     `json:"pairs"`
}

// String implements fmt.Stringer.
func (s Spread) String() string {
	return fmt.Sprintf("%.3f (%.3f to %.3f, %d pairs)", s.Median, s.Min, s.Max, s.Pairs)
}

// Peaks is memory in MiB.
type Peaks struct {
	Huicun   float64 `json:"huicun"`
	Helpers  float64 `json:"helpers"` // all together
	Postgres float64 `json:"postgres"`
}

// String implements fmt.Stringer.
func (p Peaks) String() string {
	return fmt.Sprintf("huicun %.0f, helpers %.0f, Postgres %.0f MiB", p.Huicun, p.Helpers, p.Postgres)
}

func (r *IngestResult) add(p pair) { r.pairs = append(r.pairs, p) }

// summed fills in what follows from the pairs.
func (r *IngestResult) summed() *IngestResult {
	var messages int
	var stored, scanned, sim float64
	var cpu CPU
	var ratios, ratiosGo, inUse, goLib, rsaCPU, cpuRatios []float64
	for _, p := range r.pairs {
		messages += p.messages
		stored, scanned, cpu = stored+p.stored.Seconds(), scanned+p.scanned.Seconds(), cpu.plus(p.cpu)
		ratios, ratiosGo = append(ratios, p.perSecond()/p.rsa.InUse), append(ratiosGo, p.perSecond()/p.rsa.Go)
		sim += p.simCPU
		rsaCPU, cpuRatios = append(rsaCPU, p.rsa.CPUPer1000), append(cpuRatios, p.cpuRatio())
		inUse, goLib = append(inUse, p.rsa.InUse), append(goLib, p.rsa.Go)
		peaks := Peaks{p.after.HuicunPeak, p.after.HelpersPeak, max(r.PeakRSS.Postgres, p.after.Postgres)}
		if r.PeakRSS = peaks; p.total <= r.Messages/10 || r.PeakRSSAt10 == (Peaks{}) {
			r.PeakRSSAt10 = peaks
		}
	}
	r.PerSecond, r.ScannedPerSecond = float64(messages)/stored, float64(messages)/scanned
	r.RSAPerSecond, r.RSAGoPerSecond = median(inUse), median(goLib)
	r.Ratio, r.RatioGo = spread(ratios), spread(ratiosGo)
	c := cpu.per1000(messages)
	r.CPUSecondsPer1000, r.CPUHuicunPer1000, r.CPUHelpersPer1000, r.CPUPostgresPer1000 = c.All(), c.Huicun, c.Helpers, c.Postgres
	r.CPURSAPer1000, r.CPURatio = median(rsaCPU), spread(cpuRatios)
	r.CPUWeComSimPer1000 = sim / float64(messages) * 1000
	return r
}

// String implements fmt.Stringer: the result for a person.
func (r *IngestResult) String() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-22s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("messages", "%d served, %d stored, %d lost, %d duplicated, %d differing", r.Served, r.Stored, r.Lost, r.Duplicated, r.Differing)
	line("client, decrypter", "%s, %s, %d cores", r.Client, r.Decrypter, r.Cores)
	line("stored a second", "%.0f; with the scan done %.0f", r.PerSecond, r.ScannedPerSecond)
	line("RSA bound a second", "%.0f; crypto/rsa %.0f", r.RSAPerSecond, r.RSAGoPerSecond)
	line("ratio to the bound", "%v", r.Ratio)
	line("CPU s per 1000", "%.3f: huicun %.3f, helpers %.3f, Postgres %.3f; RSA alone %.3f; beside it wecomsim %.3f",
		r.CPUSecondsPer1000, r.CPUHuicunPer1000, r.CPUHelpersPer1000, r.CPUPostgresPer1000, r.CPURSAPer1000, r.CPUWeComSimPer1000)
	line("RSA's share of it", "%v", r.CPURatio)
	line("peak memory", "%v", r.PeakRSS)
	line("at 10 % of them", "%v", r.PeakRSSAt10)
	return strings.TrimSuffix(b.String(), "\n")
}

func spread(v []float64) Spread {
	return Spread{Median: median(v), Min: slices.Min(v), Max: slices.Max(v), Pairs: len(v)}
}

// median of some numbers, at least one.
func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}
