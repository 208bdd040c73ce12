package chatdata_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/archive"
	"huicun/internal/ingest/chatdata"
)

func TestDecodeTakesIdentityFromTheOuterRecord(t *testing.T) {
	t.Parallel()
	raw := []byte(`{"msgid":"inner_1","action":"send","from":"A","tolist":["B"],"msgtime":1767240011874,"msgtype":"text","text":{"content":"好"}}`)
	const msgid = "12_1767240011875_external"
	sum := sha256.Sum256(raw)
	got := chatdata.Decode(chatdata.Outer{MsgID: msgid, Seq: 99, PublicKeyVer: 2, PulledAt: pulledAt}, raw)
	want := archive.Decoded{
		Message: archive.Message{
			ID: archive.MessageID(msgid), BaseID: archive.MessageID("12_1767240011875"), MsgID: msgid,
			Seq: 99, PublicKeyVer: 2, PulledAt: pulledAt, SentAt: time.UnixMilli(1767240011874).UTC(),
			TimeSource: archive.TimeFromMsgTime, FromID: "a", MsgType: "text", Text: "好",
			Raw: raw, RawSHA256: sum[:],
		},
		Conv:    archive.DirectKey("b", "a"),
		Members: []string{"a", "b"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Decode (-want +got):\n%s", diff)
	}
}

func TestDecodeChoosesTheTime(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, msgid, msgtime string
		want                 time.Time
		source               string
	}{
		{"msgtime", "1_2", "1767240011874", time.UnixMilli(1767240011874), archive.TimeFromMsgTime},
		{"zero, msgid in milliseconds", "1_1767240011999_external", "0", time.UnixMilli(1767240011999), archive.TimeFromMsgID},
		{"zero, msgid in seconds", "1_1767240011", "0", time.Unix(1767240011, 0), archive.TimeFromMsgID},
		{"missing, updown stream", "1_1767240011999_updown_stream", `""`, time.UnixMilli(1767240011999), archive.TimeFromMsgID},
		{"before WeChat", "CAQQluDa4QUY", "1293839999999", pulledAt.Truncate(time.Millisecond), archive.TimeFromPull},
		{"first moment", "CAQQ", "1293840000000", time.UnixMilli(1293840000000), archive.TimeFromMsgTime},
		{"clock a day ahead", "CAQQ", fmt.Sprint(pulledAt.Add(23 * time.Hour).UnixMilli()), pulledAt.Add(23 * time.Hour).Truncate(time.Millisecond), archive.TimeFromMsgTime},
		{"clock two days ahead", "CAQQ", fmt.Sprint(pulledAt.Add(48 * time.Hour).UnixMilli()), pulledAt.Truncate(time.Millisecond), archive.TimeFromPull},
		{"beyond 64 bits", "x_99999999999999999999", "99999999999999999999999", pulledAt.Truncate(time.Millisecond), archive.TimeFromPull},
		{"negative", "x_-1767240011", "-5", pulledAt.Truncate(time.Millisecond), archive.TimeFromPull},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			raw := []byte(`{"msgtype":"text","msgtime":` + tt.msgtime + `}`)
			d := chatdata.Decode(chatdata.Outer{MsgID: tt.msgid, PulledAt: pulledAt}, raw)
			if !d.SentAt.Equal(tt.want) || d.TimeSource != tt.source {
				t.Errorf("got %v from %s, want %v from %s", d.SentAt, d.TimeSource, tt.want, tt.source)
			}
		})
	}
}

func TestDecodeKeepsLongIDsApart(t *testing.T) {
	t.Parallel()
	room := func(tail string) archive.Decoded {
		raw := []byte(`{"from":"a","tolist":["b"],"msgtype":"text","roomid":"` + strings.Repeat("房", 5000) + tail + `"}`)
		return chatdata.Decode(outer(), raw)
	}
	one, two := room("1"), room("2")
	if one.Conv == two.Conv {
		t.Error("two rooms became one")
	}
	if n := len(one.Conv.RoomID); n > 200 || !utf8.ValidString(one.Conv.RoomID) {
		t.Errorf("roomid has %d bytes: %q", n, one.Conv.RoomID)
	}
}

func TestDecodeKeepsPairsApartWhateverTheIDs(t *testing.T) {
	t.Parallel()
	one := chatdata.Decode(outer(), []byte(`{"from":"x\ny","tolist":["z"],"msgtype":"text"}`))
	two := chatdata.Decode(outer(), []byte(`{"from":"x","tolist":["y\nz"],"msgtype":"text"}`))
	if one.Conv.Key() == two.Conv.Key() {
		t.Errorf("both pairs have the key %q", one.Conv.Key())
	}
}

func TestTextIsBounded(t *testing.T) {
	t.Parallel()
	raw := message("text", `{"content":"`+strings.Repeat("长", 100_050)+`"}`)
	if n := utf8.RuneCountInString(chatdata.Decode(outer(), raw).Text); n != 100_000 {
		t.Errorf("text has %d characters, want 100000", n)
	}
}

