package searchtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/fault"
	"huicun/internal/search"
)

// Open gives an engine over an archive, and what is to be called after documents
// changed until it may be asked: nil when nothing is.
type Open func(t *testing.T, a *Archive) (e search.Engine, sync func(t testing.TB))

// Run tests an engine: what it finds, whose it is, in which order and how many,
// against an Oracle and against what a person would say.
func Run(t *testing.T, open Open) {
	t.Run("finds what was said", func(t *testing.T) { t.Parallel(); testFinds(t, open) })
	t.Run("any part of any text, as by looking at every one", func(t *testing.T) { t.Parallel(); testDifferential(t, open) })
	t.Run("pages stay while messages arrive", func(t *testing.T) { t.Parallel(); testPaging(t, open) })
	t.Run("bounds", func(t *testing.T) { t.Parallel(); testBounds(t, open) })
	t.Run("coverage", func(t *testing.T) { t.Parallel(); testCoverage(t, open) })
	t.Run("scope and what is known change", func(t *testing.T) { t.Parallel(); testChanges(t, open) })
}

// bench is an archive with an engine over it.
type bench struct {
	*Archive
	search.Engine
	sync func(t testing.TB)
}

func newBench(t *testing.T, open Open) *bench {
	t.Helper()
	b := &bench{Archive: NewArchive(t)}
	b.Engine, b.sync = open(t, b.Archive)
	if b.sync == nil {
		b.sync = func(testing.TB) {}
	}
	return b
}

// say stores messages so that they can be found, and gives their ids.
func (b *bench) say(t testing.TB, said ...Said) []string {
	t.Helper()
	batch, ids := b.Save(t, said...)
	b.NoteFiles(t, batch)
	b.ready(t)
	return ids
}

// ready brings the engine up to date.
func (b *bench) ready(t testing.TB) {
	t.Helper()
	b.Index(t)
	b.sync(t)
}

// find gives all hits of a query, page after page, and checks that the total
// agrees with them.
func (b *bench) find(t testing.TB, q search.Query, page int) []search.Ref {
	t.Helper()
	if q.Order == "" {
		q.Order = search.Newest
	}
	all := []search.Ref{}
	for {
		refs, err := b.Find(t.Context(), q, page)
		if err != nil {
			t.Fatalf("Find(%+v): %v", q, err)
		}
		all = append(all, refs...)
		if len(refs) < page {
			break
		}
		last := refs[len(refs)-1]
		q.After = &archive.Position{SentAt: last.SentAt, Seq: last.Seq, ID: last.ID}
	}
	total, err := b.Count(t.Context(), q, search.MaxRefs+1)
	if err != nil || total != len(all) {
		t.Errorf("Count(%+v) = %d, %v; found %d", q, total, err, len(all))
	}
	return all
}

func mustParse(t testing.TB, text string, exact bool) search.Words {
	t.Helper()
	w, err := search.ParseWords(text, exact)
	if err != nil {
		t.Fatalf("ParseWords(%q): %v", text, err)
	}
	return w
}

