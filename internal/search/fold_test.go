package search

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/archive"
)

func TestFold(t *testing.T) {
	for _, tt := range []struct{ name, text, folded, exact string }{
		{"plain", "Hello, World", "hello, world", "hello, world"},
		{"full width", "ＡＢＣ１２３　！", "abc123 !", "abc123 !"},
		{"half-width kana", "ｶﾞ", "ガ", "ガ"},
		{"traditional", "轉帳到銀行", "转帐到银行", "轉帳到銀行"},
		{"ligature", "ﬃ", "ffi", "ffi"},
		{"accents, composed and not", "Café Cafe\u0301", "café café", "café café"},
		{"an accent behind a joiner", "e\u200D\u0301", "é", "é"},
		{"joiners and marks of direction", "转\u200B账\u202E\uFEFF了", "转账了", "转账了"},
		{"variation selector", "❤\uFE0F", "❤", "❤"},
		{"a family", "👨\u200D👩\u200D👧", "👨👩👧", "👨👩👧"},
		{"skin", "👍🏽", "👍🏽", "👍🏽"},
		{"every blank is a space", "a\tb\nc\r\nd\u00A0e\u2003f\u3000g", "a b c d e f g", "a b c d e f g"},
		{"control characters", "a\x00b\x1Bc", "a b c", "a b c"},
		{"no characters", "a\xFFb", "a\uFFFDb", "a\uFFFDb"},
		{"noncharacters", "a\uFDD0\uFFFF\U0010FFFEb", "a\uFFFD\uFFFD\uFFFDb", "a\uFFFD\uFFFD\uFFFDb"},
		{"Greek, Cyrillic", "ΑΒΓ ПРИВЕТ", "αβγ привет", "αβγ привет"},
		{"bold letters", "𝐀𝐁𝐂", "abc", "abc"},
		{"nothing that shows", "\u200B\uFEFF", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Fold(tt.text, false); got != tt.folded {
				t.Errorf("Fold(%q) = %q, want %q", tt.text, got, tt.folded)
			}
			if got := Fold(tt.text, true); got != tt.exact {
				t.Errorf("Fold(%q), exact = %q, want %q", tt.text, got, tt.exact)
			}
		})
	}
}

func TestSpans(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		words      []string
		want       []string // the parts of text
	}{
		{"one", "请转账给我", []string{"转账"}, []string{"转账"}},
		{"every one", "好的好的好", []string{"好的"}, []string{"好的好的"}},
		{"apart", "a-b-a", []string{"a"}, []string{"a", "a"}},
		{"several words", "先付款后发货", []string{"发货", "付款"}, []string{"付款", "发货"}},
		{"overlapping", "abcd", []string{"abc", "bcd"}, []string{"abcd"}},
		{"through folding", "請轉ＡＢ", []string{"转ab"}, []string{"轉ＡＢ"}},
		{"part of a ligature", "oﬃce", []string{"ff"}, []string{"ﬃ"}},
		{"over what shows nothing", "转\u200B账", []string{"转账"}, []string{"转\u200B账"}},
		{"composed", "cafe\u0301!", []string{"é"}, []string{"e\u0301"}},
		{"over a line break", "一行\r\n二行", []string{"行 二"}, []string{"行\r\n二"}},
		{"emoji", "好👍🏽的", []string{"👍"}, []string{"👍"}},
		{"none", "abc", []string{"d"}, nil},
		{"no word", "abc", []string{""}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, s := range Spans(tt.text, false, tt.words) {
				got = append(got, tt.text[s.Start:s.End])
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Spans(%q, %q) (-want +got):\n%s", tt.text, tt.words, diff)
			}
		})
	}
}

