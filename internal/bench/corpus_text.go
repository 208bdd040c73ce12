package bench

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"huicun/internal/wecomsim/corpus"
)

// Lengths of texts: log-normal with median 14 and mean 22 characters.
const (
	medianRunes = 14
	sigmaRunes  = 0.951
	maxRunes    = 200
)

// stock are the phrases that one text in seven is made of.
var stock = []string{
	"好的", "收到", "嗯嗯", "谢谢", "没问题", "可以", "稍等", "在吗", "好的谢谢", "明白了", "OK", "👌", "[微笑]", "辛苦了", "不客气", "早上好", "我看看", "稍后回复您", "對", "行",
}

// spice is what stands between Chinese words now and then.
var spice = []func(r *rand.Rand) string{
	func(r *rand.Rand) string { return fmt.Sprintf("1%d%09d", 3+r.IntN(7), r.IntN(1_000_000_000)) },
	func(r *rand.Rand) string { return fmt.Sprintf("https://shop.example.com/item/%d", r.IntN(1_000_000)) },
	func(r *rand.Rand) string { return fmt.Sprint(r.IntN(100_000)) },
	func(r *rand.Rand) string {
		return []string{"PDF", "please check", "WiFi", "deadline", "Excel", "see you tomorrow", "VIP"}[r.IntN(7)]
	},
	func(r *rand.Rand) string {
		return []string{"😊", "🙏", "👍🏻", "🎉", "[强]", "[玫瑰]"}[r.IntN(6)]
	},
	func(r *rand.Rand) string {
		return []string{"請問", "報價", "訂單", "發貨", "聯繫", "謝謝您"}[r.IntN(6)]
	},
}

// texts writes chat texts out of pieces of the made-up company's dialogues.
type texts struct {
	pieces []string
}

// newTexts takes the dialogues apart at their punctuation.
func newTexts(seed uint64) *texts {
	const dialogues = 3000
	c := corpus.New(corpus.Options{Seed: seed, Messages: dialogues, End: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)})
	t := &texts{}
	seen := map[string]bool{}
	for i := range c.Len() {
		var m struct {
			Text struct {
				Content string `json:"content"`
			} `json:"text"`
		}
		if json.Unmarshal(c.Message(i).JSON, &m) != nil {
			continue // other types
		}
		for _, piece := range strings.FieldsFunc(m.Text.Content, func(r rune) bool { return strings.ContainsRune("，。！？、；：,.!?;: \n「」-", r) }) {
			if n := utf8.RuneCountInString(piece); n > 1 && n <= 12 && !seen[piece] && plain(piece) {
				seen[piece] = true
				t.pieces = append(t.pieces, piece)
			}
		}
	}
	return t
}

// plain reports that a piece needs no escapes in JSON and sets off no alarm.
func plain(piece string) bool {
	return !strings.ContainsAny(piece, "\"\\<>&") && !strings.Contains(piece, alarmWord) && strconv.Quote(piece) == `"`+piece+`"`
}

// write makes one text.
func (t *texts) write(r *rand.Rand) string {
	if r.IntN(7) == 0 {
		return stock[r.IntN(len(stock))]
	}
	want := min(maxRunes, max(1, int(math.Round(medianRunes*math.Exp(sigmaRunes*r.NormFloat64())))))
	var b strings.Builder
	n := 0
	for n < want {
		piece := t.pieces[r.IntN(len(t.pieces))]
		if r.IntN(25) == 0 {
			piece = spice[r.IntN(len(spice))](r)
		}
		if n > 0 {
			b.WriteString([]string{"，", "。", " ", ""}[r.IntN(4)])
		}
		b.WriteString(piece)
		n = utf8.RuneCountInString(b.String())
	}
	return cutRunes(b.String(), want)
}

func cutRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
