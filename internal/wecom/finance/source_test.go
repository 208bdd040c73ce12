package finance

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/ingest"
)

func TestSourcePageAndOpen(t *testing.T) {
	first, second := testKeys(t)
	path := filepath.Join(t.TempDir(), "1.pem")
	writeKey(t, path, first)
	ring, err := LoadKeyFiles(map[uint32]string{1: path})
	if err != nil {
		t.Fatal(err)
	}
	good, _ := seal(t, 1, first, "你好")
	missing, _ := seal(t, 2, second, "later")
	wrong, _ := seal(t, 1, second, "of another corp")
	garbled := regexp.MustCompile(`"encrypt_chat_msg":".*?"`).ReplaceAllString(good, `"encrypt_chat_msg":"short"`)
	broken := `{"seq":5}`
	f := newFakeWeCom(t)
	f.chat = func(uint64, int) string {
		return `{"errcode":0,"chatdata":[` + good + "," + missing + "," + wrong + "," + garbled + "," + broken + `]}`
	}
	s := &Source{Client: openPure(t, pureOptions(f)), Keys: ring}
	records, err := s.Page(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{good, missing, wrong, garbled, broken}, jsons(records)); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if records[4].Broken == "" || records[4].MsgID == "" {
		t.Errorf("the record without msgid is %+v, want a reason and a name", records[4])
	}
	opened, err := s.Open(t.Context(), records[:4])
	if err != nil {
		t.Fatal(err)
	}
	want := []ingest.Opened{
		{Data: []byte("你好")},
		{Reason: ingest.ReasonKeyMissing},
		{Reason: ingest.ReasonKeyWrong},
		{Reason: ingest.ReasonDecryptFailed},
	}
	for i := range opened {
		if (opened[i].Detail == "") != (opened[i].Reason == "") {
			t.Errorf("record %d: reason %q but detail %q", i, opened[i].Reason, opened[i].Detail)
		}
		opened[i].Detail = ""
	}
	if diff := cmp.Diff(want, opened); diff != "" {
		t.Errorf("Open (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{1}, s.KeyVersions()); diff != "" {
		t.Errorf("KeyVersions (-want +got):\n%s", diff)
	}
}

func jsons(records []ingest.Outer) []string {
	var out []string
	for _, r := range records {
		out = append(out, string(r.JSON))
	}
	return out
}

// Records without a seq do not hold up the others: they take that of the one
// before, and are told apart by msgid or by their bytes.
func TestSourcePlacesRecordsWithoutSeq(t *testing.T) {
	f := newFakeWeCom(t)
	f.chat = func(uint64, int) string {
		return fmt.Sprintf(`{"chatdata":[{"msgid":"a"},{"seq":8,"msgid":"b"},{"seq":%d,"msgid":"c"},null,{},{"seq":9,"msgid":"d"}]}`, uint64(math.MaxUint64))
	}
	s := &Source{Client: openPure(t, pureOptions(f)), Keys: &KeyRing{}}
	records, err := s.Page(t.Context(), 7, 1000)
	if err != nil {
		t.Fatal(err)
	}
	type place struct {
		Seq   int64
		MsgID string
	}
	var got []place
	for _, r := range records {
		got = append(got, place{r.Seq, r.MsgID})
	}
	want := []place{{7, "a"}, {8, "b"}, {8, "c"}, {8, named("null")}, {8, named("{}")}, {9, "d"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

// named is the msgid of a record that has neither msgid nor seq.
func named(raw string) string {
	return fmt.Sprintf("no msgid, no seq, sha256 %x", sha256.Sum256([]byte(raw)))
}

// A record without msgid and seq has one name, wherever in a page and in
// whichever page it comes; others have others.
func TestSourceNamesRecordsByTheirBytes(t *testing.T) {
	const one, other = `{"publickey_ver":1}`, `{"publickey_ver":2}`
	f := newFakeWeCom(t)
	f.chat = func(seq uint64, _ int) string {
		if seq == 0 {
			return `{"chatdata":[{"seq":1,"msgid":"a"},` + one + `,{"seq":2,"msgid":"b"},` + one + `]}`
		}
		return `{"chatdata":[` + other + `,` + one + `,{"seq":3,"msgid":"c"}]}`
	}
	s := &Source{Client: openPure(t, pureOptions(f)), Keys: &KeyRing{}}
	var got []string
	for _, seq := range []int64{0, 2} {
		records, err := s.Page(t.Context(), seq, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			got = append(got, r.MsgID)
		}
	}
	want := []string{"a", named(one), "b", named(one), named(other), named(one), "c"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func TestSourcePageErrors(t *testing.T) {
	for _, tt := range []struct {
		name, answer string
		want         ingest.Class
		code         int
	}{
		{"busy", `{"errcode":-1}`, ingest.ClassRetry, -1},
		{"too many calls", `{"errcode":45009}`, ingest.ClassWait, 45009},
		{"too large", `{"errcode":301058}`, ingest.ClassTooLarge, 301058},
		{"address not trusted", `{"errcode":301042}`, ingest.ClassStop, 301042},
		{"wrong secret", `{"errcode":48002}`, ingest.ClassStop, 48002},
		{"not JSON", `<html>`, ingest.ClassRetry, 10002},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeWeCom(t)
			f.chat = func(uint64, int) string { return tt.answer }
			s := &Source{Client: openPure(t, pureOptions(f)), Keys: &KeyRing{}}
			_, err := s.Page(t.Context(), 0, 1)
			var e *ingest.SourceError
			if !errors.As(err, &e) || e.Class != tt.want || e.Code != tt.code {
				t.Errorf("Page: %v, want class %s with code %d", err, tt.want, tt.code)
			}
		})
	}
}

func TestSourceEndsWithItsContext(t *testing.T) {
	f := newFakeWeCom(t)
	s := &Source{Client: openPure(t, pureOptions(f)), Keys: &KeyRing{}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Page(ctx, 0, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Page: %v, want context.Canceled", err)
	}
}
