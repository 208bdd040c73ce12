package rules_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/rules"
)

func TestMatcherFind(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, word, text string
		want             []string // what the spans cover
	}{
		{"as it is", "私下转账", "可以私下转账吗", []string{"私下转账"}},
		{"full-width digits", "13800", "电话１３８００", []string{"１３８００"}},
		{"letters apart", "微信", "微小的信", nil},
		{"case", "VX", "加我Vx详聊", []string{"Vx"}},
		{"word in full width", "ＶＸ", "加我vx", []string{"vx"}},
		{"traditional text", "私下转账", "可以私下轉賬嗎", []string{"私下轉賬"}},
		{"traditional word", "轉帳", "转帐", []string{"转帐"}},
		{"blanks between", "微信", "加我微 　信吧", []string{"微 　信"}},
		{"punctuation between", "微信", "微.·-*信", []string{"微.·-*信"}},
		{"zero width between", "微信", "微\u200b\u2060\ufeff信", []string{"微\u200b\u2060\ufeff信"}},
		{"combining marks", "微信", "微\u0336信\u0336", []string{"微\u0336信"}},
		{"written downwards", "加微信", "加\n微\n信", []string{"加\n微\n信"}},
		{"two paragraphs", "微信", "小微\n\n信封", nil},
		{"too much between", "微信", "微.........信", nil},
		{"emoji between is content", "微信", "微😀信", nil},
		{"emoji as word", "💰", "给你💰哦", []string{"💰"}},
		{"mathematical letters", "vx", "加𝐯𝐱", []string{"𝐯𝐱"}},
		{"circled digits", "138", "①③⑧", []string{"①③⑧"}},
		{"one character", "赌", "赌不赌", []string{"赌", "赌"}},
		{"overlapping itself", "哈哈", "哈哈哈", []string{"哈哈", "哈哈"}},
		{"inside a Latin word", "vx", "dvxy", []string{"vx"}},
		{"two Latin words", "vx", "dev xyz", nil},
		{"spread Latin letters", "vx", "加 v x 聊", []string{"v x"}},
		{"grouped number", "13800", "1,380,000", nil},
		{"spread digits", "13800", "1 3 8 0 0", []string{"1 3 8 0 0"}},
		{"punctuation of the word", "c++", "用C++写", []string{"C++"}},
		{"punctuation of the word missing", "c++", "abc", nil},
		{"punctuation before the word", "@所有人", "请＠所有人看", []string{"＠所有人"}},
		{"blank in the word", "wei xin", "weixin wei xin", []string{"weixin", "wei xin"}},
		{"invalid UTF-8", "微信", "微\xff信\xe4", []string{"微\xff信"}},
		{"only noise", "…。", "…。", nil},
		{"empty text", "微信", "", nil},
		{"empty word", "", "微信", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, s := range rules.NewMatcher(tt.word).Find(tt.text) {
				got = append(got, tt.text[s.Start:s.End])
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Find(%q) (-want +got):\n%s", tt.text, diff)
			}
		})
	}
}

func TestMatcherSpansAreByteOffsets(t *testing.T) {
	t.Parallel()
	want := []rules.Span{{Start: 6, End: 21}}
	if diff := cmp.Diff(want, rules.NewMatcher("13800").Find("电话１３８００")); diff != "" {
		t.Errorf("Find (-want +got):\n%s", diff)
	}
}

func TestMatcherFindsOverlappingWords(t *testing.T) {
	t.Parallel()
	words := []string{"微信", "微信号", "信号", "号", "微信"}
	got := rules.NewMatcher(words...).AppendHits(nil, "微信号")
	slices.SortFunc(got, compareHits)
	want := []rules.Hit{
		{Word: 0, Span: rules.Span{Start: 0, End: 6}},
		{Word: 1, Span: rules.Span{Start: 0, End: 9}},
		{Word: 2, Span: rules.Span{Start: 3, End: 9}},
		{Word: 3, Span: rules.Span{Start: 6, End: 9}},
		{Word: 4, Span: rules.Span{Start: 0, End: 6}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("AppendHits (-want +got):\n%s", diff)
	}
}

func TestMatcherAgreesWithBruteForce(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		words := make([]string, 1+r.IntN(12))
		for i := range words {
			words[i] = randomText(r, 1+r.IntN(4))
		}
		checkOracle(t, words, randomText(r, r.IntN(40)))
	}
}

func FuzzMatcher(f *testing.F) {
	f.Add("微信|13800|c++|v x", "加微.信 １３８００ C++ v\u200bx")
	f.Add("@a|a|aa", "@aa\n\na,a")
	f.Fuzz(func(t *testing.T, words, text string) {
		if len(words) > 200 || len(text) > 2000 {
			return
		}
		checkOracle(t, strings.Split(words, "|"), text)
	})
}

func BenchmarkMatcher(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 4))
	texts := make([]string, 1000)
	size := 0
	for i := range texts {
		texts[i] = randomChinese(r, 5+r.IntN(40))
		size += len(texts[i])
	}
	for _, n := range []int{0, 1000, 10_000, 100_000} {
		words := make([]string, n)
		for i := range words {
			words[i] = randomChinese(r, 2+r.IntN(4))
		}
		m := rules.NewMatcher(words...)
		b.Run(name(n), func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			var hits []rules.Hit
			for b.Loop() {
				for _, text := range texts {
					hits = m.AppendHits(hits[:0], text)
				}
			}
		})
	}
}

func name(n int) string {
	return map[int]string{0: "empty", 1000: "1k words", 10_000: "10k words", 100_000: "100k words"}[n]
}

func randomChinese(r *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		b.WriteRune(rune(0x4e00 + r.IntN(3000)))
	}
	return b.String()
}

// randomText draws from few characters, so that words are hit.
func randomText(r *rand.Rand, n int) string {
	alphabet := []rune("微信轉转Vvｖx1１+＋.,， \n\n\u200b\u0336号號赌😀𝐱")
	var b strings.Builder
	for range n {
		if r.IntN(60) == 0 {
			b.WriteByte(0xe5)
			continue
		}
		b.WriteRune(alphabet[r.IntN(len(alphabet))])
	}
	return b.String()
}

// checkOracle compares the matcher with one that tries every word everywhere.
func checkOracle(t *testing.T, words []string, text string) {
	t.Helper()
	got := rules.NewMatcher(words...).AppendHits(nil, text)
	slices.SortFunc(got, compareHits)
	var want []rules.Hit
	for i, w := range words {
		for _, span := range rules.BruteForce(w, text) {
			want = append(want, rules.Hit{Word: i, Span: span})
		}
	}
	slices.SortFunc(want, compareHits)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("words %q in %q (-brute force +matcher):\n%s", words, text, diff)
	}
}

func compareHits(a, b rules.Hit) int {
	if a.Word != b.Word {
		return a.Word - b.Word
	}
	if a.Start != b.Start {
		return a.Start - b.Start
	}
	return a.End - b.End
}
