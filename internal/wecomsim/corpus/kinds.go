package corpus

import (
	"fmt"
	"strconv"
	"strings"
)

// writer writes the payload of one kind of message; it gives the msgtype too.
type writer func(s *scene, i int, t template) (kind string, payload []byte)

// writers are the kinds that a script may name after an @.
var writers map[string]writer

func init() {
	writers = map[string]writer{
		"image": writeImage, "file": writeFile, "link": writeLink, "voice": writeVoice, "emotion": writeEmotion,
		"revoke": writeRevoke, "card": writeCard, "location": writeLocation, "weapp": writeWeapp, "redpacket": writeRedPacket,
		"meeting": writeMeeting, "todo": writeTodo, "md": writeMarkdown, "record": writeRecord, "call": writeCall,
		"doc": writeDoc, "mixed": writeMixed, "sph": writeSph, "collect": writeCollect, "vote": writeVote,
		"solitaire": writeSolitaire, "news": writeNews, "calendar": writeCalendar, "note": writeNote, "disk": writeDisk,
		"agree": writeAgree, "disagree": writeDisagree, "reply": writeReply, "recording": writeRecording,
	}
}

func knownKind(name string) bool { return name == "text" || writers[name] != nil }

// words plays a template to a string.
func (s *scene) words(t template) string { return string(s.appendTemplate(nil, t)) }

// fields plays a template and cuts it at semicolons, giving at least n parts.
func (s *scene) fields(t template, n int) []string {
	list := strings.Split(s.words(t), ";")
	for len(list) < n {
		list = append(list, "")
	}
	return list
}

func writeReply(s *scene, i int, t template) (string, []byte) {
	return "text", textPayload(s.quoting(s.words(t)))
}

func writeRevoke(s *scene, i int, _ template) (string, []byte) {
	for k := i - 1; k >= 0; k-- {
		if s.turns[k].line.who == s.turns[i].line.who && s.turns[k].line.kind != "revoke" {
			return "revoke", s.revocation(i, k)
		}
	}
	return "text", textPayload("[OK]")
}

// filmed are the subjects of which people sometimes make a film instead.
var filmed = map[string]bool{"room": true, "site": true, "damage": true}

func writeImage(s *scene, _ int, t template) (string, []byte) {
	subject := s.words(t)
	variant, salt := s.drawFile("img")
	if filmed[subject] && salt%14 == 3 {
		m := announce(fileID("mp4", "doc", variant, salt))
		return "video", m.appendVideo([]byte(`"video":`))
	}
	m := announce(fileID("img", subject, variant, salt))
	return "image", append(m.appendFile([]byte(`"image":{`), "filesize"), '}')
}

func writeVoice(s *scene, _ int, t template) (string, []byte) {
	lo, hi := 3, 22
	if a := s.words(t); a != "" {
		lo, hi = bounds(a)
	}
	return "voice", s.voice(s.rng.between(lo, hi))
}

func (s *scene) voice(seconds int) []byte {
	m := s.media("amr", strconv.Itoa(min(59, max(1, seconds))))
	return m.appendVoice([]byte(`"voice":`))
}

func writeEmotion(s *scene, _ int, t template) (string, []byte) {
	format, kind := "gif", 1
	if s.rng.chance(0.3) {
		format, kind = "png", 2
	}
	return "emotion", s.media(format, s.words(t)).appendEmotion([]byte(`"emotion":`), kind)
}

func writeFile(s *scene, _ int, t template) (string, []byte) {
	name := s.words(t)
	return "file", s.media(extension(name), "doc").appendDocument([]byte(`"file":`), name)
}

// writeLink takes title;description;path.
func writeLink(s *scene, _ int, t template) (string, []byte) {
	f := s.fields(t, 3)
	url := "https://www.example.com/" + f[2]
	b := appendField([]byte(`"link":{`), "title", f[0])
	b = appendField(append(b, ','), "description", f[1])
	b = appendField(append(b, ','), "link_url", url)
	return "link", append(appendField(append(b, ','), "image_url", "https://www.example.com/img/"+strings.ReplaceAll(f[2], "/", "-")+".jpg"), '}')
}

// writeCard takes a cast letter: whose card it is.
func writeCard(s *scene, _ int, t template) (string, []byte) {
	id, corp := s.manager().id, CorpName
	switch who := s.words(t); {
	case who == "designer":
		id = s.pr.designer.id
	case who == "installer":
		id = s.pr.installer.id
	case who == "friend":
		id, corp = s.c.customers[2+s.rng.intn(len(s.c.customers)-2)].id, "微信联系人"
	case len(who) == 1:
		id = s.actor(who[0]).id
	}
	b := appendField([]byte(`"card":{`), "corpname", corp)
	return "card", append(appendField(append(b, ','), "userid", id), '}')
}