// testFinds asks what people ask, of texts that each tells apart.
func testFinds(t *testing.T, open Open) {
	b := newBench(t, open)
	long := strings.Repeat("很长的话", 12_500) + "末尾" // 50,000 characters
	texts := map[string]string{
		"transfer":    "请转账到招商银行",
		"traditional": "請轉帳到招商銀行",
		"latin":       "微信WeChat支付iPhone15Pro都可以",
		"wide":        "编号ＩＤ１２３，Ｏ\u3000Ｋ",
		"digits":      "电话13800138000，金额1,234.56元",
		"percent":     "打9折就是10% off，a_b\\c",
		"star":        `谁说的*？"他"说的?`,
		"emoji":       "好的👍🏽，一家人👨‍👩‍👧❤️",
		"family":      "👨👩👧",
		"marks":       "Cafe\u0301 ﬃ",
		"blanks":      "第一行\r\n\t第二行\u00a0完",
		"invisible":   "转\u200b账\u202e单",
		"one":         "嗯",
		"supplement":  "𠮷野家",
		"long":        long,
		"empty":       "",
		"nul":         "a\x00b",
		"upper":       "ΑΒΓ ПРИВЕТ İstanbul",
	}
	var said []Said
	var names []string
	for name := range texts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		said = append(said, Said{From: "lin", To: []string{"wang"}, Text: texts[name]})
	}
	name := map[string]string{}
	for i, id := range b.say(t, said...) {
		name[id] = names[i]
	}
	for _, tt := range []struct {
		name, q string
		exact   bool
		want    string // names, oldest first
	}{
		{"a word", "招商", false, "traditional transfer"},
		{"simplified finds traditional", "转账", false, "invisible transfer"},
		{"traditional finds simplified", "招商銀行", false, "traditional transfer"},
		{"exact tells them apart", "招商银行", true, "transfer"},
		{"exact, traditional", "銀行", true, "traditional"},
		{"one character", "账", false, "invisible transfer"},
		{"the only character", "嗯", false, "one"},
		{"a character beyond the basic plane", "𠮷", false, "supplement"},
		{"and its neighbour", "𠮷野", false, "supplement"},
		{"Latin inside Chinese", "wechat支", false, "latin"},
		{"inside a Latin word", "hone15", false, "latin"},
		{"case", "IPHONE", false, "latin"},
		{"half width finds full width", "id123", false, "wide"},
		{"full width finds half width", "１３８", false, "digits"},
		{"ideographic space", `"o k"`, false, "wide"},
		{"digits within a number", "0138", false, "digits"},
		{"punctuation", "1,234.56", false, "digits"},
		{"percent is no pattern", "0%", false, "percent"},
		{"percent alone", "%", false, "percent"},
		{"underscore is no pattern", "a_b", false, "percent"},
		{"underscore for a character", "a_c", false, ""},
		{"backslash", `\c`, false, "percent"},
		{"star", "*", false, "star"},
		{"question mark of either width", "？", false, "star"},
		{"a quote in the middle", `的?`, false, "star"},
		{"emoji with skin", "👍🏽", false, "emoji"},
		{"the thumb of any skin", "👍", false, "emoji"},
		{"a family is joined or not", "👨‍👩‍👧", false, "emoji family"},
		{"a member of a family", "👩", false, "emoji family"},
		{"a heart without its selector", "❤", false, "emoji"},
		{"composed accent", "café", false, "marks"},
		{"without the accent it is another word", `"cafe "`, false, ""},
		{"part of a ligature", "ffi", false, "marks"},
		{"over a line break", `"第一行  第二行"`, false, "blanks"},
		{"blanks part words", "第二行 第一行", false, "blanks"},
		{"in quotes they do not", `"第二行 第一行"`, false, ""},
		{"a no-break space", `"行 完"`, false, "blanks"},
		{"what shows nothing does not part", "转账单", false, "invisible"},
		{"two words, both there", "转账 招商", false, "transfer"},
		{"two words, one missing", "转账 找不到", false, ""},
		{"one excluded", "招商 -請", true, "transfer"},
		{"excluded only", "-的 -a -行 -账 -1 -👧 -嗯 -野", false, "empty"},
		{"the end of a long text", "话末尾", false, "long"},
		{"what is no character", "a\uFFFDb", false, "nul"},
		{"other scripts, other case", "αβγ привет", false, "upper"},
		{"not there", "龘", false, ""},
		{"longer than any text but one", strings.Repeat("很长的话", 50), false, "long"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, r := range b.find(t, search.Query{Scope: access.System(), Words: mustParse(t, tt.q, tt.exact), Order: search.Oldest}, 10) {
				got = append(got, name[r.ID])
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("%q (-want +got):\n%s", tt.q, diff)
			}
		})
	}
}

