package corpus

import (
	"strconv"
	"unicode/utf8"
)

// message writes turn i as WeCom delivers it.
func (s *scene) message(i int, id string) []byte {
	t := &s.turns[i]
	s.now = s.actor(t.line.who)
	kind, payload := s.payload(i)
	b := make([]byte, 0, 512)
	b = appendField(append(b, '{'), "msgid", id)
	action := "send"
	if kind == "revoke" {
		action = "recall"
	}
	b = appendField(append(b, ','), "action", action)
	b = appendField(append(b, ','), "from", s.now.id)
	b = s.appendReceivers(append(b, `,"tolist":[`...), t.at)
	b = append(b, ']')
	if kind != "meeting_voice_call" {
		b = appendField(append(b, ','), "roomid", s.roomID())
	}
	b = strconv.AppendInt(append(b, `,"msgtime":`...), t.at, 10)
	b = appendField(append(b, ','), "msgtype", kind)
	b = append(append(b, ','), payload...)
	return append(b, '}')
}

func (s *scene) roomID() string {
	if s.ch.room != nil {
		return s.ch.room.public.ChatID
	}
	return ""
}

// appendReceivers lists everybody in the chat but the sender.
func (s *scene) appendReceivers(b []byte, at int64) []byte {
	if s.ch.room == nil {
		for _, a := range s.cast {
			if a != nil && a.id != s.now.id {
				return appendQuoted(b, a.id)
			}
		}
		return b
	}
	first := true
	for _, m := range s.ch.room.members {
		if m.id == s.now.id || !m.inAt(at) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendQuoted(b, m.id)
	}
	return b
}

// payload chooses the message's type and writes its part of the JSON.
func (s *scene) payload(i int) (kind string, payload []byte) {
	t := &s.turns[i]
	switch {
	case t.role == takeBack:
		return "revoke", s.revocation(i, i-1)
	case t.role == slip:
		s.pending = s.appendTemplate(s.pending[:0], t.line.text)
		return "text", textPayload(damage(s.rng, string(s.pending)))
	case t.role == sticker:
		return s.sticker()
	case t.line.kind == "text":
		return s.text(i)
	}
	return writers[t.line.kind](s, i, t.line.text)
}

// sticker follows a text: a picture of a face, or an emoticon as text.
func (s *scene) sticker() (kind string, payload []byte) {
	if s.rng.chance(0.6) {
		return writeEmotion(s, 0, nil)
	}
	return "text", textPayload(pick(s.rng, s.now.manner.emoji))
}

func (s *scene) revocation(i, of int) []byte {
	return append(appendField([]byte(`"revoke":{`), "pre_msgid", s.msgID(of)), '}')
}

func textPayload(text string) []byte {
	return append(appendField(make([]byte, 0, len(text)+32), "", text), '}')
}

// text writes an ordinary turn: mostly as text, now and then spoken, or as
// the answer to a quoted message.
func (s *scene) text(i int) (kind string, payload []byte) {
	t := &s.turns[i]
	body := string(s.pending)
	if s.pending = s.pending[:0]; body == "" {
		body = string(s.appendTemplate(nil, t.line.text))
	}
	body = s.now.manner.finish(s.rng, s.vary(body, i == 0))
	n := utf8.RuneCountInString(body)
	if n > 5 && n < 60 && s.now.id != robotID && s.script.stage != "sensitive" && s.rng.chance(s.now.manner.voice) {
		return "voice", s.voice(1 + n*s.rng.between(20, 30)/100)
	}
	rate := 0.012
	if s.ch.room != nil {
		rate = 0.05
	}
	if last := len(s.said) - 1; last >= 0 && s.said[last].who != t.line.who && n > 3 && s.rng.chance(rate) {
		return "text", textPayload(s.quoting(body))
	}
	s.said = append(s.said, utterance{t.line.who, body})
	return "text", textPayload(body)
}

// quoting puts the last thing said by somebody else before a text, in the
// form in which WeCom archives quotes.
func (s *scene) quoting(body string) string {
	for i := len(s.said) - 1; i >= 0; i-- {
		a := s.actor(s.said[i].who)
		if a.id != s.now.id {
			return "这是一条引用/回复消息：\n" + a.name + "\n" + s.said[i].text + "\n------\n" + body
		}
	}
	return body
}

// appendField writes "name":"value"; without a name it opens a text payload.
func appendField(b []byte, name, value string) []byte {
	if name == "" {
		return appendQuoted(append(b, `"text":{"content":`...), value)
	}
	b = append(append(append(b, '"'), name...), '"', ':')
	return appendQuoted(b, value)
}

// appendNumber writes ,"name":value.
func appendNumber(b []byte, name string, value int64) []byte {
	b = append(append(append(b, ',', '"'), name...), '"', ':')
	return strconv.AppendInt(b, value, 10)
}

// appendQuoted writes a JSON string the way WeCom does: UTF-8 as it is.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"', c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c < 0x20:
			b = append(b, `\u00`...)
			b = append(b, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
