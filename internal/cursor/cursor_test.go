package cursor_test

import (
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/cursor"
	"huicun/internal/fault"
)

// place is one of each kind of part.
type place struct {
	Last bool
	Name string
	ID   int64
	At   time.Time
}

func (p place) encode() string { return cursor.Encode("test", p.Last, p.Name, p.ID, p.At) }

func decode(s string) (p place, err error) {
	err = cursor.Decode(s, "test", &p.Last, &p.Name, &p.ID, &p.At)
	return p, err
}

func TestDecodeGivesWhatWasEncoded(t *testing.T) {
	for _, want := range []place{
		{At: time.Time{}},
		{Last: true, Name: `张三 "quoted" ` + "\u202e\n", ID: -1, At: time.Date(2026, 3, 1, 2, 3, 4, 567891000, time.UTC)},
		{Name: "\U0001f600", ID: 1<<63 - 1, At: time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)},
	} {
		got, err := decode(want.encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("decoded (-want +got):\n%s", diff)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	text := base64.RawURLEncoding.EncodeToString
	for _, tt := range []struct{ name, s string }{
		{"nothing", ""},
		{"no base64", "%%%"},
		{"padding", base64.URLEncoding.EncodeToString([]byte(`["test",true,"ab",1,1]`))},
		{"no JSON", text([]byte("abc"))},
		{"no list", text([]byte(`{"test":1}`))},
		{"another list", cursor.Encode("other", true, "a", int64(1), time.Now())},
		{"too few parts", text([]byte(`["test",true,"a",1]`))},
		{"too many parts", text([]byte(`["test",true,"a",1,1,1]`))},
		{"null", text([]byte(`["test",null,"a",1,1]`))},
		{"wrong type", text([]byte(`["test",true,"a","1",1]`))},
		{"fraction", text([]byte(`["test",true,"a",1.5,1]`))},
		{"number too large", text([]byte(`["test",true,"a",9223372036854775808,1]`))},
		{"time before all calendars", text([]byte(`["test",true,"a",1,-9223372036854775808]`))},
		{"time after all calendars", text([]byte(`["test",true,"a",1,9223372036854775807]`))},
		{"NUL in a text", text([]byte(`["test",true,"a\u0000",1,1]`))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decode(tt.s)
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != fault.CodeInvalid || f.Field != "cursor" {
				t.Errorf("Decode(%q) = %v, want an invalid cursor", tt.s, err)
			}
		})
	}
}

// What decodes is a place that Postgres knows, and encodes to a cursor of the
// same place.
func FuzzDecode(f *testing.F) {
	f.Add(place{Last: true, Name: "张三", ID: 7, At: time.UnixMicro(1767240003120000)}.encode())
	f.Add(cursor.Encode("other", true))
	f.Add("WyJ0ZXN0Iixu")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := decode(s)
		if err != nil {
			if fault.CodeOf(err) != fault.CodeInvalid {
				t.Errorf("Decode(%q): %v, want invalid", s, err)
			}
			return
		}
		again, err := decode(p.encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, again); diff != "" {
			t.Errorf("encode and decode again (-want +got):\n%s", diff)
		}
	})
}
