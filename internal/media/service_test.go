package media

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/fault"
)

const (
	messageID = "0198a0b1-0000-7000-8000-000000000001"
	otherID   = "0198a0b1-0000-7000-8000-000000000002"
)

var (
	admin  = access.Viewer{ID: 1, Person: "a", Role: access.RoleAdmin}
	reader = access.Viewer{ID: 2, Person: "r", Role: access.RoleViewer}
)

// messages has one file in one message, which the readers in scope may read.
type messages struct {
	scope map[int64]bool
	media archive.Media
	err   error
}

func (m *messages) File(_ context.Context, v access.Viewer, message, file string) (archive.Entry, *archive.Media, error) {
	if m.err != nil {
		return archive.Entry{}, nil, m.err
	}
	if !m.scope[v.ID] || message != messageID || m.media.File == nil || file != m.media.File.ID {
		return archive.Entry{}, nil, fault.NotFound("message")
	}
	return archive.Entry{Message: archive.Message{ID: message, ConvID: 9}}, &m.media, nil
}

type retryStore struct {
	ok      bool
	entries []audit.Entry
	bad     [][]byte // of RetryFile
	looks   [][]byte // of LookAgain
}

func (s *retryStore) RetryFile(_ context.Context, _ string, bad []byte, e audit.Entry) (bool, error) {
	if s.ok {
		s.entries, s.bad = append(s.entries, e), append(s.bad, bad)
	}
	return s.ok, nil
}

func (s *retryStore) LookAgain(_ context.Context, sha []byte, e audit.Entry) (bool, error) {
	if s.ok {
		s.entries, s.looks = append(s.entries, e), append(s.looks, sha)
	}
	return s.ok, nil
}

type shop struct {
	*Service
	messages *messages
	blobs    *memory
	now      time.Time
	file     string
	keyFile  string
}

// newShop makes a service with one file, which has a thumbnail.
func newShop(t *testing.T) *shop {
	t.Helper()
	p := pattern(100_000)
	s := &shop{blobs: newMemory(), file: archive.FileID("x"), now: time.Date(2026, 3, 1, 12, 1, 0, 0, time.UTC)}
	var v *Vault
	v, s.keyFile = newVault(t, s.blobs)
	hash := fmt.Sprintf("%x", sha(p))
	putVault(t, v, originalName(hash), p)
	putVault(t, v, renditionName(hash, "thumb"), []byte("thumb"))
	putVault(t, v, renditionName(hash, "large"), []byte("not listed"))
	s.messages = &messages{scope: map[int64]bool{1: true, 2: true}, media: archive.Media{Name: "合同.pdf", File: &archive.File{
		ID: s.file, State: archive.FileReady, SHA256: sha(p), SizeBytes: int64(len(p)), Mime: "application/pdf",
		Renditions: []archive.Rendition{{Name: "thumb", Mime: "image/jpeg", SizeBytes: 5}},
	}}}
	s.Service = &Service{Messages: s.messages, Store: &retryStore{}, Vault: v, Now: func() time.Time { return s.now }}
	return s
}

func (s *shop) link(v access.Viewer, form string) string {
	token, _ := s.Link(v, Ticket{MessageID: messageID, FileID: s.file, Form: form})
	return token
}

func wantNotFound(t *testing.T, s *shop, what string, v access.Viewer, token string) {
	t.Helper()
	o, err := s.Open(t.Context(), v, token)
	if o != nil || !fault.Is(err, fault.CodeNotFound) || !strings.Contains(err.Error(), "file not found") {
		t.Errorf("%s: %v, want that the file is not found", what, err)
	}
}

