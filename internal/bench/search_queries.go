package bench

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/personid"
	"huicun/internal/search"
)

// searchClass is what the searches of a class have in common.
type searchClass struct {
	Length    int    `json:"length"`    // of the word, characters; 0: no word, or several
	Frequency string `json:"frequency"` // rare or frequent in a sample; "" without a word
	With      string `json:"with"`      // filter or scope; "" none
}

// searchCase is one search.
type searchCase struct {
	class searchClass
	query search.Query
	sight *sight // what query.Scope is by brute force
}

// searchScope is a viewer of the benchmark.
type searchScope struct {
	name  string // scope 5
	scope access.Scope
	sight *sight
}

const (
	rare, frequent = "rare", "frequent"

	gramSample   = 50_000 // texts in which words are counted
	mostFrequent = 100    // words of a length that count as frequent
	firstHits    = 200    // of a search, one of which a filter is made from
	searchPage   = 20     // hits that are asked for
)

var wordLengths = []int{1, 2, 4, 8}

// asker draws searches from the corpus.
type asker struct {
	*oracle
	r      *rand.Rand
	each   int // searches a class
	sample []int
	words  map[searchClass][]string
	cases  []searchCase
	most   int64 // the conversation with the most messages
}

// ask draws all searches: those of one word, as they are and with each filter
// and scope, and others with several words, in other orders, of other pages.
func (c *Corpus) ask(o *oracle, each int, scopes []searchScope) []searchCase {
	a := &asker{oracle: o, r: c.random(randomSearches), each: each, words: map[searchClass][]string{}}
	for range min(gramSample, o.len()) {
		a.sample = append(a.sample, a.r.IntN(o.len()))
	}
	for _, n := range wordLengths {
		a.draw(n)
	}
	a.base("", each, func(q search.Query) (search.Query, *sight) { return q, nil })
	for _, s := range byName(scopes) {
		a.base(s[0].name, each, func(q search.Query) (search.Query, *sight) {
			viewer := s[a.r.IntN(len(s))]
			q.Scope = viewer.scope
			return q, viewer.sight
		})
	}
	a.most = a.busiest()
	a.filters()
	a.severalWords()
	a.orders()
	a.mixed(scopes)
	return a.cases
}

// byName puts the viewers of one size together.
func byName(scopes []searchScope) (sizes [][]searchScope) {
	for _, s := range scopes {
		if n := len(sizes); n == 0 || sizes[n-1][0].name != s.name {
			sizes = append(sizes, nil)
		}
		sizes[len(sizes)-1] = append(sizes[len(sizes)-1], s)
	}
	return sizes
}

// draw chooses words of a length by the number of texts of the sample in which
// they are.
func (a *asker) draw(length int) {
	counts := map[string]int{}
	for _, i := range a.sample {
		seen := map[string]bool{}
		for _, w := range runs(a.body(i), length) {
			if !seen[w] {
				seen[w] = true
				counts[w]++
			}
		}
	}
	words := slices.SortedFunc(maps.Keys(counts), func(x, y string) int { return cmp.Or(counts[y]-counts[x], strings.Compare(x, y)) })
	top := min(mostFrequent, max(a.each, len(words)/10))
	bottom := slices.IndexFunc(words, func(w string) bool { return counts[w] <= 2 })
	if bottom < 0 || len(words)-bottom < a.each {
		bottom = max(0, len(words)-a.each)
	}
	a.words[searchClass{Length: length, Frequency: frequent}] = a.some(words[:min(top, len(words))], a.each)
	a.words[searchClass{Length: length, Frequency: rare}] = a.some(words[bottom:], a.each)
}

// runs gives the words of so many characters in a text.
func runs(text string, length int) (words []string) {
	var starts []int
	for i := range text {
		starts = append(starts, i)
	}
	starts = append(starts, len(text))
	for i := 0; i+length < len(starts); i++ {
		words = append(words, text[starts[i]:starts[i+length]])
	}
	return words
}

// some gives n of a list, or all.
func (a *asker) some(list []string, n int) []string {
	list = slices.Clone(list)
	a.r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:min(n, len(list))]
}

func (a *asker) add(class searchClass, q search.Query, s *sight) {
	if q.Order == "" {
		q.Order = search.Newest
	}
	a.cases = append(a.cases, searchCase{class, q, s})
}

// base adds up to each searches of every class of words, changed by what they are
// with.
func (a *asker) base(with string, each int, change func(search.Query) (search.Query, *sight)) {
	for _, n := range wordLengths {
		for _, f := range []string{rare, frequent} {
			words := a.words[searchClass{Length: n, Frequency: f}]
			for _, w := range words[:min(each, len(words))] {
				q, s := change(search.Query{Scope: access.System(), Words: search.Words{All: []string{w}}, Order: search.Newest})
				a.add(searchClass{n, f, with}, q, s)
			}
		}
	}
}

// aHit gives one of the newest hits of a search; where there is none, any
// message.
func (a *asker) aHit(q search.Query) int {
	hits := a.first(q, nil, firstHits)
	if len(hits) == 0 {
		return a.r.IntN(a.len())
	}
	return hits[a.r.IntN(len(hits))]
}

// filter limits a search to what it has in common with a message.
type filter struct {
	name string
	set  func(f *search.Filter, hit int)
}

