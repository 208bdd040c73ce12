package wecomsim

import (
	"context"
	"encoding/xml"
	"slices"
	"strings"
	"time"

	"huicun/internal/fault"
)

// auditAgent is the AgentID that every msgaudit_notify has.
const auditAgent = 2000004

// event is the decrypted XML of a callback.
type event struct {
	XMLName        xml.Name `xml:"xml"`
	ToUserName     cdata    `xml:"ToUserName"`
	FromUserName   cdata    `xml:"FromUserName"`
	CreateTime     int64    `xml:"CreateTime"`
	MsgType        cdata    `xml:"MsgType"`
	AgentID        int64    `xml:"AgentID,omitempty"`
	Event          cdata    `xml:"Event"`
	ChangeType     *cdata   `xml:"ChangeType,omitempty"`
	UserID         *cdata   `xml:"UserID,omitempty"`
	ExternalUserID *cdata   `xml:"ExternalUserID,omitempty"`
	Source         *cdata   `xml:"Source,omitempty"`
	State          *cdata   `xml:"State,omitempty"`
	WelcomeCode    *cdata   `xml:"WelcomeCode,omitempty"`
}

// text makes an element that is left out when it is "".
func text(v string) *cdata {
	if v == "" {
		return nil
	}
	return &cdata{v}
}

func (s *Sim) newEvent(name string) event {
	return event{
		ToUserName: cdata{s.cfg.CorpID}, FromUserName: cdata{"sys"}, CreateTime: s.now(kindCallbackClock).Unix(),
		MsgType: cdata{"event"}, Event: cdata{name},
	}
}

// fire sends e to the app's receiver.
func (s *Sim) fire(c *caller, e event) {
	b, err := xml.Marshal(e)
	if err != nil { // only our own type comes here
		s.cfg.Log.Error("encode event", "err", err)
		return
	}
	c.enqueue(b)
}

// notify sends msgaudit_notify when messages have been appended, at most one an
// interval, until ctx ends.
func (s *Sim) notify(ctx context.Context) error {
	for {
		changed := s.stream.wait()
		if s.stream.next() == s.notified.Load() {
			select {
			case <-ctx.Done():
				return nil
			case <-changed:
				continue
			}
		}
		s.notified.Store(s.stream.next())
		e := s.newEvent("msgaudit_notify")
		e.AgentID = auditAgent
		s.fire(s.archiveCaller, e)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(s.cfg.NotifyEvery):
		}
	}
}

// relationEntry is a change of a relation in the journal.
type relationEntry struct {
	UserID     string `json:"userid"`
	ExternalID string `json:"external_userid"`
	Change     string `json:"change"` // a ChangeType of change_external_contact, or "disagree"
	Name       string `json:"name,omitempty"`
	Time       int64  `json:"time"` // Unix seconds
}

// ChangeTypes of change_external_contact.
const (
	customerAdded   = "add_external_contact"
	employeeDeleted = "del_external_contact" // the employee deleted the customer
	customerDeleted = "del_follow_user"      // the customer deleted the employee
	auditApproved   = "msg_audit_approved"
	auditRefused    = "disagree" // no event exists for it
)

// change applies a change to the relations. Of ids that the directory does not
// have it only notes who has deleted whom.
func (d *directory) change(e relationEntry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.relationLocked(e.UserID, e.ExternalID)
	switch e.Change {
	case customerAdded:
		delete(d.parted, pairOf(e.UserID, e.ExternalID))
		if f == nil {
			d.addRelationLocked(e)
		} else {
			f.oneWay = false
		}
	case employeeDeleted:
		d.parted[pairOf(e.UserID, e.ExternalID)] = true
		d.removeRelationLocked(f, e.ExternalID)
	case customerDeleted:
		d.parted[pairOf(e.UserID, e.ExternalID)] = true
		if f != nil {
			f.oneWay = true
		}
	case auditApproved:
		if f != nil {
			f.agree, f.agreeTime = agreed, e.Time
		}
	case auditRefused:
		if f != nil {
			f.agree, f.agreeTime = disagreed, e.Time
		}
	}
}

