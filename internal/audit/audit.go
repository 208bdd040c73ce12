// Package audit keeps the operation log: who did what, when and from where.
// An entry names objects by id; chat text and secrets never enter it.
package audit

import (
	"strconv"
	"time"
)

// ActorSystem stands in Entry.Actor for huicun itself.
const ActorSystem = "system"

// Actions, as they stand in Entry.Action. They are part of the log for ever:
// none is renamed.
const (
	SessionCreated = "session.created"
	SessionEnded   = "session.ended"
	SessionRefused = "session.refused" // a member without an account tried to sign in

	ConversationRead  = "conversation.read"
	ConversationFound = "conversation.find"
	MessageRawRead    = "message.raw_read"
	FileOpened        = "file.opened" // a file of a message was opened, played or saved
	FileRetried       = "file.retried"

	Searched      = "search"                // Object search:id: what for is in the table searches alone
	RecentCleared = "search.recent_cleared" // the list alone: the searches stay
	SearchSaved   = "saved_search.created"
	SearchUpdated = "saved_search.updated"
	SearchDeleted = "saved_search.deleted"

	ViewerCreated = "viewer.created"
	ViewerUpdated = "viewer.updated"
	MeUpdated     = "me.updated"

	RuleCreated      = "rule.created"
	RuleUpdated      = "rule.updated"
	RuleDeleted      = "rule.deleted"
	ViolationUpdated = "violation.updated"
)

// Entry is one line of the operation log.
type Entry struct {
	Actor     string         // person, or ActorSystem
	Action    string         // one of the constants above
	Object    string         // kind:id, "" when the action has none
	Detail    map[string]any // ids, numbers, names of fields; no chat text, no secrets
	IP        string         // of the client, "" when there is none
	RequestID string
	At        time.Time // zero: the time of writing
}

// Origin says who acts and from where. A request has one; it makes the entries
// of what the request does.
type Origin struct {
	Actor     string // person
	IP        string
	RequestID string
}

// System is the origin of huicun's own work.
func System() Origin { return Origin{Actor: ActorSystem} }

// Entry makes the log entry of an action of o.
func (o Origin) Entry(action, object string, detail map[string]any) Entry {
	return Entry{Actor: o.Actor, Action: action, Object: object, Detail: detail, IP: o.IP, RequestID: o.RequestID}
}

// Object names a numbered object: Object("rule", 7) is "rule:7".
func Object(kind string, id int64) string {
	return kind + ":" + strconv.FormatInt(id, 10)
}
