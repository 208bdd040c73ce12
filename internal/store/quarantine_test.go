package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/ingest"
)

// Records are read in order, in pieces that are small in number and bytes, each
// once, however many have the same seq.
func TestFindQuarantinedInPieces(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i, seq := range []int64{5, 5, 5, 6, 7} {
		_, err := f.Exec(`INSERT INTO quarantine (id, seq, msgid, publickey_ver, reason, outer_json)
			VALUES (CAST($1 AS uuid), $2, $3, 2, 'key_missing', convert_to(repeat('x', $4), 'UTF8'))`,
			fmt.Sprintf("00000000-0000-0000-0000-00000000000%d", i), seq, fmt.Sprint("m", i), 10*i)
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name        string
		limit, most int
		want        [][]string
	}{
		{"two at a time", 2, 1 << 20, [][]string{{"m0", "m1"}, {"m2", "m3"}, {"m4"}}},
		{"40 bytes at a time", 10, 40, [][]string{{"m0", "m1", "m2"}, {"m3"}, {"m4"}}},
		{"one at least", 10, 1, [][]string{{"m0"}, {"m1"}, {"m2"}, {"m3"}, {"m4"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got [][]string
			for after := (ingest.Place{Seq: -1}); ; {
				found, err := f.FindQuarantined(t.Context(), []int{2}, after, tt.limit, tt.most)
				if err != nil {
					t.Fatal(err)
				}
				if len(found) == 0 {
					break
				}
				var piece []string
				for _, q := range found {
					piece = append(piece, q.MsgID)
					after = ingest.Place{Seq: q.Seq, ID: q.ID}
				}
				got = append(got, piece)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("pieces (-want +got):\n%s", diff)
			}
		})
	}
}

// Records that the database refuses are counted apart, and what is in
// quarantine alone is not stored.
func TestQuarantineTellsWhatIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	since := time.Date(2026, 1, 5, 4, 0, 0, 0, time.UTC)
	ids := make([]string, 3)
	for i, detail := range []string{"short ciphertext", ingest.DetailRefused, "short ciphertext"} {
		ids[i] = fmt.Sprintf("00000000-0000-0000-0000-00000000000%d", i)
		_, err := f.Exec(`INSERT INTO quarantine (id, seq, msgid, publickey_ver, reason, detail, outer_json, received_at, released_at)
			VALUES (CAST($1 AS uuid), $2, 'm', 2, 'decrypt_failed', $3, 'x', $4, CASE WHEN $5 THEN now() END)`, ids[i], i, detail, since, i == 2)
		if err == nil {
			_, err = f.Exec(`INSERT INTO message_ids (id, seq) VALUES (CAST($1 AS uuid), $2)`, ids[i], i)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s, err := f.ReadStatus(t.Context(), 1, false)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, q := range s.Quarantine {
		got = append(got, fmt.Sprintf("%s %d %v", q.Reason, q.Messages, q.Oldest.Equal(since)))
	}
	if diff := cmp.Diff([]string{"decrypt_failed 1 true", "refused 1 true"}, got); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	stored, err := f.FindStored(t.Context(), ids)
	if diff := cmp.Diff(map[string]bool{ids[2]: true}, stored); err != nil || diff != "" {
		t.Errorf("FindStored: %v (-want +got):\n%s", err, diff)
	}
	found, err := f.FindQuarantined(t.Context(), []int{2}, ingest.Place{Seq: -1}, 10, 1<<20)
	if err != nil || len(found) != 2 || !found[0].ReceivedAt.Equal(since) {
		t.Errorf("FindQuarantined = %+v, %v, want both of %v", found, err, since)
	}
}
