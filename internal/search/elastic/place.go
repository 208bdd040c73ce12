package elastic

import (
	"encoding/json"
	"time"
)

// place is the values by which documents are sorted: time, seq, id.
type place struct {
	SentAt time.Time
	Seq    int64
	ID     string
	raw    json.RawMessage // all values, as search_after takes them
}

// spot is a place that can be compared.
type spot struct {
	ms, seq int64
	id      string
}

func (p place) spot() spot { return spot{p.SentAt.UnixMilli(), p.Seq, p.ID} }

// UnmarshalJSON reads a hit's sort values. What somebody else has put into an
// index may lack them: then it has no id.
func (p *place) UnmarshalJSON(b []byte) error {
	var ms int64
	values := []any{&ms, &p.Seq, &p.ID}
	if err := json.Unmarshal(b, &values); err != nil {
		return err
	}
	p.raw = append(p.raw[:0:0], b...)
	p.SentAt = time.UnixMilli(ms).UTC()
	return nil
}
