package corpus

import (
	"math"
	"sync"
	"time"
)

// play is a session with its turns timed, and written out once somebody reads
// one of them.
type play struct {
	session *session
	script  *script
	turns   []turn
	once    sync.Once
	records []Record
}

// turn is one message of a session.
type turn struct {
	cue
	at int64 // milliseconds
}

// newPlay times the turns of a session.
func (c *Corpus) newPlay(s *session) *play {
	p := &play{session: s, script: c.lib.scripts[s.script]}
	cues := c.lib.cues(p.script, c.structure(s), c.circumstances(s), nil)
	cues = cues[:min(len(cues), int(s.n))]
	r := newRNG(c.seed, 0x713E, c.chats[s.chat].key, uint64(s.ord), uint64(s.day))
	waits := make([]float64, len(cues))
	total := 0.0
	for i := range cues {
		waits[i] = wait(r, cues, i)
		total += waits[i]
	}
	scale := 1.0
	if room := float64(s.window) - 2; total > room {
		scale = max(room, 0.1) / total
	}
	at := c.cal.date(int(s.day)).UnixMilli() + int64(s.start)*1000 + int64(r.intn(1000))
	p.turns = make([]turn, len(cues))
	for i := range cues {
		at += int64(waits[i] * scale * 1000)
		p.turns[i] = turn{cue: cues[i], at: at}
	}
	return p
}

// wait is how many seconds pass before a turn: somebody who goes on writing
// needs seconds, an answer takes from ten seconds to twenty minutes.
func wait(r *rng, cues []cue, i int) float64 {
	l := cues[i].line
	normal := math.Sqrt(-2*math.Log(1-r.float())) * math.Cos(2*math.Pi*r.float())
	switch {
	case i == 0:
		return 0
	case cues[i].role == takeBack:
		return 3 + 12*r.float()
	case l.gap > 0:
		return l.gap.Seconds() * (0.7 + 0.6*r.float())
	case cues[i-1].line.who == l.who:
		return clamp(9*math.Exp(0.6*normal), 2, 50)
	case r.chance(0.07):
		return 300 + 900*r.float()
	}
	return clamp(42*math.Exp(0.95*normal), 8, 700)
}

func clamp(x, lo, hi float64) float64 { return math.Max(lo, math.Min(hi, x)) }

// perform writes a session out.
func (c *Corpus) perform(p *play) []Record {
	s := c.newScene(p)
	records := make([]Record, len(p.turns))
	for i := range p.turns {
		id := s.msgID(i)
		at := p.turns[i].at
		records[i] = Record{MsgID: id, Time: time.UnixMilli(at).UTC(), JSON: s.message(i, id)}
	}
	return records
}
