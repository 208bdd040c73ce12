package corpus

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// everybody gives every id of the directory.
func everybody(c *Corpus) map[string]bool {
	ids := map[string]bool{}
	for _, u := range c.Users() {
		ids[u.UserID] = true
	}
	for _, x := range c.ExternalContacts() {
		ids[x.Contact.ExternalUserID] = true
	}
	for _, r := range c.Robots() {
		ids[r.RobotID] = true
	}
	return ids
}

func TestEverybodyIsInTheDirectory(t *testing.T) {
	c := sample()
	known, rooms := everybody(c), map[string]bool{}
	for _, g := range c.GroupChats() {
		rooms[g.ChatID] = g.Internal
	}
	for i := range c.Len() {
		m := decode(t, c.Message(i))
		for _, id := range append([]string{m.From}, m.ToList...) {
			if !known[id] {
				t.Fatalf("%s names %s, who is not in the directory", m.MsgID, id)
			}
		}
		internal, ok := rooms[m.room()]
		switch {
		case m.room() != "" && !ok:
			t.Errorf("%s is in an unknown group %s", m.MsgID, m.room())
		case m.room() == "" && len(m.ToList) != 1:
			t.Errorf("%s of a single chat has %d receivers", m.MsgID, len(m.ToList))
		case m.room() != "" && internal == m.external():
			t.Errorf("%s: group internal %v, suffix external %v", m.MsgID, internal, m.external())
		}
	}
}

func TestSomebodyInEachChatIsArchived(t *testing.T) {
	c := sample()
	archived := map[string]bool{}
	for _, u := range c.Users() {
		archived[u.UserID] = u.Archived
	}
	for i := range c.Len() {
		m := decode(t, c.Message(i))
		any := archived[m.From]
		for _, id := range m.ToList {
			any = any || archived[id]
		}
		if !any {
			t.Fatalf("%s: neither %s nor %v is archived", m.MsgID, m.From, m.ToList)
		}
	}
	for _, id := range c.Permitted() {
		if !archived[id] {
			t.Errorf("%s is permitted and not archived", id)
		}
	}
}

func TestRevokesNameAnEarlierMessageOfTheSender(t *testing.T) {
	c := sample()
	byID, revokes := map[string]wire{}, 0
	for i := range c.Len() {
		m := decode(t, c.Message(i))
		byID[m.MsgID] = m
		if m.MsgType != "revoke" {
			continue
		}
		revokes++
		pre, ok := byID[m.Revoke.PreMsgID]
		if !ok || pre.From != m.From || pre.room() != m.room() || m.Action != "recall" {
			t.Errorf("revoke %s (%s, %s) of %q by %s, found %v", m.MsgID, m.Action, m.From, m.Revoke.PreMsgID, pre.From, ok)
		}
	}
	if revokes == 0 {
		t.Error("nobody revokes anything")
	}
}

func TestExternalChatsBeginWithConsent(t *testing.T) {
	c := sample()
	begun := map[string]bool{}
	for i := range c.Len() {
		m := decode(t, c.Message(i))
		if m.room() != "" || !m.external() {
			continue
		}
		a, b := m.From, m.ToList[0]
		key := min(a, b) + " " + max(a, b)
		if !begun[key] && m.MsgType != "agree" && m.MsgType != "disagree" {
			t.Errorf("%s between %s and %s came before any consent", m.MsgType, a, b)
		}
		begun[key] = true
	}
	if len(begun) < 100 {
		t.Errorf("only %d external chats", len(begun))
	}
}

func TestLeaversFallSilent(t *testing.T) {
	c := sample()
	left := map[string]int64{}
	for _, u := range c.Users() {
		if u.DimissionTime > 0 {
			left[u.UserID] = u.DimissionTime
		}
	}
	if len(left) < 5 {
		t.Fatalf("%d leavers, want at least 5", len(left))
	}
	for i := range c.Len() {
		m := decode(t, c.Message(i))
		if at, gone := left[m.From]; gone && m.MsgTime/1000 > at {
			t.Errorf("%s writes at %v, after leaving at %v", m.From, time.UnixMilli(m.MsgTime), time.Unix(at, 0))
		}
	}
}

