package corpus

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// allTypes are the msgtypes of message-types.md 3, and one that is not there.
var allTypes = strings.Fields(`text image revoke agree disagree voice video card location emotion file link weapp chatrecord todo vote collect
redpacket external_redpacket meeting meeting_notification docmsg markdown news calendar mixed meeting_voice_call voip_doc_share sphfeed voiptext
qydiskfile solitaire note hologram`)

func galleryCorpus(n int) *Corpus {
	return New(Options{Seed: 3, Messages: n, End: testEnd, Gallery: true})
}

func TestSampleChatHasEveryType(t *testing.T) {
	c := galleryCorpus(2000)
	known, last := everybody(c), time.Time{}
	types, switched, senders := map[string]int{}, 0, map[string]bool{}
	for i := range len(c.shown) {
		r := c.Message(i)
		m := decode(t, r)
		if m.MsgType == "" && m.Action == "switch" {
			switched++
			continue
		}
		if r.Time.Before(last) || r.Time.UnixMilli() != m.MsgTime || r.MsgID != m.MsgID || !m.external() {
			t.Errorf("message %d: time %v (before it %v), msgtime %d, msgid %s and %s", i, r.Time, last, m.MsgTime, r.MsgID, m.MsgID)
		}
		last = r.Time
		if m.room() == galleryRoom {
			types[m.MsgType]++
		} else if m.RoomID != nil || len(m.ToList) != 1 {
			t.Errorf("message %d is of room %q", i, m.room())
		}
		for _, id := range append([]string{m.From}, m.ToList...) {
			if !known[id] || slices.Contains(m.ToList, m.From) {
				t.Errorf("message %d, from %s to %v: %s is not in the directory, or writes to himself", i, m.From, m.ToList, id)
			}
		}
		senders[m.From[:2]] = true
	}
	for _, msgtype := range allTypes {
		if types[msgtype] == 0 {
			t.Errorf("no %s", msgtype)
		}
		delete(types, msgtype)
	}
	if switched != 1 || len(types) > 0 {
		t.Errorf("%d records of a switched corp; types that nobody asked for: %v", switched, types)
	}
	if want := map[string]bool{"Li": true, "Zh": true, "wm": true, "wo": true, "wb": true}; !cmp.Equal(want, senders) {
		t.Errorf("ids of senders begin with %v, want %v", senders, want)
	}
}

func TestSampleChatComesFirstAndOnce(t *testing.T) {
	full := galleryCorpus(5000)
	if full.Len() != 5000 {
		t.Errorf("Len() = %d", full.Len())
	}
	n := len(full.shown)
	if at := full.Message(n).Time; !at.After(full.shown[n-1].Time) {
		t.Errorf("the stories begin at %v, the sample chat ends at %v", at, full.shown[n-1].Time)
	}
	for i := n; i < full.Len(); i++ {
		if m := decode(t, full.Message(i)); m.room() == galleryRoom {
			t.Fatalf("message %d is in the sample chat", i)
		}
	}
	few := galleryCorpus(10)
	if few.Len() != 10 || !cmp.Equal(few.Message(9), full.Message(9)) {
		t.Errorf("10 messages: Len() = %d", few.Len())
	}
	without := New(Options{Seed: 3, Messages: 100, End: testEnd})
	for _, g := range append(without.GroupChats(), full.GroupChats()...) {
		n -= b2i(g.Name == GalleryName)
	}
	if got := len(full.shown) - n; got != 1 {
		t.Errorf("the group is %d times in the two directories, want once", got)
	}
}

func TestFilesOfTheSampleChat(t *testing.T) {
	c := galleryCorpus(1)
	c.shown = c.shown[:0]
	c.openGallery(1 << 20)
	kinds := map[string]int{}
	for _, f := range announced(t, c) {
		id, _, _ := unpack(t, f["sdkfileid"].(string))
		b, ok := c.Media(id)
		if !ok {
			t.Errorf("no file %s", id)
			continue
		}
		sum := md5.Sum(b)
		if f["md5sum"] != nil && f["md5sum"] != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: MD5 %x, the message says %v", id, sum, f["md5sum"])
		}
		for _, name := range []string{"filesize", "voice_size", "imagesize"} {
			if size, has := f[name].(float64); has && int(size) != len(b) {
				t.Errorf("%s has %d bytes, the message says %v", id, len(b), size)
			}
		}
		kinds[strings.Split(id, "-")[2]]++
	}
	if len(kinds) < 20 || len(kinds) > 60 {
		t.Errorf("files of %d kinds: %v", len(kinds), kinds)
	}
}

func TestExhibitsCanBeSentAnywhere(t *testing.T) {
	c := New(Options{Seed: 3, End: testEnd})
	names := map[string]bool{}
	var sums []string
	for _, e := range Exhibits() {
		if names[e.Name] || e.Title == "" {
			t.Errorf("%q, %q is there twice or has no title", e.Name, e.Title)
		}
		names[e.Name] = true
		for salt := range uint64(2) {
			records, ok := c.Exhibit(e.Name, Posting{
				From: "HeRuoxi", To: []string{"ZhouMingkai"}, At: testEnd, Salt: salt, MsgID: func(n int, _ int64) string { return fmt.Sprintf("%s_%d", e.Name, n) },
			})
			if !ok || len(records) == 0 || len(records) > 2 {
				t.Fatalf("Exhibit(%q) gives %d messages, %v", e.Name, len(records), ok)
			}
			last := records[len(records)-1]
			if m := decode(t, last); m.MsgType != e.MsgType || m.MsgType != "" && (m.From != "HeRuoxi" || !slices.Equal(m.ToList, []string{"ZhouMingkai"})) {
				t.Errorf("Exhibit(%q) = %s", e.Name, last.JSON)
			}
			if m := decode(t, last); m.MsgType == "revoke" && m.Revoke.PreMsgID != records[0].MsgID {
				t.Errorf("%s recalls %s, not %s", e.Name, m.Revoke.PreMsgID, records[0].MsgID)
			}
			var v struct {
				Image struct {
					MD5 string `json:"md5sum"`
				} `json:"image"`
			}
			if err := json.Unmarshal(last.JSON, &v); err != nil {
				t.Error(err)
			}
			if v.Image.MD5 != "" {
				sums = append(sums, v.Image.MD5)
			}
		}
	}
	slices.Sort(sums)
	if n := len(sums); len(slices.Compact(sums)) != n {
		t.Errorf("%d pictures, some the same", n)
	}
	if _, ok := c.Exhibit("nothing", Posting{}); ok {
		t.Error("there is an exhibit nothing")
	}
}
