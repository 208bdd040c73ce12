package bench

import (
	"encoding/hex"
	"fmt"
	"math/bits"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"huicun/internal/archive"
	"huicun/internal/personid"
	"huicun/internal/search"
)

// oracle finds messages by looking at all of them. It keeps what it needs of ten
// million in about a gigabyte. A message is known by its place in the stream: the
// corpus comes in the order of time, so that this is the order of search too.
type oracle struct {
	text  strings.Builder // bodies, one behind the other
	all   string          // the same when all are in
	ends  []uint64        // where each ends
	exact map[int]string
	ids   [][16]byte
	at    []int64 // Unix milliseconds
	convs []uint32
	from  []uint32 // of persons
	kinds []uint8  // of types
	flags []search.Flags

	persons, types names
	talks          []talk                // by conversation
	culprits       map[int][]uint32      // employees of the violation that a message is
	taken          map[[16]byte]struct{} // what revokes name
	found          map[string][]uint64   // by words: a bit a message
}

// talk is what is known of a conversation.
type talk struct {
	group   bool
	members []uint32
}

// names gives texts numbers.
type names struct {
	numbers map[string]uint32
	list    []string
}

func (n *names) number(s string) uint32 {
	i, ok := n.numbers[s]
	if !ok {
		if n.numbers == nil {
			n.numbers = map[string]uint32{}
		}
		i = uint32(len(n.list)) //nolint:gosec // fewer than that
		n.numbers[s] = i
		n.list = append(n.list, s)
	}
	return i
}

func newOracle() *oracle {
	return &oracle{exact: map[int]string{}, culprits: map[int][]uint32{}, taken: map[[16]byte]struct{}{}, found: map[string][]uint64{}}
}

// fileTypes and linkType are the types of the corpus with a file, or with a link.
var fileTypes = map[string]bool{"image": true, "voice": true, "file": true}

const linkType = "link"

// add takes a batch. Flags follow from the type here, not from the content as
// for the indexer.
func (o *oracle) add(ms []archive.Decoded, docs []docRow) error {
	for i := range ms {
		m, at := &ms[i], len(o.ids)
		if m.Seq != int64(at)+1 || at > 0 && m.SentAt.UnixMilli() < o.at[at-1] {
			return fmt.Errorf("the corpus does not come in the order of time at seq %d", m.Seq)
		}
		o.text.WriteString(docs[i].Body)
		o.ends = append(o.ends, uint64(o.text.Len())) //nolint:gosec // not negative
		if docs[i].Exact != "" {
			o.exact[at] = docs[i].Exact
		}
		id, err := idBytes(m.ID)
		if err != nil {
			return err
		}
		o.ids, o.at = append(o.ids, id), append(o.at, m.SentAt.UnixMilli())
		o.convs = append(o.convs, uint32(m.ConvID)) //nolint:gosec // counted from 1
		o.from = append(o.from, o.persons.number(m.FromID))
		o.kinds = append(o.kinds, uint8(o.types.number(m.MsgType))) //nolint:gosec // there are six
		var f search.Flags
		if fileTypes[m.MsgType] {
			f |= search.HasFile
		}
		if m.MsgType == linkType {
			f |= search.HasLink
		}
		if strings.Contains(m.Text, alarmWord) {
			f |= search.Sensitive
			for _, e := range newAlarm(m).employees {
				o.culprits[at] = append(o.culprits[at], o.persons.number(e))
			}
		}
		o.flags = append(o.flags, f)
		if m.PreMsgID != "" {
			pre, err := idBytes(archive.MessageID(m.PreMsgID))
			if err != nil {
				return err
			}
			o.taken[pre] = struct{}{}
		}
		o.meet(m)
	}
	return nil
}

// meet notes who is in the conversation of a message.
func (o *oracle) meet(m *archive.Decoded) {
	for len(o.talks) <= int(m.ConvID) {
		o.talks = append(o.talks, talk{})
	}
	t := &o.talks[m.ConvID]
	t.group = m.Conv.Kind == archive.ConvGroup
	if len(t.members) > 0 && !t.group {
		return
	}
	for _, p := range m.Members {
		if n := o.persons.number(p); !slices.Contains(t.members, n) {
			t.members = append(t.members, n)
		}
	}
}

// finish is called when all batches are in.
func (o *oracle) finish() {
	for i, id := range o.ids {
		if _, ok := o.taken[id]; ok {
			o.flags[i] |= search.Revoked
		}
	}
	o.taken, o.all = nil, o.text.String()
}

func idBytes(id string) (b [16]byte, err error) {
	_, err = hex.Decode(b[:], []byte(strings.ReplaceAll(id, "-", "")))
	return b, err
}

func (o *oracle) len() int { return len(o.ids) }

func (o *oracle) body(i int) string {
	from := uint64(0)
	if i > 0 {
		from = o.ends[i-1]
	}
	return o.all[from:o.ends[i]]
}

func (o *oracle) document(i int) search.Document {
	return search.Document{Body: o.body(i), Exact: o.exact[i]}
}

// ref is a hit as an engine has to give it.
func (o *oracle) ref(i int) search.Ref {
	h := hex.EncodeToString(o.ids[i][:])
	return search.Ref{
		ID:     h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:],
		ConvID: int64(o.convs[i]), SentAt: time.UnixMilli(o.at[i]).UTC(), Seq: int64(i) + 1, Length: o.document(i).Length(),
	}
}

