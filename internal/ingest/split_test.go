package ingest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitPage(t *testing.T) {
	t.Parallel()
	type part struct {
		From int64
		Seqs []int64
	}
	for _, tt := range []struct {
		name string
		seqs []int64
		want []part
	}{
		{"small enough", []int64{12, 11}, []part{{10, []int64{12, 11}}}},
		{"in order of seq", []int64{13, 11, 12}, []part{{10, []int64{11, 12}}, {12, []int64{13}}}},
		{"what is old stays with what is new", []int64{9, 10, 11, 12}, []part{{10, []int64{9, 10, 11}}, {11, []int64{12}}}},
		{"the same seq stays together", []int64{11, 12, 12, 12, 13}, []part{{10, []int64{11, 12, 12, 12}}, {12, []int64{13}}}},
		{"nothing new", []int64{8, 9, 10}, []part{{10, []int64{8, 9, 10}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			pg := page{from: 10}
			for _, s := range tt.seqs {
				pg.records = append(pg.records, Outer{Seq: s, ChatMsg: strings.Repeat("x", 10)})
			}
			var got []part
			for _, p := range pg.split(25) {
				one := part{From: p.from}
				for _, r := range p.records {
					one.Seqs = append(one.Seqs, r.Seq)
				}
				got = append(got, one)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("parts (-want +got):\n%s", diff)
			}
		})
	}
}