// A word is in a folded text exactly when it has spans there, and these lie at
// whole characters, in order, apart.
func FuzzSpans(f *testing.F) {
	f.Add("請轉ＡＢ\u200B cafe\u0301 👨\u200D👩", "转ab", true)
	f.Add("oﬃce \xff\r\n", "ff", false)
	f.Fuzz(func(t *testing.T, text, word string, exact bool) {
		w := Fold(word, exact)
		spans := Spans(text, exact, []string{w})
		if w != "" && strings.Contains(Fold(text, exact), w) != (len(spans) > 0) {
			t.Fatalf("Fold(%q) = %q, word %q: spans %v", text, Fold(text, exact), w, spans)
		}
		end := -1
		for _, s := range spans {
			if s.Start <= end || s.Start >= s.End || s.End > len(text) {
				t.Fatalf("spans %v of %q in %q", spans, w, text)
			}
			if utf8.ValidString(text) && (!utf8.RuneStart(text[s.Start]) || s.End < len(text) && !utf8.RuneStart(text[s.End])) {
				t.Fatalf("span %v parts a character of %q", s, text)
			}
			end = s.End
		}
	})
}

// With and without offsets a text is folded the same way.
func FuzzFold(f *testing.F) {
	f.Add("請轉ＡＢ\u200B cafe\u0301 \r\n\xff", false)
	f.Fuzz(func(t *testing.T, text string, exact bool) {
		one := Fold(text, exact)
		with := folder{exact: exact, offsets: true}
		with.fold(text)
		if got := with.out.String(); got != one {
			t.Fatalf("Fold(%q) = %q, with offsets %q", text, one, got)
		}
		if len(with.starts) != len(one) || len(with.ends) != len(one) {
			t.Fatalf("%q: %d bytes, %d and %d offsets", text, len(one), len(with.starts), len(with.ends))
		}
		if !utf8.ValidString(one) || strings.ContainsAny(one, "\x00\n\t\r"+string(partEnd)+string(blankFor)) {
			t.Fatalf("Fold(%q) = %q", text, one)
		}
	})
}

