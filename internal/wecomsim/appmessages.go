package wecomsim

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// AppMessage is one app message on one member's phone.
type AppMessage struct {
	ID       int             `json:"id"` // from 1, in the order of arrival over all members
	MsgID    string          `json:"msgid"`
	UserID   string          `json:"userid"`
	MsgType  string          `json:"msgtype"`
	Content  json.RawMessage `json:"content"` // the part of the request named like msgtype, cut to WeCom's lengths
	SentAt   time.Time       `json:"sent_at"`
	Dropped  bool            `json:"dropped"` // above the member's limits: WeCom says nothing and shows nothing
	Recalled bool            `json:"recalled"`
}

// appMessageEntry is an app message, or the recall of some, in the journal.
type appMessageEntry struct {
	Message *AppMessage  `json:"sent,omitempty"`
	Request *sentRequest `json:"request,omitempty"` // that Message came with, when it asked for the duplicate check
	Recall  string       `json:"recall,omitempty"`  // msgid
}

// WeCom's limits for one member and app.
const (
	perMinute    = 30
	perHour      = 1000
	recallWithin = 24 * time.Hour
)

// appMessages are the phones of all members. It is safe for concurrent use.
type appMessages struct {
	journal *journal

	mu      sync.Mutex
	all     []AppMessage
	byUser  map[string][]int // index into all, by lower-case userid
	recent  map[string]sentRequest
	tasks   map[string]bool // task_id of template cards, unique for ever
	changed chan struct{}
}

// sentRequest remembers a request for the duplicate check. It stands in the
// journal in the same line as the message, so that a simulator that is killed
// forgets neither or both, as little as WeCom does.
type sentRequest struct {
	Hash   string    `json:"hash"`
	Until  time.Time `json:"until"`
	Answer answer    `json:"answer"`
}

func newAppMessages() *appMessages {
	return &appMessages{
		byUser: map[string][]int{}, recent: map[string]sentRequest{}, tasks: map[string]bool{}, changed: make(chan struct{}),
	}
}

// replay takes over an entry of the journal.
func (a *appMessages) replay(e appMessageEntry) {
	if e.Message != nil {
		a.addLocked(*e.Message)
		var card templateCard
		if e.Message.MsgType == "template_card" && json.Unmarshal(e.Message.Content, &card) == nil && card.TaskID != "" {
			a.tasks[card.TaskID] = true
		}
	}
	if e.Request != nil {
		a.recent[e.Request.Hash] = *e.Request
	}
	if e.Recall != "" {
		a.recallLocked(e.Recall, time.Time{})
	}
}

func (a *appMessages) addLocked(m AppMessage) {
	key := strings.ToLower(m.UserID)
	a.byUser[key] = append(a.byUser[key], len(a.all))
	a.all = append(a.all, m)
}

// deliver puts m on the phones of users, or drops it silently where a limit is
// reached. q is kept for the duplicate check, unless it is nil.
func (a *appMessages) deliver(m AppMessage, users []string, q *sentRequest, now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	dropped := m.Dropped // by a fault
	for _, id := range users {
		m.UserID, m.SentAt, m.ID = id, now, len(a.all)+1
		m.Dropped = dropped || a.sinceLocked(id, now.Add(-time.Minute)) >= perMinute || a.sinceLocked(id, now.Add(-time.Hour)) >= perHour
		if err := a.journal.write(entry{AppMessage: &appMessageEntry{Message: &m, Request: q}}); err != nil {
			return err
		}
		a.addLocked(m)
	}
	if q != nil {
		a.rememberLocked(*q, now)
	}
	a.wakeLocked()
	return nil
}

// sinceLocked counts what a member got after t.
func (a *appMessages) sinceLocked(userID string, t time.Time) int {
	n := 0
	for _, i := range slices.Backward(a.byUser[strings.ToLower(userID)]) {
		m := a.all[i]
		if !m.SentAt.After(t) {
			break
		}
		if !m.Dropped {
			n++
		}
	}
	return n
}

// recall takes a message back from all phones. It reports whether there was one
// that could be.
func (a *appMessages) recall(msgID string, now time.Time) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.recallLocked(msgID, now.Add(-recallWithin)) {
		return false, nil
	}
	a.wakeLocked()
	return true, a.journal.write(entry{AppMessage: &appMessageEntry{Recall: msgID}})
}

func (a *appMessages) recallLocked(msgID string, after time.Time) (found bool) {
	for i := range a.all {
		if a.all[i].MsgID == msgID && a.all[i].SentAt.After(after) {
			a.all[i].Recalled, found = true, true
		}
	}
	return found
}

// of gives the messages of a member, oldest first, also the dropped ones.
func (a *appMessages) of(userID string) []AppMessage {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := []AppMessage{}
	for _, i := range a.byUser[strings.ToLower(userID)] {
		out = append(out, a.all[i])
	}
	return out
}

// everything gives the messages of all members, oldest first.
func (a *appMessages) everything() []AppMessage {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]AppMessage{}, a.all...)
}

// byID gives one message.
func (a *appMessages) byID(id int) (AppMessage, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if id < 1 || id > len(a.all) {
		return AppMessage{}, false
	}
	return a.all[id-1], true
}

// seen gives the answer to an identical request that is still remembered.
func (a *appMessages) seen(hash string, now time.Time) (answer, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.recent[hash]
	return maps.Clone(r.Answer), ok && now.Before(r.Until)
}

// rememberLocked keeps the answer to a request for the duplicate check.
func (a *appMessages) rememberLocked(q sentRequest, now time.Time) {
	for k, r := range a.recent {
		if !now.Before(r.Until) {
			delete(a.recent, k)
		}
	}
	a.recent[q.Hash] = q
}

// takeTask reserves a task_id; false = it was used before.
func (a *appMessages) takeTask(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tasks[id] {
		return false
	}
	a.tasks[id] = true
	return true
}

// wait gives a channel that is closed when a phone changes.
func (a *appMessages) wait() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.changed
}

func (a *appMessages) wakeLocked() {
	close(a.changed)
	a.changed = make(chan struct{})
}
