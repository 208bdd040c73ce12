package corpus

import (
	"fmt"
	"strconv"
	"time"
)

// This file writes the kinds of messages that belong to office work.

// writeMeeting takes topic;place.
func writeMeeting(s *scene, _ int, t template) (string, []byte) {
	f := s.fields(t, 2)
	start := s.stamp(s.day+s.days[0], s.clock[0])
	b := appendField([]byte(`"meeting":{`), "topic", f[0])
	b = appendNumber(b, "starttime", start.Unix())
	b = appendNumber(b, "endtime", start.Add(time.Hour).Unix())
	b = appendField(append(b, ','), "address", f[1])
	b = appendField(append(b, ','), "remarks", "")
	b = append(b, `,"meetingid":`...)
	return "meeting", append(strconv.AppendUint(b, 1<<58+s.rng.next()>>8, 10), '}')
}

// writeCalendar takes title;place.
func writeCalendar(s *scene, _ int, t template) (string, []byte) {
	f := s.fields(t, 2)
	start := s.stamp(s.day+s.days[0], s.clock[0])
	b := appendField([]byte(`"calendar":{`), "title", f[0])
	b = appendField(append(b, ','), "creatorname", s.now.name)
	b = append(b, `,"attendeename":[`...)
	first := true
	for _, a := range s.cast {
		if a != nil && a.emp != nil && a.id != s.now.id && !first {
			b = append(b, ',')
		}
		if a != nil && a.emp != nil && a.id != s.now.id {
			b, first = appendQuoted(b, a.name), false
		}
		if len(b) > 200 {
			break
		}
	}
	b = appendNumber(append(b, ']'), "starttime", start.Unix())
	b = appendNumber(b, "endtime", start.Add(2*time.Hour).Unix())
	b = appendField(append(b, ','), "place", f[1])
	return "calendar", append(appendField(append(b, ','), "remarks", ""), '}')
}

// writeTodo takes title;content.
func writeTodo(s *scene, _ int, t template) (string, []byte) {
	f := s.fields(t, 2)
	b := appendField([]byte(`"todo":{`), "title", f[0])
	return "todo", append(appendField(append(b, ','), "content", f[1]), '}')
}

func writeDoc(s *scene, _ int, t template) (string, []byte) {
	b := appendField([]byte(`"doc":{`), "title", s.words(t))
	b = appendField(append(b, ','), "doc_creator", s.now.id)
	return "docmsg", append(appendField(append(b, ','), "link_url", "https://doc.weixin.qq.com/sheet/e3_example_"+letters(s.rng, 8)), '}')
}

// writeVote takes title;option;option…
func writeVote(s *scene, i int, t template) (string, []byte) {
	f := s.fields(t, 2)
	b := appendField(nil, "votetitle", f[0])
	b = append(b, `,"voteitem":[`...)
	for k, option := range f[1:] {
		if k > 0 {
			b = append(b, ',')
		}
		b = appendQuoted(b, option)
	}
	b = append(b, `],"votetype":101`...)
	return "vote", appendField(append(b, ','), "voteid", fmt.Sprintf("vt_%s_%04d", s.date(s.day).Format("20060102"), mix(s.secret, uint64(i))%10000))
}

// writeCollect takes title;question;question…
func writeCollect(s *scene, i int, t template) (string, []byte) {
	f := s.fields(t, 2)
	room := ""
	if s.ch.room != nil {
		room = s.ch.room.public.Name
	}
	b := appendField([]byte(`"collect":{`), "room_name", room)
	b = appendField(append(b, ','), "creator", s.now.name)
	b = appendField(append(b, ','), "create_time", time.UnixMilli(s.turns[i].at).In(china).Format(time.DateTime))
	b = appendField(append(b, ','), "title", f[0])
	b = append(b, `,"details":[`...)
	for k, q := range f[1:] {
		if k > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"id":%d,`, k+1)
		b = append(appendField(b, "ques", q), `,"type":"Text"}`...)
	}
	return "collect", append(b, "]}"...)
}

func writeSolitaire(s *scene, _ int, t template) (string, []byte) {
	return "solitaire", append(appendField([]byte(`"info":{"solitaire_type":101,`), "solitaire_content", "#接龙\n"+s.words(t)), '}')
}

// writeNews takes title;description;path.
func writeNews(s *scene, _ int, t template) (string, []byte) {
	f := s.fields(t, 3)
	b := appendField([]byte(`"info":{"item":[{`), "title", f[0])
	b = appendField(append(b, ','), "description", f[1])
	b = appendField(append(b, ','), "url", "https://www.example.com/"+f[2])
	return "news", append(appendField(append(b, ','), "picurl", "https://www.example.com/img/news.jpg"), `}]}`...)
}

// writeRecord takes title;text;text… and forwards them as a chat record.
func writeRecord(s *scene, i int, t template) (string, []byte) {
	f := s.fields(t, 2)
	b := appendField([]byte(`"chatrecord":{`), "title", f[0])
	b = append(b, `,"item":[`...)
	at := s.turns[i].at/1000 - int64(s.rng.between(900, 5400))
	for k, line := range f[1:] {
		if k > 0 {
			b = append(b, ',')
		}
		at += int64(s.rng.between(8, 90))
		kind, content := "ChatRecordText", append(appendField([]byte{'{'}, "content", line), '}')
		if pic, ok := cutImage(line); ok {
			m := s.forwarded("img", pic)
			kind, content = "ChatRecordImage", append(m.appendFile([]byte{'{'}, "filesize"), '}')
		}
		b = appendField(append(b, '{'), "type", kind)
		b = appendNumber(b, "msgtime", at)
		b = appendField(append(b, ','), "content", string(content))
		b = append(b, `,"from_chatroom":false}`...)
	}
	return "chatrecord", append(b, "]}"...)
}

// cutImage recognises a picture among the lines of a record: "@room".
func cutImage(line string) (kind string, ok bool) {
	if len(line) > 1 && line[0] == '@' {
		return line[1:], true
	}
	return "", false
}

// writeNote takes text;kind of picture.
func writeNote(s *scene, _ int, t template) (string, []byte) {
	f := s.fields(t, 2)
	m := s.media("img", f[1])
	text := append(appendField([]byte{'{'}, "content", f[0]+"\n"), '}')
	image := append(m.appendFile([]byte{'{'}, "filesize"), '}')
	b := appendField([]byte(`"info":{"items":[{"msg_type":"text",`), "content", string(text))
	b = appendField(append(b, `},{"msg_type":"image",`...), "content", string(image))
	b = appendField(append(b, `},{"msg_type":"location",`...), "content", string(s.place("home")))
	return "note", append(b, `}]}`...)
}

// writeRecording is a recorded call: a voice with its own id.
func writeRecording(s *scene, i int, _ template) (string, []byte) {
	s.rng.between(20, 59)
	m := s.media("rec", "doc")
	b := appendField(nil, "voiceid", fmt.Sprintf("gr%016x%016x", mix(s.secret, uint64(i)), mix(s.secret, uint64(i), 1)))
	b = append(b, `,"meeting_voice_call":{"endtime":`...)
	b = strconv.AppendInt(b, s.turns[i].at/1000+int64(m.seconds), 10)
	return "meeting_voice_call", append(appendField(append(b, ','), "sdkfileid", m.sdk), '}')
}
