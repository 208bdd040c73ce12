package callback

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Names of Event and ChangeType that huicun acts on, as WeCom spells them.
const (
	EventMsgauditNotify        = "msgaudit_notify"
	EventChangeExternalContact = "change_external_contact"
	EventChangeExternalChat    = "change_external_chat"
	EventChangeExternalTag     = "change_external_tag"
	EventChangeContact         = "change_contact"
	EventTemplateCard          = "template_card_event"

	ChangeAddExternalContact  = "add_external_contact"
	ChangeAddHalfExternal     = "add_half_external_contact"
	ChangeEditExternalContact = "edit_external_contact"
	ChangeDelExternalContact  = "del_external_contact" // the employee deleted the customer
	ChangeDelFollowUser       = "del_follow_user"      // the customer deleted the employee
	ChangeTransferFail        = "transfer_fail"
	ChangeMsgAuditApproved    = "msg_audit_approved"

	// SourceDeleteByTransfer in Event.Source: a deletion that a handover to a
	// colleague brought about, not the employee.
	SourceDeleteByTransfer = "DELETE_BY_TRANSFER"
)

// Event is a decrypted callback. Fields that the message lacks are empty.
type Event struct {
	ToUserName   string    // corp id
	FromUserName string    // sys, or the userid of who acted
	CreateTime   time.Time // UTC, to the second; zero when absent or unreadable
	MsgType      string    // event, or the kind of a message that a person sent
	MsgID        string    // messages of persons only; events have none
	AgentID      string    // 2000004 for the archive
	Event        string
	ChangeType   string

	UserID         string // employee; with transfer_fail the one who was to take over
	ExternalUserID string // customer
	State          string // channel of the QR code or link
	Source         string // see SourceDeleteByTransfer
	FailReason     string // customer_refused, customer_limit_exceed

	ChatID        string // customer group
	UpdateDetail  string // add_member, del_member, change_owner, change_name, change_notice
	JoinScene     int
	QuitScene     int
	MemChangeList []string // userids and external_userids
	LastMemVer    string
	CurMemVer     string

	NewUserID  string  // update_user: the member goes by this userid from now on
	Department []int64 // of a member
	ID         string  // department, tag or tag group
	ParentID   string  // of a department
	TagType    string  // tag, tag_group

	EventKey     string // button that was pressed
	TaskID       string // card
	CardType     string
	ResponseCode string // updates the card once, within 72 hours

	// Fields has every text of the message, unknown ones too: the path below
	// the root ("MemChangeList/Item") to the texts there, in document order.
	Fields map[string][]string
}

// ParseEvent reads a decrypted callback leniently: any order, unknown and
// missing elements, CDATA or plain text. An unknown Event or ChangeType is no
// error. It refuses what is not XML, has a document type definition, or is
// larger than MaxBodyBytes.
func ParseEvent(msg []byte) (Event, error) {
	f, err := parse(msg)
	if err != nil {
		return Event{}, fmt.Errorf("callback event: %w", err)
	}
	return Event{
		ToUserName:   f.first("ToUserName"),
		FromUserName: f.first("FromUserName"),
		CreateTime:   unixTime(f.first("CreateTime")),
		MsgType:      f.first("MsgType"),
		MsgID:        f.first("MsgId"),
		AgentID:      f.first("AgentID"),
		Event:        f.first("Event"),
		ChangeType:   f.first("ChangeType"),

		UserID:         f.first("UserID"),
		ExternalUserID: f.first("ExternalUserID"),
		State:          f.first("State"),
		Source:         f.first("Source"),
		FailReason:     f.first("FailReason"),

		ChatID:        f.first("ChatId"),
		UpdateDetail:  f.first("UpdateDetail"),
		JoinScene:     number(f.first("JoinScene")),
		QuitScene:     number(f.first("QuitScene")),
		MemChangeList: f["MemChangeList/Item"],
		LastMemVer:    f.first("LastMemVer"),
		CurMemVer:     f.first("CurMemVer"),

		NewUserID:  f.first("NewUserID"),
		Department: numbers(f.first("Department")),
		ID:         f.first("Id"),
		ParentID:   f.first("ParentId"),
		TagType:    f.first("TagType"),

		EventKey:     f.first("EventKey"),
		TaskID:       f.first("TaskId"),
		CardType:     f.first("CardType"),
		ResponseCode: f.first("ResponseCode"),

		Fields: f,
	}, nil
}

// unixTime reads epoch seconds; zero for what is none.
func unixTime(s string) time.Time {
	seconds, err := strconv.ParseInt(s, 10, 64)
	if err != nil || seconds <= 0 || seconds > maxUnix {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// maxUnix is the end of the year 9999, the last that RFC 3339 can write.
const maxUnix = 253402300799

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// numbers reads ids joined with commas and leaves out what is no number.
func numbers(s string) []int64 {
	var ids []int64
	for part := range strings.SplitSeq(s, ",") {
		if id, err := strconv.ParseInt(strings.TrimSpace(part), 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}
