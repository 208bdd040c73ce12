package searchtest

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/search"
)

// The differential test draws this many queries; the environment may name its
// seed (HUICUN_SEARCH_SEED), which is told when it fails.
const (
	drawn      = 2000
	corpusSize = 1200
	envSeed    = "HUICUN_SEARCH_SEED"
	askers     = 4
)

func testDifferential(t *testing.T, open Open) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv(envSeed); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s: %v", envSeed, err)
		}
	}
	t.Logf("%s=%d", envSeed, seed)
	b := newBench(t, open)
	scopes := company(t, b.Archive)
	fill(t, b.Archive, writer{random(seed, 0)}, corpusSize)
	b.ready(t)
	o := NewOracle(t, b.Archive)
	var wg sync.WaitGroup
	for i := range uint64(askers) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			d := newDrawer(o, scopes, random(seed, 1+i))
			for n := 0; n < drawn/askers && b.agrees(t, o, d.query(), d.page); n++ {
			}
		}()
	}
	wg.Wait()
}

func random(seed, stream uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, stream)) } //nolint:gosec // repeatable on purpose

// agrees reports whether the engine says the same as the oracle: hits, their
// order, their number; page by page.
func (b *bench) agrees(t *testing.T, o *Oracle, q search.Query, page func(hits int) int) bool {
	want := o.Find(q)
	got := b.find(t, q, page(len(want)))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%+v (-want +got):\n%s", q, diff)
	}
	return !t.Failed()
}

// drawer draws queries.
type drawer struct {
	*rand.Rand
	o             *Oracle
	scopes        []access.Scope
	bodies, exact []string
}

func newDrawer(o *Oracle, scopes map[string]access.Scope, r *rand.Rand) *drawer {
	d := &drawer{Rand: r, o: o, bodies: o.bodies(false), exact: o.bodies(true)}
	for _, name := range []string{"system", "system", "system", "nobody", "blind", "one", "one", "some", "some", "most"} {
		d.scopes = append(d.scopes, scopes[name])
	}
	return d
}

// page chooses a size of pages, so that there are few.
func (d *drawer) page(hits int) int { return max(1+d.IntN(40), hits/(1+d.IntN(4))) }

func (d *drawer) query() search.Query {
	q := search.Query{Scope: d.scopes[d.IntN(len(d.scopes))], Order: search.Newest, Words: search.Words{Exact: d.IntN(4) == 0}}
	if d.IntN(3) == 0 {
		q.Order = search.Oldest
	}
	for n := []int{1, 1, 1, 1, 1, 2, 3, 0}[d.IntN(8)]; n > 0; n-- {
		q.Words.All = d.add(q.Words.All, q.Words.Exact)
	}
	if d.IntN(6) == 0 {
		q.Words.None = d.add(q.Words.None, q.Words.Exact)
	}
	if len(q.Words.All) == 0 || d.IntN(2) == 0 {
		q.Filter = d.filter()
	}
	return q
}

// add draws a word of 1 to 8 characters: a part of a text, such a part with one
// character changed, or what nobody said.
func (d *drawer) add(words []string, exact bool) []string {
	from := d.bodies
	if exact {
		from = d.exact
	}
	n := 1 + d.IntN(8)
	text := []rune(from[d.IntN(len(from))])
	at := d.IntN(len(text))
	part := append([]rune{}, text[at:min(len(text), at+n)]...)
	switch d.IntN(8) {
	case 0:
		part[d.IntN(len(part))] = rune(0x4E00 + d.IntN(0x5000))
	case 1:
		part[d.IntN(len(part))] = []rune(pieces[d.IntN(len(pieces))])[0]
	case 2:
		part = []rune(pieces[d.IntN(len(pieces))] + pieces[d.IntN(len(pieces))])
	}
	word := search.Fold(strings.ReplaceAll(string(part), "\uFDD0", ""), exact)
	if r := []rune(word); len(r) > 8 {
		word = string(r[:8])
	}
	if word == "" {
		return words
	}
	return append(words, word)
}

// filter draws a few limits.
func (d *drawer) filter() search.Filter {
	var f search.Filter
	for n := 1 + d.IntN(3); n > 0; n-- {
		d.limit(&f)
	}
	return f
}

func (d *drawer) limit(f *search.Filter) {
	person := func() string { return []string{employee(d.IntN(10)), buyer(d.IntN(6)), "odd", "unknown"}[d.IntN(4)] }
	yes := d.IntN(2) == 0
	switch d.IntN(11) {
	case 0:
		f.Senders = append(f.Senders, employee(d.IntN(10)), person())
	case 1:
		f.Persons = append(f.Persons, person())
	case 2:
		f.Departments = append(f.Departments, 1+d.Int64N(8))
	case 3:
		for range 1 + d.IntN(12) {
			f.ConvIDs = append(f.ConvIDs, 1+d.Int64N(int64(len(d.o.convs))+2))
		}
	case 4:
		f.External = &yes
	case 5:
		f.Groups = &yes
	case 6:
		f.MsgTypes = append(f.MsgTypes, []string{"text", "image", "link", "file", "revoke", "location", "voice"}[d.IntN(7)])
	case 7, 8:
		first, last := d.o.span()
		length := last.Sub(first)
		f.From = first.Add(time.Duration(d.Int64N(int64(length)))).Truncate(time.Millisecond)
		if yes {
			f.To = f.From.Add(time.Duration(d.Int64N(int64(length)))).Truncate(time.Millisecond)
		}
	case 9:
		_, f.To = d.o.span()
	default:
		f.Flags |= 1 << d.IntN(5)
	}
}