// matches gives the messages that words are about, a bit each. It looks at every
// text, once for the same words.
func (o *oracle) matches(w search.Words) []uint64 {
	key := fmt.Sprintf("%v%q%q", w.Exact, w.All, w.None)
	if set := o.found[key]; set != nil {
		return set
	}
	set := make([]uint64, (o.len()+63)/64)
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for n := range workers {
		wg.Go(func() {
			for word := len(set) * n / workers; word < len(set)*(n+1)/workers; word++ {
				for i := 64 * word; i < min(64*word+64, o.len()); i++ {
					if w.In(o.document(i)) {
						set[word] |= 1 << (i % 64)
					}
				}
			}
		})
	}
	wg.Wait()
	o.found[key] = set
	return set
}

// sight is what a viewer may see, by brute force. A nil one sees everything.
type sight struct {
	convs   []bool
	persons map[uint32]bool
}

// sightOf gives the sight of who may see some employees.
func (o *oracle) sightOf(employees []string) *sight {
	s := &sight{convs: make([]bool, len(o.talks)), persons: map[uint32]bool{}}
	for _, e := range employees {
		s.persons[o.persons.number(e)] = true
	}
	for conv, t := range o.talks {
		for _, p := range t.members {
			s.convs[conv] = s.convs[conv] || s.persons[p]
		}
	}
	return s
}

// each gives the hits of a query in its order, After left aside, until do says
// that it has enough.
func (o *oracle) each(q search.Query, s *sight, do func(i int) bool) {
	set, keep := o.matches(q.Words), o.keeper(q.Filter, s)
	if q.Order == search.Oldest {
		for word, w := range set {
			for ; w != 0; w &= w - 1 {
				if i := 64*word + bits.TrailingZeros64(w); keep(i) && !do(i) {
					return
				}
			}
		}
		return
	}
	for word := len(set) - 1; word >= 0; word-- {
		for w := set[word]; w != 0; {
			bit := 63 - bits.LeadingZeros64(w)
			w &^= 1 << bit
			if i := 64*word + bit; keep(i) && !do(i) {
				return
			}
		}
	}
}

// first gives the first hits of a query, beyond After.
func (o *oracle) first(q search.Query, s *sight, limit int) []int {
	hits := []int{}
	o.each(q, s, func(i int) bool {
		if after := q.After; after == nil || (q.Order == search.Oldest) == (int64(i)+1 > after.Seq) && int64(i)+1 != after.Seq {
			hits = append(hits, i)
		}
		return len(hits) < limit
	})
	return hits
}

// count counts the hits of a query up to most.
func (o *oracle) count(q search.Query, s *sight, most int) (n int) {
	o.each(q, s, func(int) bool {
		n++
		return n < most
	})
	return n
}

// keeper gives the condition that a filter and a sight make together.
func (o *oracle) keeper(f search.Filter, s *sight) func(i int) bool {
	convs := o.conversations(f, s)
	senders, types := map[uint32]bool{}, map[uint8]bool{}
	for _, p := range f.Senders {
		senders[o.persons.number(p)] = true
	}
	for _, t := range f.MsgTypes {
		types[uint8(o.types.number(t))] = true //nolint:gosec // a few
	}
	from, to := int64(0), int64(1)<<62
	if !f.From.IsZero() {
		from = f.From.UnixMilli()
	}
	if !f.To.IsZero() {
		to = f.To.UnixMilli()
	}
	return func(i int) bool {
		return convs[o.convs[i]] && o.at[i] >= from && o.at[i] < to && o.flags[i]&f.Flags == f.Flags &&
			(len(senders) == 0 || senders[o.from[i]]) && (len(types) == 0 || types[o.kinds[i]]) &&
			(f.Flags&search.Sensitive == 0 || o.accuses(i, s))
	}
}

// accuses reports whether a violation is one that the viewer may see.
func (o *oracle) accuses(i int, s *sight) bool {
	if s == nil {
		return true
	}
	for _, p := range o.culprits[i] {
		if s.persons[p] {
			return true
		}
	}
	return false
}

// conversations tells which ones a filter and a sight leave.
func (o *oracle) conversations(f search.Filter, s *sight) []bool {
	wanted := map[int64]bool{}
	for _, id := range f.ConvIDs {
		wanted[id] = true
	}
	in := make([]bool, len(o.talks))
	for conv, t := range o.talks {
		if len(wanted) > 0 && !wanted[int64(conv)] || f.Groups != nil && t.group != *f.Groups || s != nil && !s.convs[conv] {
			continue
		}
		in[conv] = o.hasPersons(t, f) && o.hasDepartment(t, f, s) && o.hasOutside(t, f)
	}
	return in
}

func (o *oracle) hasPersons(t talk, f search.Filter) bool {
	for _, p := range f.Persons {
		if !slices.Contains(t.members, o.persons.number(p)) {
			return false
		}
	}
	return true
}

// hasDepartment: where somebody works whom the viewer may not see is not told.
func (o *oracle) hasDepartment(t talk, f search.Filter, s *sight) bool {
	if len(f.Departments) == 0 {
		return true
	}
	for _, m := range t.members {
		if s != nil && !s.persons[m] {
			continue
		}
		e, ok := employeeNumber(o.persons.list[m])
		for _, d := range f.Departments {
			if ok && (d == rootDepartment || d == int64(divisionOf(e)) || d == int64(teamOf(e))) {
				return true
			}
		}
	}
	return false
}

func (o *oracle) hasOutside(t talk, f search.Filter) bool {
	if f.External == nil {
		return true
	}
	return *f.External == slices.ContainsFunc(t.members, func(m uint32) bool { return personid.External(o.persons.list[m]) })
}

// employeeNumber is the opposite of person.
func employeeNumber(p string) (n int, ok bool) {
	if personid.External(p) {
		return 0, false
	}
	_, err := fmt.Sscanf(p, "emp%05d", &n)
	return n, err == nil
}
