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

// Searches go by their age alone, and none that is younger than half a year.
func TestPruneSearches(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.admin(t)
	s.exec(t, `INSERT INTO searches (viewer_id, at, query, key, engine)
SELECT $1, now() - n * interval '1 hour', '{}', n, 'postgres' FROM generate_series(12000, 0, -1) n`, v.ID)
	n, err := s.PruneSearches(t.Context(), time.Now().AddDate(0, 0, -200).Add(-30*time.Minute))
	if err != nil || n != 12000-200*24 {
		t.Errorf("PruneSearches = %d, %v; want %d", n, err, 12000-200*24)
	}
	if n, err := s.PruneSearches(t.Context(), time.Now()); err != nil || n != (200-184)*24+1 {
		t.Errorf("PruneSearches = %d, %v; want %d, those of the last half year stay", n, err, (200-184)*24+1)
	}
	if _, err := s.Exec(`DELETE FROM searches WHERE id = (SELECT min(id) FROM searches)`); err == nil {
		t.Error("a search of the last half year was deleted")
	}
	if _, err := s.Exec(`UPDATE searches SET query = '{"q": "x"}'`); err == nil {
		t.Error("a search was changed")
	}
	var left int
	if err := s.Get(&left, `SELECT count(*) FROM searches`); err != nil || left != 184*24 {
		t.Errorf("%d searches are left, %v; want %d", left, err, 184*24)
	}
}