func TestParseWords(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       Words
	}{
		{"nothing", "", Words{}},
		{"blanks", " \t　 ", Words{}},
		{"one", "轉帳", Words{All: []string{"转帐"}}},
		{"several", "付款　发货 A", Words{All: []string{"付款", "发货", "a"}}},
		{"as it stands", `"先 付款" 发货`, Words{All: []string{"先 付款", "发货"}}},
		{"Chinese quotes", `“先 付款”发货`, Words{All: []string{"先 付款", "发货"}}},
		{"not", "退款 -已退", Words{All: []string{"退款"}, None: []string{"已退"}}},
		{"not as it stands", `-"a b"`, Words{None: []string{"a b"}}},
		{"a minus alone", "a - b", Words{All: []string{"a", "-", "b"}}},
		{"a minus at the end", "-", Words{All: []string{"-"}}},
		{"a minus inside", "139-0000", Words{All: []string{"139-0000"}}},
		{"a quote that is not closed", `"先 付款`, Words{All: []string{"先 付款"}}},
		{"a quote alone", `"`, Words{All: []string{`"`}}},
		{"a quote inside", `5"屏`, Words{All: []string{`5"屏`}}},
		{"nothing in quotes", `""`, Words{All: []string{`""`}}},
		{"signs", `% _ \ * ?`, Words{All: []string{"%", "_", `\`, "*", "?"}}},
		{"part of what shows nothing", "a \u200B", Words{All: []string{"a"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseWords(tt.text, false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("ParseWords(%q) (-want +got):\n%s", tt.text, diff)
			}
		})
	}
}

func TestParseWordsRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"long": strings.Repeat("字", maxTextRunes+1), "many words": strings.Repeat("a ", maxWords+1), "NUL": "a\x00b", "no text": "\xff", "nothing that shows": "\u200B",
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := ParseWords(text, false); err == nil {
				t.Errorf("ParseWords = %+v, want an error", got)
			}
		})
	}
}

func FuzzParseWords(f *testing.F) {
	f.Add(`付款 "先 发" -已退 “x`, false)
	f.Fuzz(func(t *testing.T, text string, exact bool) {
		w, err := ParseWords(text, exact)
		if err != nil {
			return
		}
		for _, word := range append(w.All, w.None...) {
			if word == "" || !utf8.ValidString(word) {
				t.Fatalf("ParseWords(%q) = %+v", text, w)
			}
		}
	})
}

func TestWordsIn(t *testing.T) {
	d := Source{Text: "請轉帳 500 元", Codes: []string{"https://pay.example/元a"}, Links: []string{"https://shop.example/元b"}}.Document()
	for _, tt := range []struct {
		text  string
		exact bool
		want  bool
	}{
		{"转帐", false, true},
		{"轉帳", false, true},
		{"转帐", true, false},
		{"轉帳", true, true},
		{"500 转帐", false, true},
		{`"帐 500"`, false, true},
		{"500 -转帐", false, false},
		{"500 -退款", false, true},
		{"PAY.example", false, true},
		{"SHOP.example 转帐", false, true},
		{"元h", false, false}, // text and code are apart
		{"ah", false, false}, // code and link are apart
	} {
		w, err := ParseWords(tt.text, tt.exact)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.In(d); got != tt.want {
			t.Errorf("%q (exact %v) in %q: %v, want %v", tt.text, tt.exact, d.Body, got, tt.want)
		}
	}
	if d.Flags != HasQR {
		t.Errorf("flags %b, want %b", d.Flags, HasQR)
	}
	if plain := (Source{Text: "请转账"}).Document(); plain.Exact != "" {
		t.Errorf("Exact = %q where it is the same", plain.Exact)
	}
}

func TestGrams(t *testing.T) {
	grams := Grams("好a好a")
	if want := []int32{'a', '好', pair('a', '好'), pair('好', 'a')}; len(grams) != len(want) {
		t.Errorf("Grams = %v, want %v in order", grams, want)
	}
	for i := 1; i < len(grams); i++ {
		if grams[i] <= grams[i-1] {
			t.Errorf("Grams = %v, not in order", grams)
		}
	}
	if got := Grams(""); got == nil || len(got) != 0 {
		t.Errorf("Grams of nothing = %#v", got)
	}
}

// Whatever holds a word has all of its grams, and its tokens in order.
func FuzzTokens(f *testing.F) {
	f.Add("好 a好👍", "a好")
	f.Fuzz(func(t *testing.T, text, word string) {
		text, word = Fold(text, false), Fold(word, false)
		if word == "" || !strings.Contains(text, word) {
			word = text
		}
		if word == "" {
			return
		}
		grams := map[int32]bool{}
		for _, g := range Grams(text) {
			grams[g] = true
		}
		for _, g := range GramsOf(word) {
			if !grams[g] {
				t.Fatalf("%q has no gram %d of %q", text, g, word)
			}
		}
		if utf8.RuneCountInString(word) > 1 {
			if all := " " + Pairs(text) + " "; !strings.Contains(all, " "+PairsOf(word)+" ") {
				t.Fatalf("pairs %q of %q lack those of %q: %q", all, text, word, PairsOf(word))
			}
			return
		}
		if all := " " + Singles(text) + " "; !strings.Contains(all, " "+Singles(word)+" ") {
			t.Fatalf("characters %q of %q lack %q", all, text, word)
		}
	})
}

func TestFlagsOf(t *testing.T) {
	picture := archive.Content{Kind: archive.ContentImage, Media: &archive.Media{}}
	link := archive.Content{Kind: archive.ContentLink, Links: []archive.Link{{}}}
	for _, tt := range []struct {
		name string
		c    archive.Content
		want Flags
	}{
		{"text", archive.Content{Kind: archive.ContentText}, 0},
		{"picture", picture, HasFile},
		{"link", link, HasLink},
		{"both, mixed", archive.Content{Kind: archive.ContentMixed, Parts: []archive.Content{picture, link}}, HasFile | HasLink},
	} {
		if got := FlagsOf(tt.c); got != tt.want {
			t.Errorf("%s: flags %b, want %b", tt.name, got, tt.want)
		}
	}
}