func TestCompanyIsAsLargeAsItShouldBe(t *testing.T) {
	c := sample()
	inner, outer := 0, 0
	for _, g := range c.GroupChats() {
		inner += b2i(g.Internal)
		outer += b2i(!g.Internal)
	}
	weChat, weCom := 0, 0
	for _, x := range c.ExternalContacts() {
		weChat += b2i(strings.HasPrefix(x.Contact.ExternalUserID, "wm"))
		weCom += b2i(strings.HasPrefix(x.Contact.ExternalUserID, "wo"))
		if len(x.Contact.ExternalUserID) != 32 || len(x.FollowUsers) == 0 {
			t.Errorf("customer %q has %d followers", x.Contact.ExternalUserID, len(x.FollowUsers))
		}
	}
	for _, tt := range []struct {
		what      string
		got, want int // at least
	}{
		{"members", len(c.Users()), 60},
		{"archived members", len(c.Permitted()), 45},
		{"departments", len(c.Departments()), 20},
		{"WeChat customers", weChat, 2000},
		{"WeCom customers", weCom, 60},
		{"customer groups", outer, 20},
		{"internal groups", inner, 8},
	} {
		if tt.got < tt.want {
			t.Errorf("%s: %d, want at least %d", tt.what, tt.got, tt.want)
		}
	}
	if len(c.Permitted()) == len(c.Users()) {
		t.Error("everybody is archived")
	}
}

// file is whatever announces a file: md5sum, a size and sdkfileid.
type file struct {
	MD5    string `json:"md5sum"`
	Size   int    `json:"filesize"`
	Voice  int    `json:"voice_size"`
	Image  int    `json:"imagesize"`
	FileID string `json:"sdkfileid"`
}

func TestMediaMatchWhatMessagesAnnounce(t *testing.T) {
	c := sample()
	seen := map[string]int{}
	for i := range c.Len() {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(c.Message(i).JSON, &m); err != nil {
			t.Fatal(err)
		}
		var kind string
		if err := json.Unmarshal(m["msgtype"], &kind); err != nil {
			t.Fatal(err)
		}
		var f file
		if m[kind] == nil || json.Unmarshal(m[kind], &f) != nil || f.FileID == "" || seen[kind] > 150 {
			continue
		}
		seen[kind]++
		id, authkey, aeskey := unpack(t, f.FileID)
		data, ok := c.Media(id)
		if !ok {
			t.Fatalf("no media for %s", id)
		}
		sum := md5.Sum(data)
		if got := hex.EncodeToString(sum[:]); got != f.MD5 || len(data) != f.Size+f.Voice+f.Image {
			t.Errorf("%s %s: md5 %s size %d, announced %+v", kind, id, got, len(data), f)
		}
		if wantAuth, wantKey := MediaKeys(id); authkey != wantAuth || aeskey != wantKey {
			t.Errorf("%s: keys %s %s, want %s %s", id, authkey, aeskey, wantAuth, wantKey)
		}
	}
	for _, kind := range []string{"image", "voice", "file", "emotion"} {
		if seen[kind] == 0 {
			t.Errorf("no %s", kind)
		}
	}
}

// unpack reads the protobuf form of an sdkfileid, whose strings are short.
func unpack(t *testing.T, sdkfileid string) (fileid, authkey, aeskey string) {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(sdkfileid)
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for len(b) > 2 {
		n := int(b[1])
		parts, b = append(parts, string(b[2:2+n])), b[2+n:]
	}
	if len(parts) != 3 {
		t.Fatalf("%d parts in %s", len(parts), sdkfileid)
	}
	return parts[0], parts[1], parts[2]
}

func TestSDKFileIDHasTheFormOfTheReference(t *testing.T) {
	got := SDKFileID("FILEID-1", "AUTHKEY-1", "30313233343536373839616263646566")
	want := "CghGSUxFSUQtMRIJQVVUSEtFWS0xGiAzMDMxMzIzMzM0MzUzNjM3MzgzOTYxNjI2MzY0NjU2Ng=="
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("SDKFileID (-want +got):\n%s", diff)
	}
}

func TestMediaRefusesForeignIDs(t *testing.T) {
	c := sample()
	for _, id := range []string{
		"", "x", "xh-img-room-1", "xh-img-room-1-01", "xh-img-room-1-000000000000000G", "xh-img-room-1-000000000000000A", "xh-img-nothing-1-0000000000000001",
		"xh-exe-doc-1-0000000000000001", "xh-amr-60-1-0000000000000001", "xh-amr--1-1-0000000000000001", "xh-img-room-999999-0000000000000001",
		"xh-img-room--1-0000000000000001", "xh-sample-nothing.jpg-0-0000000000000001", "a-b-c-d-e",
	} {
		if _, ok := c.Media(id); ok {
			t.Errorf("Media(%q) found something", id)
		}
	}
}