// testPaging reads pages while messages arrive at the newer end, in the middle
// and at the older one.
func testPaging(t *testing.T, open Open) {
	b := newBench(t, open)
	at := func(i int) time.Time { return Start.Add(time.Duration(i) * 37 * time.Hour) }
	message := func(i int) Said {
		return Said{MsgID: fmt.Sprint("p", i), At: at(i), From: "lin", To: []string{"wang"}, Text: fmt.Sprint("paging ", i)}
	}
	var said []Said
	for i := range 60 {
		said = append(said, message(i*10))
	}
	first := b.say(t, said...)
	for _, order := range []search.Order{search.Newest, search.Oldest} {
		q := search.Query{Scope: access.System(), Words: mustParse(t, "paging", false), Order: order}
		seen := map[string]int{}
		places := []search.Ref{}
		for page := 0; ; page++ {
			refs, err := b.Find(t.Context(), q, 7)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range refs {
				seen[r.ID]++
			}
			places = append(places, refs...)
			if len(refs) < 7 {
				break
			}
			last := refs[len(refs)-1]
			q.After = &archive.Position{SentAt: last.SentAt, Seq: last.Seq, ID: last.ID}
			n := page + map[search.Order]int{search.Newest: 1, search.Oldest: 101}[order]
			b.say(t, message(10_000+n), message(10*n+3), message(-n))
		}
		for i, id := range first {
			if seen[id] != 1 {
				t.Errorf("%s: message %d came %d times", order, i, seen[id])
			}
		}
		for i := 1; i < len(places); i++ {
			if seen[places[i].ID] > 1 || places[i-1].SentAt.After(places[i].SentAt) != (order == search.Newest) {
				t.Errorf("%s: hit %d is twice or out of order", order, i)
			}
		}
	}
}

// testBounds asks for little, for too much, and gives up.
func testBounds(t *testing.T, open Open) {
	b := newBench(t, open)
	var said []Said
	for i := range 30 {
		said = append(said, Said{From: "lin", To: []string{"wang"}, Text: fmt.Sprint("bound ", i)})
	}
	ids := b.say(t, said...)
	q := search.Query{Scope: access.System(), Words: mustParse(t, "bound", false), Order: search.Newest}
	for _, tt := range []struct{ limit, want int }{{0, 0}, {1, 1}, {29, 29}, {30, 30}, {31, 30}, {search.MaxRefs, 30}} {
		if refs, err := b.Find(t.Context(), q, tt.limit); err != nil || len(refs) != tt.want {
			t.Errorf("Find, limit %d: %d hits, %v; want %d", tt.limit, len(refs), err, tt.want)
		}
		if n, err := b.Count(t.Context(), q, tt.limit); err != nil || n != tt.want {
			t.Errorf("Count, most %d: %d, %v; want %d", tt.limit, n, err, tt.want)
		}
	}
	q.After = &archive.Position{SentAt: Start.Add(10 * time.Second), Seq: 10, ID: "ffffffff-ffff-ffff-ffff-ffffffffffff"} // of no message
	if refs, err := b.Find(t.Context(), q, 100); err != nil || len(refs) != 10 || refs[0].ID != ids[9] {
		t.Errorf("beyond a place where nothing is: %d hits, %v; want the 10 before", len(refs), err)
	}
	q.After = nil
	for _, scope := range []access.Scope{{}, (access.Viewer{ID: 99, Role: access.RoleViewer}).Scope(), (access.Viewer{ID: 1, Role: access.RoleAdmin, Disabled: true}).Scope()} {
		q.Scope = scope
		if got := b.find(t, q, 10); len(got) != 0 {
			t.Errorf("a scope that sees nothing found %d", len(got))
		}
	}
	q.Scope = access.System()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Find(ctx, q, 10); !errors.Is(err, context.Canceled) {
		t.Errorf("Find, given up: %v", err)
	}
	if _, err := b.Count(ctx, q, 10); !errors.Is(err, context.Canceled) {
		t.Errorf("Count, given up: %v", err)
	}
	if _, err := search.ParseWords(strings.Repeat("a ", 100), false); !fault.Is(err, fault.CodeInvalid) {
		t.Errorf("too many words: %v", err)
	}
}