func TestNestedRecordsAreBounded(t *testing.T) {
	t.Parallel()
	deep := nest(12)
	wide := record(strings.Repeat(`{"type":"ChatRecordText","content":"{\"content\":\"行\"}"},`, 600) + `{}`)
	for _, tt := range []struct {
		name           string
		payload        string
		depth, entries int
	}{
		{"twelve deep", deep, 8, 8},
		{"601 items", wide, 1, 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := chatdata.Content(message("chatrecord", tt.payload))
			if !c.Record.Truncated {
				t.Error("not marked as truncated")
			}
			depth, entries := measure(c)
			if depth != tt.depth || entries != tt.entries {
				t.Errorf("depth %d with %d items, want %d with %d", depth, entries, tt.depth, tt.entries)
			}
		})
	}
	if c := chatdata.Content(message("chatrecord", nest(8))); c.Record.Truncated {
		t.Error("eight deep is marked as truncated")
	}
}

func TestMixedThatIsCutSaysSo(t *testing.T) {
	t.Parallel()
	c := chatdata.Content(message("mixed", record(strings.Repeat(`{"type":"text","content":"行"},`, 600)+`{}`)))
	if n := len(c.Parts); n != 501 || c.Parts[500].Kind != archive.ContentUnsupported {
		t.Errorf("%d parts, the last one of kind %q", n, c.Parts[n-1].Kind)
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range cases(f) {
		f.Add("9000_1767240122870_external", readCase(f, name))
	}
	f.Add("\xff\x00", []byte("\x00\xff{"))
	f.Add("", []byte(strings.Repeat("[", 20000)))
	f.Fuzz(func(t *testing.T, msgid string, raw []byte) {
		before := bytes.Clone(raw)
		d := chatdata.Decode(chatdata.Outer{MsgID: msgid, PulledAt: pulledAt}, raw)
		if !bytes.Equal(before, d.Raw) || sha256.Sum256(before) != [32]byte(d.RawSHA256) {
			t.Error("raw changed")
		}
		checkStorable(t, append([]string{
			d.MsgID, d.MsgType, d.FromID, d.Conv.A, d.Conv.B, d.Conv.RoomID, d.PreMsgID, d.Text, d.TimeSource,
		}, d.Members...))
		if d.SentAt.Before(time.Date(2011, 1, 1, 0, 0, 0, 0, time.UTC)) || d.SentAt.After(pulledAt.Add(24*time.Hour)) {
			t.Errorf("sent at %v", d.SentAt)
		}
		if d.Conv.Kind == archive.ConvDirect && (d.Conv.A > d.Conv.B || d.Conv.A == "") {
			t.Errorf("pair %+v", d.Conv)
		}
		if d.Conv.Kind == archive.ConvLog && len(d.Members) > 1 {
			t.Errorf("log with members %q", d.Members)
		}
	})
}

func FuzzContent(f *testing.F) {
	for _, name := range cases(f) {
		f.Add(readCase(f, name))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := chatdata.Content(raw)
		if c.Kind == "" {
			t.Error("content without kind")
		}
		if depth, entries := measure(c); depth > 8 || entries > 500+8 {
			t.Errorf("depth %d, %d items", depth, entries)
		}
		encoded, err := json.Marshal(c)
		if err != nil {
			t.Errorf("content cannot be encoded: %v", err)
		}
		if strings.Contains(string(encoded), `\u0000`) && !strings.Contains(string(encoded), `\\u0000`) {
			t.Error("content has a NUL")
		}
		for _, l := range c.Links {
			if l.URL != "" && !strings.HasPrefix(strings.ToLower(l.URL), "http") {
				t.Errorf("link to %q", l.URL)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"text", "image", "chatrecord"} {
		raw := readCase(b, name)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				chatdata.Decode(outer(), raw)
			}
		})
	}
}

func checkStorable(t *testing.T, values []string) {
	t.Helper()
	for _, s := range values {
		if !utf8.ValidString(s) || strings.Contains(s, "\x00") {
			t.Errorf("%q cannot be stored", s)
		}
	}
}

func message(msgtype, payload string) []byte {
	return []byte(`{"from":"a","tolist":["b"],"msgtype":"` + msgtype + `","` + msgtype + `":` + payload + `}`)
}

func record(items string) string { return `{"title":"t","item":[` + items + `]}` }

// nest gives a record in a record, n in all; the innermost holds a text.
func nest(n int) string {
	payload := record(`{"type":"ChatRecordText","content":{"content":"底"}}`)
	for range n - 1 {
		payload = record(`{"type":"ChatRecord","content":` + payload + `}`)
	}
	return payload
}

// measure gives the depth of containers with something in them, and all items.
func measure(c archive.Content) (depth, entries int) {
	children := c.Parts
	if c.Record != nil {
		for _, item := range c.Record.Items {
			children = append(children, item.Content)
		}
	}
	for _, child := range children {
		d, n := measure(child)
		depth, entries = max(depth, d), entries+n+1
	}
	if len(children) > 0 {
		depth++
	}
	return depth, entries
}
