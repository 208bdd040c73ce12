package wecomsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"
)

// sayings makes n live messages and tells how many of them went between a and b
// alone. Their msgids are added to ids.
func sayings(t *testing.T, s *Sim, n int, a, b string, ids map[string]bool) (between int) {
	t.Helper()
	for range n {
		m, err := s.sayNext()
		if err != nil {
			t.Fatal(err)
		}
		if ids[m.MsgID] {
			t.Fatalf("live message %s came before", m.MsgID)
		}
		ids[m.MsgID] = true
		var h header
		if err := json.Unmarshal(m.Body, &h); err != nil {
			t.Fatal(err)
		}
		people := append(h.ToList, h.From)
		if len(people) == 2 && slices.Contains(people, a) && slices.Contains(people, b) {
			between++
		}
	}
	return between
}

func TestWhoIsDeletedIsSilentUntilAddedAgain(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"customer", "employee"} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig(t)
			cfg.Directory = ""
			s, stop := startStop(t, cfg)
			ids := map[string]bool{}
			const many = 300
			const two = `"userid":"LinXiaoyu","external_userid":"` + testCustomer + `"`
			post := func(path, body string) {
				t.Helper()
				if status, a := request(t, http.MethodPost, s.URL()+path, body); status != http.StatusOK {
					t.Fatalf("%s: %d %v", path, status, a)
				}
			}
			if n := sayings(t, s, many, "LinXiaoyu", testCustomer, ids); n == 0 {
				t.Fatal("the pair says nothing at all")
			}
			post("/sim/delete", `{`+two+`,"by":"`+by+`"}`)
			if n := sayings(t, s, many, "LinXiaoyu", testCustomer, ids); n != 0 {
				t.Errorf("%d messages after the deletion", n)
			}
			turn := s.stream.nextTurn()
			if turn <= 2*many {
				t.Errorf("turn %d after %d messages: none was left out", turn, 2*many)
			}
			stop()

			s, stop = startStop(t, cfg)
			defer stop()
			if got := s.stream.nextTurn(); got != turn {
				t.Errorf("turn %d after the restart, want %d", got, turn)
			}
			if n := sayings(t, s, many, "LinXiaoyu", testCustomer, ids); n != 0 {
				t.Errorf("%d messages after the restart", n)
			}
			post("/sim/add", `{`+two+`}`)
			if n := sayings(t, s, many, "LinXiaoyu", testCustomer, ids); n == 0 {
				t.Error("the pair is silent although it has been added again")
			}
		})
	}
}

func TestTalkKeepsItsRate(t *testing.T) {
	now := time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name      string
		last, now time.Time
		want      time.Time
	}{
		{"the first waits a turn", time.Time{}, now, now.Add(5 * time.Millisecond)},
		{"on time", now, now.Add(time.Millisecond), now.Add(5 * time.Millisecond)},
		{"a late one does not delay the next", now, now.Add(7 * time.Millisecond), now.Add(5 * time.Millisecond)},
		{"a long pause is not made up for", now, now.Add(time.Minute), now.Add(time.Minute)},
	} {
		if got := nextDue(tt.last, tt.now, 12_000); !got.Equal(tt.want) {
			t.Errorf("%s: next at %v, want %v", tt.name, got, tt.want)
		}
	}
}