func testCoverage(t *testing.T, open Open) {
	b := newBench(t, open)
	coverage := func() search.Coverage {
		t.Helper()
		c, err := b.Coverage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	before := time.Now().Add(-time.Minute)
	b.say(t, Said{From: "lin", To: []string{"wang"}, Text: "one"}, Said{From: "lin", To: []string{"wang"}, Text: ""})
	if c := coverage(); !c.Complete() || c.Indexed != 2 || c.UpTo.Before(before) || c.Problem != "" {
		t.Errorf("all is in the index: %+v", c)
	}
	b.Save(t, Said{From: "lin", To: []string{"wang"}, Text: "three"})
	at := time.Now().Add(time.Second)
	c := coverage()
	if c.Complete() || c.Indexed != 2 || c.Messages != 3 || c.Behind != 1 || c.UpTo.After(at) {
		t.Errorf("one is not in the index: %+v", c)
	}
	b.ready(t)
	if c := coverage(); !c.Complete() || c.Indexed != 3 {
		t.Errorf("it is now: %+v", c)
	}
}

// testChanges asks the same while rights and facts change.
func testChanges(t *testing.T, open Open) {
	b := newBench(t, open)
	scope := b.Viewer(t, "mei", "lin")
	ids := b.say(t, Said{From: "lin", To: []string{"wang"}, Text: "facts"}, Said{From: "mao", To: []string{"zhu"}, Text: "facts"},
		Said{From: "mao", To: []string{"lin"}, Type: "image", Body: map[string]any{"sdkfileid": "f", "filesize": 10}})
	want := func(what string, q search.Query, want ...string) {
		t.Helper()
		q.Order = search.Oldest
		got := []string{}
		for _, r := range b.find(t, q, 2) {
			got = append(got, r.ID)
		}
		if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	facts := search.Query{Scope: scope, Words: mustParse(t, "facts", false)}
	want("in scope", facts, ids[0])
	b.MustExec(`INSERT INTO viewer_employees (viewer_id, person) VALUES ($1, 'zhu')`, scope.ViewerID())
	want("scope grew", facts, ids[0], ids[1])
	b.MustExec(`DELETE FROM viewer_employees WHERE person = 'lin'`)
	want("scope shrank", facts, ids[1])

	sensitive := search.Query{Scope: scope, Filter: search.Filter{Flags: search.Sensitive}}
	want("no violation", sensitive)
	id := b.Violate(t, ids[1], "mao")
	b.ready(t)
	want("the violation of somebody out of scope, in a chat in scope", sensitive)
	sensitive.Scope = access.System()
	want("the same for whoever sees all", sensitive, ids[1])
	b.Violate(t, ids[1], "zhu")
	b.Dismiss(t, id)
	b.ready(t)
	sensitive.Scope = scope
	want("one in scope", sensitive, ids[1])

	revoked := search.Query{Scope: access.System(), Filter: search.Filter{Flags: search.Revoked}}
	want("nothing is revoked", revoked)
	b.say(t, Said{From: "lin", To: []string{"wang"}, Type: "revoke", Body: map[string]string{"pre_msgid": "m1"}})
	want("one is", revoked, ids[0])

	code := search.Query{Scope: access.System(), Words: mustParse(t, "example.com/加", false)}
	want("no code yet", code)
	b.Fetch(t, func(name string) string { return name })
	b.Look(t, "https://Example.com/加微信")
	b.ready(t)
	want("a code in a picture", code, ids[2])
	code.Filter.Flags = search.HasQR | search.HasFile
	want("and it is marked", code, ids[2])
}
