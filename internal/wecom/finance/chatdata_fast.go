package finance

import (
	"bytes"
	"math"
)

// fastPage reads a page as WeCom writes it: no blanks, no escapes, ASCII only,
// each known field once and no other. Of anything else it says false and leaves
// it to encoding/json, which looks at each byte of a page several times and
// tells what is wrong.
func fastPage(raw []byte) (Page, bool) {
	r := fastReader{rest: bytes.TrimRight(raw, "\n")}
	var page Page
	var seen fieldSet
	errcode := uint64(0)
	ok := r.object(func(key []byte) bool {
		switch string(key) {
		case "errcode":
			return seen.add(0) && r.number(&errcode, math.MaxInt32)
		case "errmsg":
			return seen.add(1) && r.text(&page.ErrMsg)
		case "chatdata":
			return seen.add(2) && r.items(&page.Items)
		default:
			return false
		}
	})
	page.ErrCode, page.ErrMsg = int(errcode), cleanLine(page.ErrMsg)
	return page, ok && len(r.rest) == 0
}

// fieldSet says which fields of an object there have been.
type fieldSet uint

// add is false for a field that there has been already.
func (s *fieldSet) add(i uint) bool {
	was := *s
	*s |= 1 << i
	return was != *s
}

// allItemFields is the fieldSet of an item that lacks nothing.
const allItemFields = 1<<5 - 1

// fastReader takes compact JSON apart. Each method takes one value off the
// front; after false nothing can be said about the rest.
type fastReader struct{ rest []byte }

// skip takes off one byte.
func (r *fastReader) skip(c byte) bool {
	if len(r.rest) == 0 || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

// object calls field with each key; field takes off the value.
func (r *fastReader) object(field func(key []byte) bool) bool {
	if !r.skip('{') {
		return false
	}
	for {
		key, ok := r.plain()
		if !ok || !r.skip(':') || !field(key) {
			return false
		}
		if r.skip('}') {
			return true
		}
		if !r.skip(',') {
			return false
		}
	}
}

func (r *fastReader) items(to *[]Item) bool {
	if !r.skip('[') {
		return false
	}
	if r.skip(']') {
		return true
	}
	for {
		item, ok := r.item()
		if !ok {
			return false
		}
		*to = append(*to, item)
		if r.skip(']') {
			return true
		}
		if !r.skip(',') {
			return false
		}
	}
}

func (r *fastReader) item() (Item, bool) {
	var it Item
	var seen fieldSet
	version := uint64(0)
	all := r.rest
	ok := r.object(func(key []byte) bool {
		switch string(key) {
		case "seq":
			return seen.add(0) && r.number(&it.Seq, math.MaxInt64)
		case "msgid":
			return seen.add(1) && r.text(&it.MsgID)
		case "publickey_ver":
			return seen.add(2) && r.number(&version, math.MaxUint32)
		case "encrypt_random_key":
			return seen.add(3) && r.text(&it.EncryptRandomKey)
		case "encrypt_chat_msg":
			return seen.add(4) && r.text(&it.EncryptChatMsg)
		default:
			return false
		}
	})
	n := len(all) - len(r.rest)
	it.Raw, it.PublicKeyVer = all[:n:n], uint32(version)
	return it, ok && seen == allItemFields && it.MsgID != ""
}

// number takes off a whole number up to most.
func (r *fastReader) number(to *uint64, most uint64) bool {
	const mostDigits = 19 // fit into 64 bits, whatever they are
	n := 0
	for n < len(r.rest) && '0' <= r.rest[n] && r.rest[n] <= '9' {
		if n == mostDigits {
			return false
		}
		*to = *to*10 + uint64(r.rest[n]-'0')
		n++
	}
	if n == 0 || n > 1 && r.rest[0] == '0' || *to > most {
		return false
	}
	r.rest = r.rest[n:]
	return true
}

func (r *fastReader) text(to *string) bool {
	b, ok := r.plain()
	*to = string(b)
	return ok
}

// plain takes off a string that stands for itself.
func (r *fastReader) plain() ([]byte, bool) {
	if !r.skip('"') {
		return nil, false
	}
	for i, c := range r.rest {
		if c == '"' {
			b := r.rest[:i]
			r.rest = r.rest[i+1:]
			return b, true
		}
		if c < ' ' || c >= 0x7f || c == '\\' {
			return nil, false
		}
	}
	return nil, false
}
