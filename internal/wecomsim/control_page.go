package wecomsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// controlView is what the control page shows.
type controlView struct {
	Corp      string
	CorpID    string
	AgentID   int64
	ProxyAddr string
	Huicun    string
	Stats     simStats
	// Who talks to begin with.
	Employee, Customer person
}

func (s *Sim) controlPage(w http.ResponseWriter, _ *http.Request) {
	v := controlView{
		Corp: s.corpName(), CorpID: s.cfg.CorpID, AgentID: s.cfg.AgentID, ProxyAddr: s.ProxyAddr(),
		Huicun: s.cfg.HuicunURL, Stats: s.stats(),
	}
	v.Customer, v.Employee = s.somePair()
	s.render(w, "control", v)
}

// somePair finds a customer and an employee to fill the form with.
func (s *Sim) somePair() (customer, employee person) {
	for _, u := range s.directory.members() {
		if !u.permitted {
			continue
		}
		for _, c := range s.directory.customersOf(u.id) {
			if !c.follow.oneWay {
				return person{ID: c.id, Name: c.name}, person{ID: u.id, Name: u.name}
			}
		}
	}
	return person{}, person{}
}

// recentRow is one message in the list of the control page.
type recentRow struct {
	Seq     uint64 `json:"seq"`
	Time    string `json:"time"`
	From    string `json:"from"`
	To      string `json:"to"`
	Excerpt string `json:"excerpt"`
}

// recentMessages gives the newest messages and the figures, for the page's own
// refreshing.
func (s *Sim) recentMessages(w http.ResponseWriter, r *http.Request) {
	const shown = 14
	next := s.stream.next()
	page, err := s.stream.from(max(next, shown)-shown, shown)
	if err != nil {
		s.writeFault(w, r, err)
		return
	}
	rows := make([]recentRow, 0, len(page))
	for _, m := range slices.Backward(page) {
		rows = append(rows, s.newRecentRow(m))
	}
	writeJSON(w, http.StatusOK, map[string]any{"messages": rows, "stats": s.stats()})
}

func (s *Sim) newRecentRow(m Message) recentRow {
	row := recentRow{Seq: m.Seq, Excerpt: excerpt(m)}
	var h header
	if json.Unmarshal(m.Body, &h) != nil {
		return row
	}
	row.From = s.directory.name(h.From)
	switch {
	case h.RoomID != "":
		row.To = s.directory.name(h.RoomID)
	case len(h.ToList) > 0:
		row.To = s.directory.name(h.ToList[0])
	}
	if h.MsgTime > 0 {
		row.Time = time.UnixMilli(h.MsgTime).In(china).Format("01-02 15:04:05")
	}
	return row
}
