package bench

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// body writes the JSON of one message as WeCom delivers it. Ids and texts hold
// nothing that JSON would escape.
type body struct {
	r     *rand.Rand
	texts *texts
	b     []byte
}

func (b *body) head(msgid, action, from string, to []string, room string, at time.Time) {
	b.b = append(b.b, `{"msgid":"`+msgid+`","action":"`+action+`","from":"`+from+`","tolist":[`...)
	for i, id := range to {
		if i > 0 {
			b.b = append(b.b, ',')
		}
		b.b = append(b.b, `"`+id+`"`...)
	}
	b.b = append(b.b, `],"roomid":"`+room+`","msgtime":`...)
	b.b = strconv.AppendInt(b.b, at.UnixMilli(), 10)
}

func (b *body) done() []byte { return append(b.b, '}') }

func (b *body) part(msgtype, format string, args ...any) {
	b.b = append(b.b, `,"msgtype":"`+msgtype+`","`+msgtype+`":{`...)
	b.b = fmt.Appendf(b.b, format, args...)
	b.b = append(b.b, '}')
}

func (b *body) revoke(msgid string) { b.part("revoke", `"pre_msgid":"%s"`, msgid) }

// alarmWord is in one text of two thousand; the corpus has violations for it.
const (
	alarmWord  = "回扣"
	alarmEvery = 2000
)

// content: 80 texts, 10 pictures, 4 voices, 2 files, 3 links of a hundred; the
// last one is a revoke where the session has something to take back.
func (b *body) content() {
	sum := fmt.Sprintf("%016x%016x", b.r.Uint64(), b.r.Uint64())
	switch n := b.r.IntN(99); {
	case n < 10:
		b.part("image", `"md5sum":"%s","filesize":%d,"sdkfileid":"CtYBench%s"`, sum, 20_000+b.r.IntN(2_000_000), sum)
	case n < 14:
		b.part("voice", `"md5sum":"%s","voice_size":%d,"play_length":%d,"sdkfileid":"CtYBench%s"`, sum, 2000+b.r.IntN(60_000), 1+b.r.IntN(59), sum)
	case n < 16:
		b.part("file", `"md5sum":"%s","filename":"%s.xlsx","fileext":"xlsx","filesize":%d,"sdkfileid":"CtYBench%s"`,
			sum, b.piece(), 10_000+b.r.IntN(5_000_000), sum)
	case n < 19:
		b.part("link", `"title":"%s","description":"%s","link_url":"https://www.example.com/a/%d","image_url":"https://img.example.com/%s.png"`,
			b.piece(), b.piece(), b.r.IntN(1_000_000), sum[:12])
	default:
		text := b.texts.write(b.r)
		if b.r.IntN(alarmEvery) == 0 {
			text += alarmWord
		}
		b.part("text", `"content":"%s"`, text)
	}
}

func (b *body) piece() string { return b.texts.pieces[b.r.IntN(len(b.texts.pieces))] }
