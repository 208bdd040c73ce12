package archive

import (
	"testing"
	"unicode/utf8"
)

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
