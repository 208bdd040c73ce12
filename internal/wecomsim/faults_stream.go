package wecomsim

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"huicun/internal/fault"
)

const (
	streamGroup  = "消息内容"
	keyGroup     = "密钥"
	streamRoot   = "stream."
	kindGap      = "stream.gap"
	kindRotate   = "key.rotate"
	kindWithhold = "key.rotate_withheld"
)

// streamKinds are the faults of the stream itself and of its keys. What was there
// at the start is touched only by faults that are there at the start too.
var streamKinds = slices.Concat([]faultKind{
	{
		Kind: kindGap, Group: streamGroup, Chance: byMessage,
		About:  "下一条消息之前跳过若干个 seq",
		Effect: "leaves out numbers before the next message",
		Params: []faultParam{{Name: paramCount, Least: 1, Most: 1 << 40, Usual: 1, About: "跳过几个"}},
	},
}, shapeKinds(), []faultKind{
	{
		Kind: kindRotate, Group: keyGroup, Chance: byMessage,
		About:  "这条消息起换一把公钥，私钥文件立刻出现在数据目录",
		Effect: "a new key pair from this message on; its private key file appears at once",
	},
	{
		Kind: kindWithhold, Group: keyGroup, Chance: byMessage,
		About:  "这条消息起换一把公钥，私钥先扣着，POST /sim/keys/release 后才出现",
		Effect: "a new key pair from this message on; its private key file is withheld until POST /sim/keys/release",
	},
})

// streamPlan is what the faults do at one message.
type streamPlan struct {
	rotate, withhold bool
	gap              int
	after            []shapeOrder // strange messages behind it
}

// shapeOrder asks for one strange message.
type shapeOrder struct {
	kind  string
	bytes int
	roll  uint64
}

// planMessage gives every fault of the stream its chance at the next message.
func (s *faultSet) planMessage() streamPlan {
	var p streamPlan
	if s.none() {
		return p
	}
	_, p.withhold = s.strike(kindWithhold, "")
	_, p.rotate = s.strike(kindRotate, "")
	if h, ok := s.strike(kindGap, ""); ok {
		p.gap = h.Count
	}
	for _, sh := range shapes {
		if h, ok := s.strike(sh.kind, ""); ok {
			p.after = append(p.after, shapeOrder{sh.kind, h.Bytes, h.roll})
		}
	}
	return p
}

// append stores a message at the end of the stream, with what the faults do
// around it.
func (s *Sim) append(m newMessage) (Message, error) {
	s.appending.Lock()
	defer s.appending.Unlock()
	p := s.faults.planMessage()
	if err := s.rotateFor(p); err != nil {
		return Message{}, err
	}
	m.Gap = p.gap
	out, err := s.stream.append(m)
	if err != nil {
		return Message{}, err
	}
	s.sound = record{out.MsgID, out.Body}
	for _, o := range p.after {
		if _, err := s.stream.append(o.message(s.sound, s.stream.next())); err != nil {
			return Message{}, err
		}
	}
	return out, nil
}

func (s *Sim) rotateFor(p streamPlan) error {
	if !p.rotate && !p.withhold {
		return nil
	}
	_, err := s.addKey(keyRequest{Withhold: p.withhold, rotated: true})
	return err
}

// mixedSource is a source with strange messages between its own.
type mixedSource struct {
	source
	extras   []extra // in order
	identity string
}

// extra is one strange message of a mixedSource.
type extra struct {
	index int // in the mixed source
	after int // message of the own source that it follows
	order shapeOrder
}

// Len implements source.
func (m mixedSource) Len() int { return m.source.Len() + len(m.extras) }

// Identity implements source.
func (m mixedSource) Identity() string { return m.identity }

// Record implements source.
func (m mixedSource) Record(i int) (record, error) {
	n, found := slices.BinarySearchFunc(m.extras, i, func(e extra, i int) int { return e.index - i })
	if !found {
		return m.source.Record(i - n)
	}
	e := m.extras[n]
	before, err := m.source.Record(e.after)
	if err != nil {
		return record{}, err
	}
	made := e.order.message(before, uint64(i))
	return record{made.MsgID, made.Body}, nil
}

// historyFaults is what the faults that are there at the start do to the
// messages that are.
type historyFaults struct {
	source  source
	jumps   []jump
	rotated []rotation
}

// rotation is a new key in mid-history.
type rotation struct {
	fromSeq  uint64
	withhold bool
}

// mostHistoryKeys bounds the key pairs that are made before the start.
const mostHistoryKeys = 64

