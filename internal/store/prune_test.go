package store_test

import (
	"testing"
	"time"
)

func TestPruneRecordsKeepsWhatMatters(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	now := time.Now()
	for _, age := range []int{1, 40} {
		at := now.AddDate(0, 0, -age)
		if _, err := f.Exec(`INSERT INTO pulls (started_at, finished_at, holder, from_seq, outcome) VALUES ($1, $1, 'a', 0, 'empty')`, at); err != nil {
			t.Fatal(err)
		}
		for _, event := range []string{"msgaudit_notify", "change_external_contact"} {
			if _, err := f.Exec(`INSERT INTO callback_events (config_id, body_sha256, event, body, received_at) VALUES ('app', $1, $2, '', $3)`,
				[]byte{byte(age), event[0]}, event, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	n, err := f.PruneRecords(t.Context(), now.AddDate(0, 0, -30))
	if err != nil || n != 2 {
		t.Errorf("PruneRecords = %d, %v; want the old pull and the old notice", n, err)
	}
	var kept int
	if err := f.Get(&kept, `SELECT (SELECT count(*) FROM pulls) + (SELECT count(*) FROM callback_events)`); err != nil || kept != 4 {
		t.Errorf("%d rows kept, %v; want 4", kept, err)
	}
}
