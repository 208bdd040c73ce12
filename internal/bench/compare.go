package bench

import (
	"context"
	"crypto/sha256"
	"fmt"
)

// Comparison is what is stored, held against what wecomsim served.
type Comparison struct {
	Served      int64 `json:"served"`
	Stored      int64 `json:"stored"`      // rows of messages
	Quarantined int64 `json:"quarantined"` // kept, but not readable yet
	Lost        int64 `json:"lost"`        // served, neither stored nor in quarantine
	Duplicated  int64 `json:"duplicated"`  // rows beyond the first of a msgid
	Differing   int64 `json:"differing"`   // stored with other bytes than served
	Foreign     int64 `json:"foreign"`     // stored, never served
	ServedBytes int64 `json:"served_bytes"`
	StoredBytes int64 `json:"stored_bytes"`
}

// Err says what is wrong, nil when everything is stored once, byte for byte.
func (c Comparison) Err() error {
	if c.Lost+c.Duplicated+c.Differing+c.Foreign+c.Quarantined == 0 && c.Served == c.Stored && c.ServedBytes == c.StoredBytes {
		return nil
	}
	return fmt.Errorf("the archive is not what was served: %d served, %d stored, %d lost, %d duplicated, %d differing, %d foreign, %d in quarantine, bytes %d and %d",
		c.Served, c.Stored, c.Lost, c.Duplicated, c.Differing, c.Foreign, c.Quarantined, c.ServedBytes, c.StoredBytes)
}

// known is one message that was served.
type known struct {
	sum  [sha256.Size]byte // of its bytes
	seen bool
}

const (
	sqlStoredMessages = `SELECT msgid, octet_length(raw), sha256(raw), raw_sha256 FROM messages`
	sqlOpenQuarantine = `SELECT msgid FROM quarantine WHERE released_at IS NULL`
)

// Compare reads everything that wecomsim served and everything that is stored.
// The hash of each row is computed from its bytes, not taken from its column.
func (w *World) Compare(ctx context.Context) (Comparison, error) {
	var c Comparison
	served := map[string]*known{}
	err := w.Sim.EachMessage(ctx, func(m Message) error {
		served[m.MsgID] = &known{sum: sha256.Sum256(m.Body)}
		c.Served++
		c.ServedBytes += int64(len(m.Body))
		return nil
	})
	if err != nil {
		return c, err
	}
	if int64(len(served)) != c.Served {
		return c, fmt.Errorf("wecomsim served %d messages with %d ids: nothing can be compared", c.Served, len(served))
	}
	if err := w.countStored(ctx, &c, served); err != nil {
		return c, err
	}
	var held []string
	if err := w.DB.SelectContext(ctx, &held, sqlOpenQuarantine); err != nil {
		return c, err
	}
	for _, id := range held {
		c.Quarantined++
		if k := served[id]; k != nil {
			k.seen = true
		}
	}
	for _, k := range served {
		if !k.seen {
			c.Lost++
		}
	}
	return c, nil
}

// countStored goes through the rows of messages.
func (w *World) countStored(ctx context.Context, c *Comparison, served map[string]*known) error {
	rows, err := w.DB.QueryContext(ctx, sqlStoredMessages)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		var size int64
		var sum, column []byte
		if err := rows.Scan(&id, &size, &sum, &column); err != nil {
			return err
		}
		c.Stored++
		c.StoredBytes += size
		k := served[id]
		switch {
		case k == nil:
			c.Foreign++
			continue
		case k.seen:
			c.Duplicated++
		case string(sum) != string(k.sum[:]) || string(column) != string(sum):
			c.Differing++
		}
		k.seen = true
	}
	return rows.Err()
}
