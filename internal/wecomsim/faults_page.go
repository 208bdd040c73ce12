package wecomsim

import (
	"crypto/rand"
	"encoding/base64"
	"math"
	"slices"
	"sync"
	"time"
)

const pageGroup = "拉取"

const (
	chatDataPath = apiRoot + "message/getchatdata"
	kindWindow   = "window.close"
	windowUsual  = 5 * 24 * 3600 // seconds, finance-sdk.md 3.2
)

// pageKinds are the faults of getchatdata. Whatever they do, a page holds at
// least one new message as long as there is one, so that a caller gets on.
var pageKinds = []faultKind{
	{
		Kind: "page.duplicate", Group: pageGroup, Chance: byPage,
		About:  "同一页里有几条消息出现两次",
		Effect: "some messages stand twice in one page",
		Params: []faultParam{{Name: paramCount, Least: 1, Most: maxChatLimit, Usual: 3, About: "条数"}},
	},
	{
		Kind: "page.overlap", Group: pageGroup, Chance: byPage,
		About:  "一页从已经给过的消息开始",
		Effect: "the page begins with messages that the caller has had already",
		Params: []faultParam{{Name: paramCount, Least: 1, Most: maxChatLimit, Usual: 10, About: "条数"}},
	},
	{
		Kind: "page.unsorted", Group: pageGroup, Chance: byPage,
		About:  "一页里的消息不按 seq 排序",
		Effect: "the messages of the page are in no order",
	},
	{
		Kind: "page.short", Group: pageGroup, Chance: byPage,
		About:  "后面还有消息，这一页却只给几条",
		Effect: "a short page although more messages exist",
		Params: []faultParam{{Name: paramCount, Least: 1, Most: maxChatLimit, Usual: 1, About: "条数"}},
	},
	{
		Kind: "page.empty", Group: pageGroup, Chance: byPage,
		About:  "后面还有消息，这一页却是空的",
		Effect: "an empty page although more messages exist",
	},
	{
		Kind: "page.bad_key", Group: pageGroup, Chance: byMessage,
		About:  "encrypt_random_key 损坏（不是 base64、长度不对或不是给这把公钥的）",
		Effect: "encrypt_random_key is damaged: no base64, of a wrong length, or not for this key",
	},
	{
		Kind: "page.bad_cipher", Group: pageGroup, Chance: byMessage,
		About:  "encrypt_chat_msg 损坏，解不开",
		Effect: "encrypt_chat_msg is damaged: cut short or with another key in it",
	},
	{
		Kind: kindWindow, Group: pageGroup, Chance: always,
		About:  "超过保存期的消息不再给出，文件也过期（默认 5 天，按模拟器的时钟）",
		Effect: "messages older than this by the simulator's clock vanish from getchatdata, their files too; no selectors",
		Params: []faultParam{{Name: paramSeconds, Least: 1, Most: mostSeconds, Usual: windowUsual, About: "秒"}},
	},
}

// chatPage gives the page that getchatdata answers: the messages behind seq, with
// what the faults do to them. Where nothing is new, no fault has a chance: huicun
// asks all the time, and what it does to an empty page nobody would see.
func (s *Sim) chatPage(seq uint64, limit int) ([]Message, error) {
	if limit == 0 || s.faults.none() {
		return s.stream.from(seq+1, limit)
	}
	if next, err := s.fresh(seq+1, 1); err != nil || len(next) == 0 {
		return nil, err
	}
	if _, ok := s.faults.strike("page.empty", chatDataPath); ok {
		return nil, nil
	}
	if h, ok := s.faults.strike("page.short", chatDataPath); ok {
		limit = min(limit, h.Count)
	}
	var page []Message
	if h, ok := s.faults.strike("page.overlap", chatDataPath); ok {
		old, err := s.stream.before(seq+1, min(h.Count, (limit-1)/2))
		if err != nil {
			return nil, err
		}
		page = s.available(old)
	}
	fresh, err := s.fresh(seq+1, limit-len(page))
	if err != nil {
		return nil, err
	}
	page = append(page, fresh...)
	if h, ok := s.faults.strike("page.duplicate", chatDataPath); ok {
		page = duplicate(page, min(h.Count, (limit-1)/2), h.roll)
		page = page[:min(len(page), limit)]
	}
	if h, ok := s.faults.strike("page.unsorted", chatDataPath); ok {
		shuffle(page, h.roll)
	}
	return page, nil
}

