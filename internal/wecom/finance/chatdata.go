package finance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Page is the outer JSON of GetChatData.
type Page struct {
	ErrCode int
	ErrMsg  string // WeCom's words, cut to one clean line
	Items   []Item // in the order of the answer; empty when nothing newer exists
}

// Err is the *Error that the JSON carries, nil when errcode is 0.
func (p Page) Err() error {
	if p.ErrCode == 0 {
		return nil
	}
	e := codeError(opGetChatData, p.ErrCode)
	e.Reason = p.ErrMsg
	return e
}

// Item is one encrypted message of a page.
type Item struct {
	Seq              uint64 // 0 when NoSeq
	NoSeq            bool   // there is none, or none that can be read or kept
	MsgID            string
	PublicKeyVer     uint32
	EncryptRandomKey string
	EncryptChatMsg   string

	// Raw is the item's JSON, byte for byte, so that it can be kept as it came.
	Raw json.RawMessage

	// Err says that a field other than seq could not be read; the item can be
	// kept but not decrypted.
	Err error
}

// ParseChatData reads what GetChatData returned. It fails when the answer is no
// such JSON; whatever an item is, it is among the items. An errcode in the JSON
// is no failure here: see Page.Err.
func ParseChatData(raw []byte) (Page, error) {
	if page, ok := fastPage(raw); ok {
		return page, nil
	}
	return parsePage(raw)
}

// parsePage is ParseChatData for whatever form the answer has.
func parsePage(raw []byte) (Page, error) {
	var outer struct {
		ErrCode  flexInt           `json:"errcode"`
		ErrMsg   string            `json:"errmsg"`
		ChatData []json.RawMessage `json:"chatdata"`
	}
	if err := json.Unmarshal(raw, &outer); err != nil {
		return Page{}, answerError(jsonReason(raw, err))
	}
	if bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
		return Page{}, answerError("the answer is null")
	}
	page := Page{ErrCode: int(outer.ErrCode), ErrMsg: cleanLine(outer.ErrMsg)}
	for _, raw := range outer.ChatData {
		page.Items = append(page.Items, parseItem(raw))
	}
	return page, nil
}

// parseItem reads one item: its seq first, then the rest.
func parseItem(raw json.RawMessage) Item {
	item := Item{Raw: raw}
	var place struct {
		Seq *flexUint `json:"seq"`
	}
	if err := json.Unmarshal(raw, &place); err != nil || place.Seq == nil || *place.Seq > math.MaxInt64 {
		item.NoSeq = true
	} else {
		item.Seq = uint64(*place.Seq)
	}
	var rest struct {
		MsgID            string   `json:"msgid"`
		PublicKeyVer     flexUint `json:"publickey_ver"`
		EncryptRandomKey string   `json:"encrypt_random_key"`
		EncryptChatMsg   string   `json:"encrypt_chat_msg"`
	}
	err := json.Unmarshal(raw, &rest)
	item.MsgID = rest.MsgID
	item.PublicKeyVer = uint32(min(uint64(rest.PublicKeyVer), 1<<32-1))
	item.EncryptRandomKey, item.EncryptChatMsg = rest.EncryptRandomKey, rest.EncryptChatMsg
	switch {
	case err != nil:
		item.Err = errors.New("finance: a field of the message has the wrong type")
	case uint64(rest.PublicKeyVer) != uint64(item.PublicKeyVer):
		item.Err = errors.New("finance: publickey_ver is out of range")
	case item.MsgID == "":
		item.Err = errors.New("finance: the message has no msgid")
	}
	return item
}

func answerError(reason string) error {
	return &Error{Op: opGetChatData, Code: 10002, Class: ClassRetry, Reason: reason}
}

// jsonReason says where the JSON broke without quoting it.
func jsonReason(raw []byte, err error) string {
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	switch {
	case len(bytes.TrimSpace(raw)) == 0:
		return "the answer is empty"
	case errors.As(err, &syntax):
		return fmt.Sprintf("the answer is not JSON: it breaks at byte %d of %d", syntax.Offset, len(raw))
	case errors.As(err, &wrong):
		return fmt.Sprintf("field %q of the answer has the wrong type", wrong.Field)
	default:
		return "the answer is not the expected JSON"
	}
}

// flexInt is an integer, written as a number or as a string.
type flexInt int64

// UnmarshalJSON reads 7 and "7".
func (n *flexInt) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseInt(unquote(b), 10, 64)
	if err != nil {
		return errors.New("not an integer")
	}
	*n = flexInt(v)
	return nil
}

// flexUint is an unsigned integer, written as a number or as a string.
type flexUint uint64

// UnmarshalJSON reads 7 and "7".
func (n *flexUint) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseUint(unquote(b), 10, 64)
	if err != nil {
		return errors.New("not an unsigned integer")
	}
	*n = flexUint(v)
	return nil
}

func unquote(b []byte) string { return string(bytes.Trim(b, `"`)) }
