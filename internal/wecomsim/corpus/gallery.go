package corpus

import (
	"strings"
	"time"
)

// GalleryName is the group in which every type of message stands once, in every
// variant that is known (Options.Gallery).
const GalleryName = "消息类型样例"

// galleryRoom is the id of that group.
const galleryRoom = "wrQx7kDAAASampleMessagesOfEachTy"

// newsRobotID is the robot that sends news in the sample chat.
const newsRobotID = "wbQx7kDAAANewsOfTheStoreRobotXyz"

// Exhibit is one kind of message that can be shown: a type, or a variant of it.
type Exhibit struct {
	Name    string `json:"name"`    // such as "vote.102_nested"
	MsgType string `json:"msgtype"` // "" for the record of a switched corp, which has none
	Title   string `json:"title"`   // Chinese
}

// Posting says where an exhibit is sent.
type Posting struct {
	From   string
	To     []string
	RoomID string // "" in a single chat
	At     time.Time
	Salt   uint64                       // makes its files differ from those of other postings
	MsgID  func(n int, at int64) string // of its n-th message, sent at Unix milliseconds
}

// exhibit is how an Exhibit is made.
type exhibit struct {
	Exhibit
	by    byte // who sends it in the sample chat: E and M employees, C a customer, P a partner, R and N robots
	alone bool // has no roomid: it belongs to a single chat wherever it is sent from
	write func(x *hall) []byte
}

// hall is an exhibit being written.
type hall struct {
	Posting
	c     *Corpus
	at    int64 // milliseconds
	files uint64
}

// seconds is the time of sending, in seconds.
func (x *hall) seconds() int64 { return x.at / 1000 }

// sample sends one of the samples.
func (x *hall) sample(name string) attachment { return announce(sampleID(name, x.salt())) }

// speech sends so many seconds of voice; variant 2 is wide-band.
func (x *hall) speech(seconds string, variant int) attachment {
	return announce(fileID("amr", seconds, variant, x.salt()|1))
}

// drawn sends a document that is made rather than taken from the samples.
func (x *hall) drawn(format string) attachment { return announce(fileID(format, "doc", 1, x.salt()|1)) }

func (x *hall) salt() uint64 {
	x.files++
	return mix(0x6A11, x.Salt, x.files)
}

// Exhibits lists what Exhibit can send, in the order of the sample chat.
func Exhibits() []Exhibit {
	list := make([]Exhibit, len(exhibits))
	for i, e := range exhibits {
		list[i] = e.Exhibit
	}
	return list
}

// Exhibit writes the messages of one exhibit; false = there is none of this name.
// Most are one message; a recall is preceded by what is recalled. In a group
// without a sender, whom the sample chat would have sends it.
func (c *Corpus) Exhibit(name string, p Posting) ([]Record, bool) {
	for _, e := range exhibits {
		if e.Name == name {
			return c.show(e, p), true
		}
	}
	return nil, false
}

func (c *Corpus) show(e exhibit, p Posting) []Record {
	x := &hall{Posting: p, c: c, at: p.At.UnixMilli()}
	if what, isRecall := strings.CutPrefix(e.Name, "revoke."); isRecall {
		first, _ := c.Exhibit(recalled[what], p)
		x.at += 6000
		id := p.MsgID(len(first), x.at)
		body := x.envelope(id, "recall", e, field("revoke", object("pre_msgid", first[len(first)-1].MsgID)))
		return append(first, record(id, x.at, body))
	}
	id := p.MsgID(0, x.at)
	if e.MsgType == "" {
		return []Record{record(id, x.at, object("msgid", id, "action", "switch", "time", x.at, "user", p.From))}
	}
	return []Record{record(id, x.at, x.envelope(id, "send", e, e.write(x)))}
}

// recalled is what a recall takes back.
var recalled = map[string]string{"text": "text.plain", "image": "image.landscape"}

func record(id string, at int64, body []byte) Record {
	return Record{MsgID: id, Time: time.UnixMilli(at).UTC(), JSON: body}
}

// envelope puts a payload into a message.
func (x *hall) envelope(id, action string, e exhibit, payload []byte) []byte {
	to := x.To
	if e.alone {
		to = to[:1]
	}
	head := []any{"msgid", id, "action", action, "from", x.From, "tolist", to}
	if !e.alone {
		head = append(head, "roomid", x.RoomID)
	}
	b := object(append(head, "msgtime", x.at, "msgtype", e.MsgType)...)
	return append(append(append(b[:len(b)-1], ','), payload...), '}')
}

// galleryCast are the ids behind the letters of exhibit.by.
func (c *Corpus) galleryCast() map[byte]string {
	cast := map[byte]string{'E': "LinXiaoyu", 'M': "ZhouMingkai", 'C': c.customers[0].id, 'D': c.customers[1].id, 'R': robotID, 'N': newsRobotID}
	for _, cu := range c.customers {
		if cu.kind == business {
			cast['P'] = cu.id
			break
		}
	}
	return cast
}

// galleryStart is when the sample chat begins: before the shops open on the first day.
const galleryStart = 6 * time.Hour

// openGallery makes the group and its messages, at most limit of them.
func (c *Corpus) openGallery(limit int) {
	cast := c.galleryCast()
	begin := c.cal.date(0).Add(galleryStart)
	c.hangGroup(cast, begin)
	for i, e := range exhibits {
		p := Posting{RoomID: galleryRoom, At: begin.Add(time.Minute + time.Duration(i)*20*time.Second), Salt: uint64(i)}
		p.From = cast[e.by]
		for _, letter := range []byte("EMCDP") {
			if id := cast[letter]; id != p.From {
				p.To = append(p.To, id)
			}
		}
		if e.alone {
			p.To = []string{cast['C']}
		}
		p.MsgID = func(n int, at int64) string { return galleryMsgID(c.seed, i, n, at, e.MsgType == "") }
		c.shown = append(c.shown, c.show(e, p)...)
	}
	c.shown = c.shown[:max(0, min(limit, len(c.shown)))]
}

// hangGroup puts the group into the directory; no sessions are planned in it.
func (c *Corpus) hangGroup(cast map[byte]string, begin time.Time) {
	g := GroupChat{ChatID: galleryRoom, Name: GalleryName, Owner: cast['E'], CreateTime: begin.Unix(), Notice: "每种消息各一条", AdminList: []GroupAdmin{}}
	g.MemberVersion = "00000000000000000000000000000001"
	for i, letter := range []byte("EMCDP") {
		m := GroupMember{UserID: cast[letter], Type: 1, JoinTime: begin.Unix() + int64(i), JoinScene: 1}
		if k, ok := c.byID[m.UserID]; ok {
			m.Name = c.staff[k].name
		} else {
			m.Type, m.Invitor = 2, &GroupInvitor{UserID: g.Owner}
			m.Name, m.UnionID = c.nickOf(m.UserID)
		}
		g.MemberList = append(g.MemberList, m)
	}
	c.gallery = &g
}

func (c *Corpus) nickOf(id string) (nick, unionID string) {
	for _, cu := range c.customers {
		if cu.id == id {
			return cu.nick, cu.unionID
		}
	}
	return "", ""
}