// duplicate repeats n messages of the page, each behind itself or later.
func duplicate(page []Message, n int, roll uint64) []Message {
	for i := range n {
		from := int(mix(roll, uint64(i)) % uint64(len(page)))
		to := from + 1 + int(mix(roll, uint64(i), 1)%uint64(len(page)-from))
		page = slices.Insert(page, to, page[from])
	}
	return page
}

// shuffle puts the page into an order that is not the one of seq, where it has
// two messages or more.
func shuffle(page []Message, roll uint64) {
	for i := len(page) - 1; i > 0; i-- {
		j := int(mix(roll, uint64(i)) % uint64(i+1))
		page[i], page[j] = page[j], page[i]
	}
	if slices.IsSortedFunc(page, func(a, b Message) int { return int(int64(a.Seq) - int64(b.Seq)) }) {
		slices.Reverse(page)
	}
}

// fresh gives at most limit messages with seq and up that are still available.
func (s *Sim) fresh(seq uint64, limit int) ([]Message, error) {
	oldest := s.oldestTime()
	if oldest == math.MinInt64 {
		return s.stream.from(seq, limit)
	}
	var out []Message
	for len(out) < limit {
		seq = max(seq, s.window.after(oldest))
		page, err := s.stream.from(seq, maxChatLimit)
		if err != nil || len(page) == 0 {
			return out, err
		}
		kept := s.available(page)
		if len(kept) == 0 {
			s.window.note(oldest, seq, page[len(page)-1].Seq+1)
		}
		out = append(out, kept[:min(len(kept), limit-len(out))]...)
		seq = page[len(page)-1].Seq + 1
	}
	return out, nil
}

// oldestTime is the msgtime before which messages have vanished.
func (s *Sim) oldestTime() int64 {
	seconds, ok := s.faults.lasting(kindWindow)
	if !ok {
		return math.MinInt64
	}
	return s.cfg.Now().Add(-time.Duration(seconds) * time.Second).UnixMilli()
}

// available leaves out what the window has closed upon. A message whose time
// cannot be read stays.
func (s *Sim) available(page []Message) []Message {
	oldest := s.oldestTime()
	if oldest == math.MinInt64 {
		return page
	}
	var out []Message
	for _, m := range page {
		if h, ok := readHeader(m.Body); !ok || h.MsgTime <= 0 || h.MsgTime >= oldest {
			out = append(out, m)
		}
	}
	return out
}

// spoilSealed damages an encrypted message where a fault strikes.
func (s *Sim) spoilSealed(m *sealedMessage) {
	if h, ok := s.faults.strike("page.bad_key", chatDataPath); ok {
		switch h.roll % 3 {
		case 0:
			m.EncryptRandomKey = "%" + m.EncryptRandomKey[1:]
		case 1:
			m.EncryptRandomKey = m.EncryptRandomKey[:100]
		default:
			b := make([]byte, keyBits/8)
			_, _ = rand.Read(b[1:]) // never fails; the first byte stays 0, below every modulus
			m.EncryptRandomKey = base64.StdEncoding.EncodeToString(b)
		}
	}
	if h, ok := s.faults.strike("page.bad_cipher", chatDataPath); ok {
		const before, key = 13, 32 // filler, then the key that opens all the rest
		if b := []byte(m.EncryptChatMsg); h.roll%2 == 0 {
			m.EncryptChatMsg = string(b[:before])
		} else {
			slices.Reverse(b[before : before+key])
			m.EncryptChatMsg = string(b)
		}
	}
}

// windowMark remembers which messages the window has closed upon, so that they
// are not read again at every call. It is safe for concurrent use.
type windowMark struct {
	mu     sync.Mutex
	oldest int64  // msgtime at which it was noted
	gone   uint64 // everything with a smaller seq has vanished
}

// after gives a seq below which there is nothing to look for.
func (w *windowMark) after(oldest int64) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if oldest < w.oldest { // the clock went back, or the window became wider
		return 0
	}
	return w.gone
}

// note remembers that everything from first up to next has vanished.
func (w *windowMark) note(oldest int64, first, next uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if oldest < w.oldest {
		w.gone = 0
	}
	if first <= max(w.gone, 1) {
		w.oldest, w.gone = oldest, next
	}
}