func (d *directory) addRelationLocked(e relationEntry) {
	c := d.contactByID[e.ExternalID]
	if c == nil {
		kind := 1 // WeChat
		if strings.HasPrefix(e.ExternalID, "wo") {
			kind = 2
		}
		raw := object{}.with("external_userid", e.ExternalID).with("name", e.Name).with("type", kind).
			with("gender", 0).with("avatar", "")
		c = &contact{id: e.ExternalID, name: e.Name, raw: raw}
		d.addContact(c)
	}
	c.follows = append(c.follows, &follow{userID: e.UserID, raw: object{}.with("userid", e.UserID).with("remark", "").
		with("description", "").with("createtime", e.Time).with("tags", []object{}).with("oper_userid", e.ExternalID).
		with("add_way", 1)})
	d.indexFollow(e.UserID, c)
}

func (d *directory) removeRelationLocked(f *follow, externalID string) {
	c := d.contactByID[externalID]
	if f == nil || c == nil {
		return
	}
	var rest []*follow
	for _, x := range c.follows {
		if x != f {
			rest = append(rest, x)
		}
	}
	c.follows = rest
	key := strings.ToLower(f.userID)
	d.contactsOf[key] = slices.DeleteFunc(d.contactsOf[key], func(x *contact) bool { return x == c })
}

// relationChange asks for a change of a relation, by the control page or a test.
type relationChange struct {
	UserID     string `json:"userid"`
	ExternalID string `json:"external_userid"`
	Source     string `json:"source"` // DELETE_BY_TRANSFER or ""
	Name       string `json:"name"`   // of a new customer
	change     string
}

const byTransfer = "DELETE_BY_TRANSFER"

// changeRelation applies q, remembers it and sends the event.
func (s *Sim) changeRelation(q relationChange) error {
	if err := s.checkChange(&q); err != nil {
		return err
	}
	e := relationEntry{
		UserID: q.UserID, ExternalID: q.ExternalID, Change: q.change, Name: q.Name, Time: s.cfg.Now().Unix(),
	}
	if err := s.journal.write(entry{Relation: &e}); err != nil {
		return err
	}
	s.directory.change(e)
	if q.change == auditRefused {
		return nil
	}
	ev := s.newEvent("change_external_contact")
	ev.ChangeType, ev.UserID, ev.ExternalUserID = text(q.change), text(q.UserID), text(q.ExternalID)
	ev.Source = text(q.Source)
	if q.change == customerAdded || q.change == auditApproved {
		ev.WelcomeCode = text("WELCOME" + randomID(12))
	}
	s.fire(s.appCaller, ev)
	return nil
}

// checkChange refuses what could not have happened. Ids without an entry in the
// directory may do anything.
func (s *Sim) checkChange(q *relationChange) error {
	switch {
	case q.UserID == "":
		return fault.Invalid("userid", "missing")
	case q.ExternalID == "":
		return fault.Invalid("external_userid", "missing")
	case q.Source != "" && (q.Source != byTransfer || q.change != employeeDeleted):
		return fault.Invalid("source", "must be empty, or %s when an employee deletes", byTransfer)
	}
	u, knownUser := s.directory.member(q.UserID)
	if knownUser {
		q.UserID = u.id
	}
	_, knownCustomer := s.directory.contact(q.ExternalID)
	f, related := s.directory.relation(q.UserID, q.ExternalID)
	if !knownUser || !knownCustomer {
		return nil
	}
	switch {
	case q.change == customerAdded && related && !f.oneWay:
		return conflict("the employee has this customer already")
	case q.change != customerAdded && !related:
		return conflict("the employee does not have this customer")
	case q.change == customerDeleted && f.oneWay:
		return conflict("the customer has deleted the employee already")
	}
	return nil
}

func conflict(msg string) error { return &fault.Error{Code: fault.CodeConflict, Message: msg} }
