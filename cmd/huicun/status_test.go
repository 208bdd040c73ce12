package main

import (
	"bytes"
	"strings"
	"testing"

	"huicun/internal/ingest"
)

// The numbers that WeCom's window may have swallowed are named, others are not.
func TestStatusNamesWhatTheWindowMayHaveLost(t *testing.T) {
	t.Parallel()
	var s ingest.Status
	s.Gaps = []ingest.Gap{{AfterSeq: 10, BeforeSeq: 12, Kind: ingest.GapSkipped}, {AfterSeq: 5, BeforeSeq: 9, Kind: ingest.GapWindow}}
	s.GapTotal = 2
	var out bytes.Buffer
	if err := newStatusReport(s).print(&out, false); err != nil {
		t.Fatal(err)
	}
	contains(t, out.String(), "2 gaps in the numbers", "after a pause longer than WeCom's window: seq 6 to 8 may be lost")
	if strings.Contains(out.String(), "seq 11") {
		t.Errorf("a number that was merely skipped is told as lost:\n%s", out.String())
	}
}