// writeLocation takes home or store.
func writeLocation(s *scene, _ int, t template) (string, []byte) {
	return "location", append([]byte(`"location":`), s.place(s.words(t))...)
}

func (s *scene) place(where string) []byte {
	shop := s.shop()
	lon, lat, address, title := shop.lon, shop.lat, shop.city+"市"+shop.address, CorpName+shop.short
	if where == "home" {
		cu := s.c.customers[s.cust]
		h := mix(uint64(s.cust), 0x10C)
		lon, lat = cu.store.lon+float64(h%2000)/20000-0.05, cu.store.lat+float64(h>>20%2000)/20000-0.05
		address, title = strings.TrimSuffix(cu.address, cu.house), cu.estate
	}
	b := fmt.Appendf(nil, `{"longitude":%.6f,"latitude":%.6f`, lon, lat)
	b = appendField(append(b, ','), "address", address)
	b = appendField(append(b, ','), "title", title)
	return append(b, `,"zoom":15}`...)
}

// writeWeapp takes title;description;page.
func writeWeapp(s *scene, _ int, t template) (string, []byte) {
	f := s.fields(t, 3)
	b := appendField([]byte(`"weapp":{`), "title", f[0])
	b = appendField(append(b, ','), "description", f[1])
	b = appendField(append(b, ','), "username", "gh_0f3a7c1e5b92@app")
	b = appendField(append(b, ','), "displayname", "星河家居商城")
	if s.now.emp != nil {
		b = appendField(append(b, ','), "appid", "wx0123456789abcdef")
		b = appendField(append(b, ','), "pagepath", fmt.Sprintf("pages/%s.html?id=%d", f[2], s.rng.between(10001, 99999)))
	}
	return "weapp", append(b, '}')
}

// writeRedPacket takes wish;yuan;count.
func writeRedPacket(s *scene, _ int, t template) (string, []byte) {
	f := s.fields(t, 3)
	yuan, _ := strconv.ParseFloat(f[1], 64)
	count, _ := strconv.Atoi(f[2])
	kind := "redpacket"
	if s.ext {
		kind = "external_redpacket"
	}
	b := strconv.AppendInt([]byte(`"redpacket":{"type":`), int64(1+b2i(count > 1)), 10)
	b = appendField(append(b, ','), "wish", f[0])
	b = appendNumber(b, "totalcnt", int64(max(1, count)))
	return kind, append(appendNumber(b, "totalamount", int64(yuan*100)), '}')
}

func writeAgree(s *scene, i int, _ template) (string, []byte) {
	b := appendField([]byte(`"agree":{`), "userid", s.now.id)
	return "agree", append(appendNumber(b, "agree_time", s.turns[i].at), '}')
}

func writeDisagree(s *scene, i int, _ template) (string, []byte) {
	b := appendField([]byte(`"disagree":{`), "userid", s.now.id)
	return "disagree", append(appendNumber(b, "disagree_time", s.turns[i].at), '}')
}

// writeCall takes voice or video.
func writeCall(s *scene, _ int, t template) (string, []byte) {
	kind := 2
	if s.words(t) == "video" {
		kind = 1
	}
	if s.ch.room != nil {
		kind += 2
	}
	return "voiptext", fmt.Appendf(nil, `"info":{"callduration":%d,"invitetype":%d}`, s.rng.between(12, 540), kind)
}

// writeMixed takes text;kind of picture.
func writeMixed(s *scene, _ int, t template) (string, []byte) {
	f := s.fields(t, 2)
	m := s.media("img", f[1])
	text := append(appendField([]byte{'{'}, "content", f[0]+"\n"), '}')
	image := append(m.appendFile([]byte{'{'}, "filesize"), '}')
	b := appendField([]byte(`"mixed":{"item":[{"type":"text",`), "content", string(text))
	b = appendField(append(b, `},{"type":"image",`...), "content", string(image))
	return "mixed", append(b, `}]}`...)
}

func writeSph(s *scene, _ int, t template) (string, []byte) {
	b := appendField([]byte(`"sphfeed":{"feed_type":4,`), "sph_name", CorpName)
	return "sphfeed", append(appendField(append(b, ','), "feed_desc", s.words(t)), '}')
}

func writeDisk(s *scene, _ int, t template) (string, []byte) {
	b := appendField([]byte(`"info":{`), "filename", s.words(t))
	return "qydiskfile", append(appendField(append(b, ','), "url", "https://drive.weixin.qq.com/s?k=EXAMPLE"+letters(s.rng, 8)), '}')
}

func writeMarkdown(s *scene, _ int, t template) (string, []byte) {
	return "markdown", append(appendField([]byte(`"info":{`), "content", s.words(t)), '}')
}
