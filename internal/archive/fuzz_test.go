package archive

import (
	"testing"
	"unicode/utf8"
)

// A hit is where the folded text holds the folded query, cut at whole
// characters of the text as it was written.
func FuzzFindSpans(f *testing.F) {
	f.Add("加微信ＷＸ１２３", "wx123")
	f.Add("ﬁle ﬃ", "fi")
	f.Add("e\u0301e\u0301", "é")
	f.Add("한국", "ᄒ")
	f.Add("\xff微", "微")
	f.Fuzz(func(t *testing.T, text, q string) {
		end := 0
		for _, s := range FindSpans(text, q) {
			if s.Start < end || s.End <= s.Start || s.End > len(text) {
				t.Fatalf("FindSpans(%q, %q): span %+v after %d", text, q, s, end)
			}
			end = s.End
			if utf8.ValidString(text) && !utf8.ValidString(text[s.Start:s.End]) {
				t.Errorf("FindSpans(%q, %q): span %+v parts a character", text, q, s)
			}
		}
	})
}

func FuzzValidID(f *testing.F) {
	f.Add(MessageID("14158408185591086566_1767240003120_external"), "x")
	f.Add("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "_recall")
	f.Fuzz(func(t *testing.T, s, msgid string) {
		if ValidID(s) && (len(s) != 36 || !utf8.ValidString(s)) {
			t.Errorf("ValidID(%q)", s)
		}
		if id := MessageID(msgid); !ValidID(id) {
			t.Errorf("MessageID(%q) = %q, which is no id", msgid, id)
		}
	})
}
