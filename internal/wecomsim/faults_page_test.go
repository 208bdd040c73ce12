package wecomsim

import (
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/wecom/wecomcrypt"
)

// pull fetches the whole stream page by page, as a caller does that goes on from
// the largest seq it has seen, and gives the seqs of each page.
func (c *sdkClient) pull(limit int) (pages [][]uint64) {
	c.t.Helper()
	for from := uint64(0); from < c.sim.stats().LastSeq; {
		page, code := c.chatData(from, limit)
		if code != 0 {
			c.t.Fatalf("errcode = %d", code)
		}
		var seqs []uint64
		for _, m := range page {
			seqs = append(seqs, m.Seq)
			from = max(from, m.Seq)
		}
		if len(page) > limit {
			c.t.Fatalf("%d messages in a page of %d", len(page), limit)
		}
		if pages = append(pages, seqs); len(pages) > 1000 {
			c.t.Fatal("the caller does not get on")
		}
	}
	return pages
}

// flat gives all seqs once, in order.
func flat(pages [][]uint64) []uint64 {
	all := slices.Concat(pages...)
	slices.Sort(all)
	return slices.Compact(all)
}

// startWith runs a simulator with made-up messages and a client of it.
func startWith(t *testing.T, messages int) (*Sim, *sdkClient) {
	t.Helper()
	cfg := testConfig(t)
	cfg.Messages, cfg.Directory = messages, ""
	s := start(t, cfg)
	c := newSDKClient(t, s, nil)
	c.login()
	return s, c
}

func upTo(n uint64) []uint64 {
	var all []uint64
	for i := uint64(1); i <= n; i++ {
		all = append(all, i)
	}
	return all
}

func TestSpoiltPagesHoldEveryMessage(t *testing.T) {
	t.Parallel()
	s, c := startWith(t, 120)
	duplicated := func(p []uint64) bool { return len(slices.Compact(slices.Sorted(slices.Values(p)))) < len(p) }
	unsorted := func(p []uint64) bool { return !slices.IsSorted(p) }
	for _, tt := range []struct {
		fault string
		want  func(pages [][]uint64) bool
	}{
		{`{"kind":"page.duplicate","count":4}`, func(p [][]uint64) bool { return duplicated(p[0]) }},
		{`{"kind":"page.overlap","count":5}`, func(p [][]uint64) bool { return p[1][0] == p[0][len(p[0])-1]-4 }},
		{`{"kind":"page.overlap","count":1000}`, func(p [][]uint64) bool { return p[1][0] == p[0][len(p[0])-1]-8 }},
		{`{"kind":"page.unsorted"}`, func(p [][]uint64) bool { return unsorted(p[0]) && unsorted(p[1]) }},
		{`{"kind":"page.short","count":2}`, func(p [][]uint64) bool { return len(p) == 60 }},
		{`{"kind":"page.empty","every":2}`, func(p [][]uint64) bool { return len(p[1]) == 0 && len(p[0]) == 20 }},
		{
			`{"kind":"page.duplicate"},{"kind":"page.overlap"},{"kind":"page.unsorted"},{"kind":"page.empty","probability":0.3},{"kind":"page.short","count":7,"every":3}`,
			func(p [][]uint64) bool { return slices.ContainsFunc(p, duplicated) && slices.ContainsFunc(p, unsorted) },
		},
	} {
		var first [][]uint64
		for range 2 {
			setFaults(t, s, `{"seed":5,"faults":[`+tt.fault+`]}`)
			pages := c.pull(20)
			if diff := cmp.Diff(upTo(120), flat(pages)); diff != "" {
				t.Errorf("%s: messages (-want +got):\n%s", tt.fault, diff)
			}
			if !tt.want(pages) {
				t.Errorf("%s: pages %v", tt.fault, pages)
			}
			if first != nil && cmp.Diff(first, pages) != "" {
				t.Errorf("%s: the same seed gives other pages", tt.fault)
			}
			first = pages
		}
	}
}

// A caller that is level asks again and again; that must not use up the chances
// of some faults and not of others.
func TestPageFaultsHaveTheSameChances(t *testing.T) {
	t.Parallel()
	s, c := startWith(t, 60)
	setFaults(t, s, `{"faults":[{"kind":"page.duplicate"},{"kind":"page.overlap"},{"kind":"page.unsorted"},{"kind":"page.short","count":20}]}`)
	pages := c.pull(20)
	for range 5 {
		if page, code := c.chatData(60, 20); len(page) != 0 || code != 0 {
			t.Fatalf("%d messages behind the last one, errcode %d", len(page), code)
		}
	}
	_, active, _ := s.faults.snapshot()
	for _, f := range active {
		if f.Seen != len(pages) || f.Struck != len(pages) {
			t.Errorf("%s had %d chances and struck %d times, want %d pages with messages", f.Kind, f.Seen, f.Struck, len(pages))
		}
	}
}