func (a *asker) filterList() []filter {
	members := func(hit int, outside bool) (list []string) {
		for _, m := range a.talks[a.convs[hit]].members {
			if p := a.persons.list[m]; personid.External(p) == outside {
				list = append(list, p)
			}
		}
		return list
	}
	yes, no := true, false
	flag := func(name string, flag search.Flags) filter {
		return filter{name, func(f *search.Filter, _ int) { f.Flags |= flag }}
	}
	return []filter{
		{"sender", func(f *search.Filter, hit int) { f.Senders = []string{a.persons.list[a.from[hit]]} }},
		{"employee", func(f *search.Filter, hit int) { f.Persons = a.some(members(hit, false), 1) }},
		{"two persons", func(f *search.Filter, hit int) {
			f.Persons = a.some(append(members(hit, false), members(hit, true)...), 2)
		}},
		{"team", func(f *search.Filter, hit int) {
			e, _ := employeeNumber(members(hit, false)[0])
			f.Departments = []int64{int64(teamOf(e))}
		}},
		{"division", func(f *search.Filter, hit int) {
			e, _ := employeeNumber(members(hit, false)[0])
			f.Departments = []int64{int64(divisionOf(e))}
		}},
		{"conversation", func(f *search.Filter, hit int) { f.ConvIDs = []int64{int64(a.convs[hit])} }},
		{"busiest chat", func(f *search.Filter, _ int) { f.ConvIDs = []int64{a.most} }},
		{"external", func(f *search.Filter, _ int) { f.External = &yes }},
		{"internal", func(f *search.Filter, _ int) { f.External = &no }},
		{"groups", func(f *search.Filter, _ int) { f.Groups = &yes }},
		{"direct", func(f *search.Filter, _ int) { f.Groups = &no }},
		{"type", func(f *search.Filter, hit int) { f.MsgTypes = []string{a.types.list[a.kinds[hit]]} }},
		{"type file", func(f *search.Filter, _ int) { f.MsgTypes = []string{"file"} }},
		{"3 months", func(f *search.Filter, hit int) {
			f.From = time.UnixMilli(a.at[hit]).UTC().Add(-time.Duration(a.r.IntN(90*24)) * time.Hour)
			f.To = f.From.AddDate(0, 3, 0)
		}},
		flag("revoked", search.Revoked), flag("sensitive", search.Sensitive), flag("file", search.HasFile), flag("link", search.HasLink), flag("QR code", search.HasQR),
	}
}

// busiest gives the conversation with the most messages.
func (a *asker) busiest() int64 {
	counts := make([]int, len(a.talks))
	for _, c := range a.convs {
		counts[c]++
	}
	return int64(slices.Index(counts, slices.Max(counts)))
}

// filters adds searches with each filter, with a word and without.
func (a *asker) filters() {
	for _, f := range a.filterList() {
		a.base(f.name, max(1, a.each/4), func(q search.Query) (search.Query, *sight) {
			f.set(&q.Filter, a.aHit(q))
			return q, nil
		})
		for range max(1, a.each/4) {
			q := search.Query{Scope: access.System()}
			f.set(&q.Filter, a.r.IntN(a.len()))
			a.add(searchClass{With: f.name}, q, nil)
		}
	}
}

// severalWords adds searches of more than a word, and of words that nobody said.
func (a *asker) severalWords() {
	nobody := []string{"㍿㍾", "qzxj", "鱻麤龘", "０９８７６５４３２１"}
	for n := range a.each {
		hit := a.r.IntN(a.len())
		for utf8.RuneCountInString(a.body(hit)) < 4 {
			hit = a.r.IntN(a.len())
		}
		pairs := runs(a.body(hit), 2)
		two := []string{pairs[a.r.IntN(len(pairs))], pairs[a.r.IntN(len(pairs))]}
		a.add(searchClass{With: "two words"}, search.Query{Scope: access.System(), Words: search.Words{All: two}}, nil)
		common := a.words[searchClass{2, frequent, ""}]
		without := search.Words{All: pairs[:1], None: []string{common[n%len(common)]}}
		a.add(searchClass{With: "without a word"}, search.Query{Scope: access.System(), Words: without}, nil)
		none := search.Words{All: []string{search.Fold(nobody[n%len(nobody)], false)}}
		a.add(searchClass{With: "never said"}, search.Query{Scope: access.System(), Words: none}, nil)
	}
	traditional := slices.Sorted(maps.Keys(a.exact))
	for range min(a.each, len(traditional)) {
		pairs := runs(a.exact[traditional[a.r.IntN(len(traditional))]], 2)
		if len(pairs) > 0 {
			words := search.Words{Exact: true, All: []string{pairs[a.r.IntN(len(pairs))]}}
			a.add(searchClass{With: "exact"}, search.Query{Scope: access.System(), Words: words}, nil)
		}
	}
}

// orders adds searches from the oldest on, and of the second page.
func (a *asker) orders() {
	few := max(1, a.each/4)
	a.base("oldest", few, func(q search.Query) (search.Query, *sight) {
		q.Order = search.Oldest
		return q, nil
	})
	a.base("second page", few, func(q search.Query) (search.Query, *sight) {
		if hits := a.first(q, nil, searchPage); len(hits) > 0 {
			last := a.ref(hits[len(hits)-1])
			q.After = &archive.Position{ConvID: last.ConvID, SentAt: last.SentAt, Seq: last.Seq, ID: last.ID}
		}
		return q, nil
	})
}

// mixed adds searches with a scope and two filters each.
func (a *asker) mixed(scopes []searchScope) {
	filters := a.filterList()
	a.base("scope and two filters", max(1, a.each/2), func(q search.Query) (search.Query, *sight) {
		viewer := scopes[a.r.IntN(len(scopes))]
		hit := a.aHit(q)
		for _, n := range a.r.Perm(len(filters))[:2] {
			filters[n].set(&q.Filter, hit)
		}
		if a.r.IntN(2) == 0 {
			q.Order = search.Oldest
		}
		q.Scope = viewer.scope
		return q, viewer.sight
	})
}