// spoil gives the faults of the stream their chance at each message of base.
func (s *Sim) spoil(base source) (historyFaults, error) {
	h := historyFaults{source: base}
	concerned := slices.ContainsFunc(s.cfg.Faults, func(f Fault) bool {
		return strings.HasPrefix(f.Kind, streamRoot) || f.Kind == kindRotate || f.Kind == kindWithhold
	})
	if !concerned {
		return h, nil
	}
	mixed := mixedSource{source: base}
	index := 0
	for i := range base.Len() {
		p := s.faults.planMessage()
		h.jumps = appendJump(h.jumps, index, p.gap)
		if p.rotate || p.withhold {
			h.rotated = append(h.rotated, rotation{seqAt(s.cfg.StartSeq, h.jumps, index), p.withhold})
		}
		index++
		for _, o := range p.after {
			mixed.extras = append(mixed.extras, extra{index, i, o})
			index++
		}
	}
	if len(h.rotated) > mostHistoryKeys {
		return h, fault.Invalid(kindRotate, "more than %d new keys among the messages of the start: give times or every", mostHistoryKeys)
	}
	var err error
	mixed.identity, err = s.spoiltIdentity(base, len(mixed.extras)+len(h.jumps))
	h.source = mixed
	return h, err
}

// spoiltIdentity tells a stream that faults have changed from the one without.
func (s *Sim) spoiltIdentity(base source, changes int) (string, error) {
	if changes == 0 {
		return base.Identity(), nil
	}
	var concerned []Fault
	for _, f := range s.cfg.Faults {
		if strings.HasPrefix(f.Kind, streamRoot) {
			concerned = append(concerned, f)
		}
	}
	b, err := json.Marshal(concerned)
	if err != nil {
		return "", fmt.Errorf("wecomsim: faults: %w", err)
	}
	h := fnv.New64a()
	_, _ = h.Write(b) // never fails
	return fmt.Sprintf("%s,faults=%x,seed=%d", base.Identity(), h.Sum64(), s.cfg.FaultSeed), nil
}

// strangeOrder is the body of POST /sim/faults/strange.
type strangeOrder struct {
	Kinds []string `json:"kinds"` // default: all
	Count int      `json:"count"` // messages in all, the kinds in turn; default: one of each
	Seed  uint64   `json:"seed"`
	Bytes int      `json:"bytes"` // of the large ones; default: as the kind has it
}

// strangeMessage is one message that POST /sim/faults/strange appended.
type strangeMessage struct {
	sentMessage
	Kind string `json:"kind"`
}

const mostStrange = 10000

// postStrange appends strange messages at once.
func (s *Sim) postStrange(q strangeOrder) (any, error) {
	for _, name := range q.Kinds {
		if shapeOf(name) == nil {
			return nil, fault.Invalid("kinds", "%q is no kind of strange message; GET /sim/faults lists those of stream.*", name)
		}
	}
	if len(q.Kinds) == 0 {
		for _, sh := range shapes {
			q.Kinds = append(q.Kinds, sh.kind)
		}
	}
	set(&q.Count, len(q.Kinds))
	set(&q.Seed, 1)
	if q.Count < 0 || q.Count > mostStrange {
		return nil, fault.Invalid("count", "must be 1..%d", mostStrange)
	}
	if q.Bytes < 0 || q.Bytes > mostShape {
		return nil, fault.Invalid("bytes", "must be 0..%d", mostShape)
	}
	out, err := s.appendStrange(q)
	return map[string]any{"messages": out}, err
}

func (s *Sim) appendStrange(q strangeOrder) ([]strangeMessage, error) {
	s.appending.Lock()
	defer s.appending.Unlock()
	anchor, err := s.anchor()
	if err != nil {
		return nil, err
	}
	out := make([]strangeMessage, 0, q.Count)
	for i := range q.Count {
		kind := q.Kinds[i%len(q.Kinds)]
		o := shapeOrder{kind, q.Bytes, mix(q.Seed, hashOf(kind), uint64(i))}
		m, err := s.stream.append(o.message(anchor, s.stream.next()))
		if err != nil {
			return nil, err
		}
		out = append(out, strangeMessage{sentMessage{m.Seq, m.MsgID, m.KeyVersion}, kind})
	}
	return out, nil
}

// anchor gives the message whose chat strange ones appear in: the newest that is
// not strange itself, else one that is made up and not stored.
func (s *Sim) anchor() (record, error) {
	if s.sound.isSound() {
		return s.sound, nil
	}
	last, err := s.stream.before(s.stream.next(), anchorSearch)
	if err != nil {
		return record{}, err
	}
	for _, m := range slices.Backward(last) {
		if r := (record{m.MsgID, m.Body}); r.isSound() {
			return r, nil
		}
	}
	customer, employee := s.somePair()
	body, err := s.compose(outgoing{From: customer.ID, To: employee.ID, Text: "在吗"})
	if err != nil {
		return record{}, fault.Conflict("there is no chat for strange messages: send a message first")
	}
	return record{msgIDOf(body, 0), body}, nil
}

// isSound tells that a message can be read and has nothing strange in it that
// others would inherit.
func (r record) isSound() bool {
	const fewReceivers, from, to = 500, 1_400_000_000_000, 4_000_000_000_000 // years 2014 to 2096
	h, ok := readHeader(r.Body)
	return ok && len(h.ToList) > 0 && len(h.ToList) <= fewReceivers && h.MsgTime > from && h.MsgTime < to
}

// anchorSearch is how far back an anchor is looked for.
const anchorSearch = 50