func TestServiceOpens(t *testing.T) {
	s := newShop(t)
	for _, tt := range []struct {
		form, mime string
		want       []byte
		download   bool
	}{
		{"", "application/pdf", pattern(100_000), false},
		{"", "application/pdf", pattern(100_000), true},
		{"thumb", "image/jpeg", []byte("thumb"), false},
	} {
		token, until := s.Link(reader, Ticket{MessageID: messageID, FileID: s.file, Form: tt.form, Download: tt.download})
		if d := until.Sub(s.now); d < LinkFor || d > LinkFor+linkStep {
			t.Errorf("the link is valid for %v", d)
		}
		o, err := s.Open(t.Context(), reader, token)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(o.Content)
		if err != nil || !bytes.Equal(got, tt.want) || o.SizeBytes != int64(len(tt.want)) {
			t.Errorf("form %q: %d bytes of %d, %v", tt.form, len(got), o.SizeBytes, err)
		}
		if o.Mime != tt.mime || o.Name != "合同.pdf" || o.ConvID != 9 || o.MessageID != messageID || o.FileID != s.file || o.Form != tt.form ||
			o.Download != tt.download || !bytes.Equal(o.SHA256, sha(pattern(100_000))) {
			t.Errorf("form %q: %+v", tt.form, o)
		}
		if err := o.Content.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestServiceLinkIsForOneViewerAndSomeMinutes(t *testing.T) {
	s := newShop(t)
	token := s.link(reader, "")
	wantNotFound(t, s, "another viewer, even an admin", admin, token)
	wantNotFound(t, s, "nobody", access.Viewer{}, token)
	zero, _ := s.Link(access.Viewer{}, Ticket{MessageID: messageID, FileID: s.file})
	wantNotFound(t, s, "a link for nobody", access.Viewer{}, zero)
	s.now = s.now.Add(LinkFor - time.Second)
	if _, err := s.Open(t.Context(), reader, token); err != nil {
		t.Errorf("just before it ends: %v", err)
	}
	s.now = s.now.Add(linkStep + time.Second)
	wantNotFound(t, s, "after its end", reader, token)
}

func TestServiceScopeCountsNow(t *testing.T) {
	s := newShop(t)
	token := s.link(reader, "")
	s.messages.scope[reader.ID] = false
	wantNotFound(t, s, "out of scope meanwhile", reader, token)
	s.messages.scope[reader.ID] = true
	for _, state := range []archive.FileState{archive.FilePending, archive.FileExpired, archive.FileRefused, archive.FileBroken, archive.FileOverLimit} {
		s.messages.media.File.State = state
		wantNotFound(t, s, "a file that is "+string(state), reader, token)
	}
	s.messages.media.File.State = archive.FileReady
	s.messages.err = errors.New("database is down")
	if _, err := s.Open(t.Context(), reader, token); err == nil || fault.Is(err, fault.CodeNotFound) {
		t.Errorf("the database is down: %v", err)
	}
	s.messages.err = nil
	s.messages.media.File = nil
	wantNotFound(t, s, "nothing known", reader, token)
}

func TestServiceOtherTickets(t *testing.T) {
	s := newShop(t)
	for _, ticket := range []Ticket{
		{MessageID: otherID, FileID: s.file},
		{MessageID: messageID, FileID: otherID},
		{MessageID: messageID, FileID: s.file, Form: "large"},
		{MessageID: messageID, FileID: s.file, Form: "nothing"},
		{MessageID: messageID, FileID: s.file, Form: "../x"},
		{MessageID: "no id", FileID: s.file},
		{MessageID: messageID, FileID: s.file, Form: strings.Repeat("x", 100)},
	} {
		token, _ := s.Link(reader, ticket)
		wantNotFound(t, s, fmt.Sprintf("%+v", ticket), reader, token)
	}
}

func TestServiceMissingObjectIsUnavailable(t *testing.T) {
	s := newShop(t)
	for _, name := range s.blobs.names() {
		p := s.blobs.get(name)
		p[len(p)-1] ^= 1
		s.blobs.set(name, p)
	}
	if _, err := s.Open(t.Context(), reader, s.link(reader, "thumb")); !fault.Is(err, fault.CodeUnavailable) {
		t.Errorf("a damaged object: %v", err)
	}
	for _, name := range s.blobs.names() {
		_ = s.blobs.Delete(t.Context(), name)
	}
	if _, err := s.Open(t.Context(), reader, s.link(reader, "")); !fault.Is(err, fault.CodeUnavailable) {
		t.Errorf("a missing object: %v", err)
	}
}

func TestServiceLinksOutliveANewKey(t *testing.T) {
	s := newShop(t)
	token := s.link(reader, "")
	addKey(t, s.keyFile)
	if _, err := s.Open(t.Context(), reader, token); err != nil {
		t.Errorf("after a key was added: %v", err)
	}
	if s.link(reader, "") == token {
		t.Error("new links are not under the new key")
	}
	dropKeys(t, s.keyFile)
	wantNotFound(t, s, "after its key is gone", reader, token)
}

func TestServiceRefusesEveryChangedToken(t *testing.T) {
	s := newShop(t)
	token := s.link(reader, "thumb")
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(bad string) {
		t.Helper()
		if bad == token {
			return
		}
		if got, err := s.check(reader, bad); err == nil {
			t.Fatalf("a changed token opens %+v", got)
		}
	}
	for i := range len(raw) * 8 {
		p := bytes.Clone(raw)
		p[i/8] ^= 1 << (i % 8)
		refused(base64.RawURLEncoding.EncodeToString(p))
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 64_000 {
		p := []byte(token)
		for range 1 + rnd.IntN(3) {
			p[rnd.IntN(len(p))] ^= 1 << rnd.IntN(8)
		}
		refused(string(p))
	}
	for i := range token {
		refused(token[:i])
		refused(token[:i] + token[i+1:])
		refused(token[:i] + "\n" + token[i:])
	}
	refused(token + "A")
	refused(token + "=")
	if _, err := s.check(reader, token); err != nil {
		t.Errorf("the token itself: %v", err)
	}
}

func FuzzToken(f *testing.F) {
	k := key{"a", bytes.Repeat([]byte{3}, keyBytes)}
	other := key{"b", bytes.Repeat([]byte{4}, keyBytes)}
	c := claims{Ticket: Ticket{MessageID: messageID, FileID: otherID, Form: "thumb"}, viewer: 7, until: time.Unix(1_800_000_000, 0)}
	f.Add(sealToken(other, c))
	f.Add("")
	f.Add("AQAAAA")
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := openToken([]key{k}, token); err == nil {
			t.Errorf("a token that nobody made opens: %q", token)
		}
		if p, err := base64.RawURLEncoding.DecodeString(token); err == nil {
			c, err := parseClaims(p)
			if err == nil && (!archive.ValidID(c.MessageID) || !archive.ValidID(c.FileID)) {
				t.Errorf("ids %q, %q", c.MessageID, c.FileID)
			}
		}
	})
}

func TestServiceRetry(t *testing.T) {
	s := newShop(t)
	store := &retryStore{ok: true}
	s.Store = store
	s.messages.media.File.State = archive.FileRefused
	from := audit.Origin{Actor: "a", IP: "127.0.0.1"}
	if err := s.Retry(t.Context(), reader, messageID, s.file, from); !fault.Is(err, fault.CodeForbidden) {
		t.Errorf("a viewer: %v", err)
	}
	disabled := admin
	disabled.Disabled = true
	if err := s.Retry(t.Context(), disabled, messageID, s.file, from); !fault.Is(err, fault.CodeForbidden) {
		t.Errorf("a disabled admin: %v", err)
	}
	if err := s.Retry(t.Context(), admin, otherID, s.file, from); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("a file of another message: %v", err)
	}
	if len(store.entries) != 0 {
		t.Fatalf("entries %+v of what was refused", store.entries)
	}
	if err := s.Retry(t.Context(), admin, messageID, s.file, from); err != nil {
		t.Fatal(err)
	}
	if e := store.entries; len(e) != 1 || e[0].Action != audit.FileRetried || e[0].Actor != "a" || e[0].Object != "file:"+s.file {
		t.Errorf("entries %+v", e)
	}
	store.ok = false
	if err := s.Retry(t.Context(), admin, messageID, s.file, from); !fault.Is(err, fault.CodeConflict) {
		t.Errorf("a file that somebody fetches already: %v", err)
	}
}