func TestAPageOfOneGetsOn(t *testing.T) {
	t.Parallel()
	s, c := startWith(t, 10)
	setFaults(t, s, `{"faults":[{"kind":"page.duplicate"},{"kind":"page.overlap"},{"kind":"page.unsorted"}]}`)
	if diff := cmp.Diff(upTo(10), flat(c.pull(1))); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// opens tells whether a message can be decrypted.
func opens(key *rsa.PrivateKey, m sealedMessage) error {
	random, err := base64.StdEncoding.DecodeString(m.EncryptRandomKey)
	if err != nil {
		return err
	}
	k, err := rsa.DecryptPKCS1v15(nil, key, random)
	if err != nil {
		return err
	}
	_, err = wecomcrypt.Decrypt(string(k), m.EncryptChatMsg)
	return err
}

func TestDamagedMessagesDoNotOpen(t *testing.T) {
	t.Parallel()
	s, c := startWith(t, 60)
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"page.bad_key", "page.bad_cipher"} {
		setFaults(t, s, `{"faults":[{"kind":"`+kind+`","every":2}]}`)
		page, _ := c.chatData(0, 60)
		for i, m := range page {
			if err := opens(key, m); (err != nil) != (i%2 == 1) {
				t.Errorf("%s: message %d: %v", kind, i, err)
			}
		}
	}
}

func TestTheWindowCloses(t *testing.T) {
	t.Parallel()
	at := newClock()
	cfg := testConfig(t)
	cfg.Now = at.now
	s := start(t, cfg)
	c := newSDKClient(t, s, nil)
	c.login()
	image := func() string {
		t.Helper()
		m, err := s.send(outgoing{From: "LinXiaoyu", To: "ZhouMingkai", MsgType: "image"})
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(m.Body), `"sdkfileid":"`)
		id, _, _ := strings.Cut(rest, `"`)
		return id
	}
	var files []string
	for range 6 { // one a day
		files = append(files, image())
		at.move(24 * time.Hour)
	}
	seqs := func() []uint64 {
		c.login() // the clock has outrun the token
		page, _ := c.chatData(0, 10)
		var all []uint64
		for _, m := range page {
			all = append(all, m.Seq)
		}
		return all
	}
	expired := func(sdk string) bool {
		id, auth, _ := fileIDOf(t, sdk)
		b, err := c.try("/cgi-bin/message/getchatmediadata?access_token="+c.token, fmt.Sprintf(`{"fileid":%q,"authkey":%q}`, id, auth))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(b), `"errcode":301048`)
	}
	for _, tt := range []struct {
		fault string
		move  time.Duration
		want  []uint64
	}{
		{``, 0, []uint64{1, 2, 3, 4, 5, 6}},
		{`{"kind":"window.close"}`, 0, []uint64{2, 3, 4, 5, 6}}, // exactly five days old is still there
		{`{"kind":"window.close","seconds":172800}`, 0, []uint64{5, 6}},
		{`{"kind":"window.close"}`, 0, []uint64{2, 3, 4, 5, 6}},
		{`{"kind":"window.close"}`, 24 * time.Hour, []uint64{3, 4, 5, 6}},
		{`{"kind":"window.close"},{"kind":"clock.skew","seconds":86400}`, 0, []uint64{4, 5, 6}},
		{`{"kind":"window.close"}`, 9 * 24 * time.Hour, nil},
		{``, 0, []uint64{1, 2, 3, 4, 5, 6}},
	} {
		at.move(tt.move)
		setFaults(t, s, `{"faults":[`+tt.fault+`]}`)
		if diff := cmp.Diff(tt.want, seqs()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.fault, diff)
		}
		for i, f := range files {
			if got, want := expired(f), !slices.Contains(tt.want, uint64(i+1)); got != want {
				t.Errorf("%q: file of message %d expired = %v, want %v", tt.fault, i+1, got, want)
			}
		}
	}
}

func TestTheWindowClosesUponALongHistory(t *testing.T) {
	t.Parallel()
	s, c := startWith(t, 3000)
	page, err := s.stream.from(1, 3000)
	if err != nil {
		t.Fatal(err)
	}
	// Of so short a history the last message may be weeks old.
	last, _ := readHeader(page[len(page)-1].Body)
	oldest := time.UnixMilli(last.MsgTime).Add(-7 * 24 * time.Hour)
	setFaults(t, s, fmt.Sprintf(`{"faults":[{"kind":"window.close","seconds":%d}]}`, int(s.cfg.Now().Sub(oldest).Seconds())))
	var want []uint64
	for _, m := range page {
		if h, ok := readHeader(m.Body); !ok || h.MsgTime > oldest.Add(time.Minute).UnixMilli() {
			want = append(want, m.Seq)
		}
	}
	got := flat(c.pull(1000))
	if len(want) == 0 || len(want) == 3000 || len(got) < len(want) || !slices.Equal(got[len(got)-len(want):], want) || len(got) > len(want)+10 {
		t.Errorf("%d messages left, want %d (of 3000)", len(got), len(want))
	}
	if s.window.after(s.oldestTime()) == 0 {
		t.Error("what has vanished is read again at every call")
	}
}
