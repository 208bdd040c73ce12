package server_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/fault"
	"huicun/internal/media"
	"huicun/server"
)

// A link is of use to whom it was given, while they may read the message.
func TestLinkDiesAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.exec(`INSERT INTO viewers (person, userid, role) VALUES ('shop', 'Shop', 'viewer')`)
	f.archive.scopes["shop"] = true
	boss, mei, shop := f.signedIn("Boss"), f.signedIn("Mei"), f.signedIn("Shop")
	l := mei.links()
	status := func(b *browser) int { return b.open(l.Download).Code }
	if got := []int{status(mei), status(boss), status(shop), status(f.browser())}; !slices.Equal(got, []int{200, 404, 404, 401}) {
		t.Errorf("mei, boss, shop, nobody: %v", got)
	}
	if boss.links() == l || shop.links() == l || shop.links() == boss.links() {
		t.Error("two viewers have the same links")
	}
	second := f.signedIn("Mei") // another session of the same viewer
	if got := status(second); got != http.StatusOK {
		t.Errorf("another session: %d", got)
	}

	delete(f.archive.scopes, "mei")
	if got := status(mei); got != http.StatusNotFound {
		t.Errorf("out of scope: %d", got)
	}
	f.archive.scopes["mei"] = true
	if got := status(mei); got != http.StatusOK {
		t.Errorf("in scope again: %d", got)
	}
	mei.json("DELETE", "/api/v1/session", "", http.StatusNoContent, nil)
	if got := status(mei); got != http.StatusUnauthorized {
		t.Errorf("signed out: %d", got)
	}
	f.exec(`UPDATE viewers SET disabled = true WHERE person = 'mei'`)
	if got := status(second); got != http.StatusUnauthorized {
		t.Errorf("disabled: %d", got)
	}
	f.files.mu.Lock()
	f.files.now = noon.Add(media.LinkFor + time.Second)
	f.files.mu.Unlock()
	own := boss.links()
	if got := boss.open(own.Download).Code; got != http.StatusOK {
		t.Errorf("a fresh link: %d", got)
	}
	f.files.mu.Lock()
	f.files.now = f.files.now.Add(media.LinkFor + time.Second)
	f.files.mu.Unlock()
	if got := boss.open(own.Download).Code; got != http.StatusNotFound {
		t.Errorf("a link that ran out: %d", got)
	}
}

// Each opening is in the operation log, further parts of one are not, and small
// pictures are part of reading the chat.
func TestOpeningIsRecorded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	l := b.links()
	before := len(f.actions())
	for _, step := range [][]string{
		{l.Thumb},
		{l.Thumb},
		{l.Poster}, // read already
		{l.URL, "Range", "bytes=0-"},
		{l.URL, "Range", "bytes=500-"},
		{l.URL, "Range", "bytes=1500-1600"},
		{l.URL, "Range", "bytes=-1"},
		{l.URL, "Range", "bytes=0-1"},
		{l.URL, "Range", "bytes=0-999"},    // once more
		{l.Download, "Range", "bytes=0-0"}, // asks only whether it may be had
		{l.Download},
	} {
		if w := b.open(step[0], step[1:]...); w.Code/100 != 2 {
			t.Fatalf("%v: %d", step, w.Code)
		}
	}
	want := slices.Repeat([]string{"mei file.opened file:" + fileID}, 3)
	if diff := cmp.Diff(want, f.actions()[before:]); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	var detail string
	if err := f.db.Get(&detail, `SELECT CAST(detail AS text) FROM audit_entries WHERE action = 'file.opened' ORDER BY id DESC LIMIT 1`); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{messageID, `"conversation": "7"`, `"download": true`} {
		if !strings.Contains(detail, part) {
			t.Errorf("detail %s has no %s", detail, part)
		}
	}
}

// Whoever asks for the first byte, and all of it if that has changed, opens the
// file.
func TestOpeningBehindTheFirstByteIsRecorded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	link := b.links().Download
	before := len(f.actions())
	if w := b.open(link, "Range", "bytes=0-0", "If-Range", `"x"`); w.Code != http.StatusOK {
		t.Fatalf("answer: %d", w.Code)
	}
	if diff := cmp.Diff([]string{"mei file.opened file:" + fileID}, f.actions()[before:]); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// Whoever begins with a later part has opened the file, too.
func TestOpeningInTheMiddleIsRecorded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	link := b.links().Download
	before := len(f.actions())
	b.open(link, "Range", "bytes=1-")
	b.open(link, "Range", "bytes=2-")
	if diff := cmp.Diff([]string{"mei file.opened file:" + fileID}, f.actions()[before:]); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// What cannot be noted is not sent.
func TestNothingIsOpenedWithoutLog(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	l := b.links()
	f.exec(`ALTER TABLE audit_entries RENAME TO audit_gone`)
	if w := b.open(l.Download); w.Code != http.StatusInternalServerError || bytes.Contains(w.Body.Bytes(), f.files.contents[""].data[:9]) {
		t.Errorf("%d", w.Code)
	}
	if _, open := f.files.counts(); open != 0 {
		t.Errorf("%d files were not closed", open)
	}
	f.exec(`ALTER TABLE audit_gone RENAME TO audit_entries`)
	if w := b.open(l.Download); w.Code != http.StatusOK {
		t.Errorf("afterwards: %d", w.Code)
	}
}

// Who reads too many bytes of files has to wait, in whatever session; small
// pictures and chats are read all the same.
func TestBytesOfFilesAreLimited(t *testing.T) {
	t.Parallel()
	const opens = 16
	f := newFixture(t, func(o *server.Options) { o.FileBytesPerHour = opens * 64 << 10 })
	server.LimitedByBytes(f.Server, opens*64<<10)
	one, two, boss := f.signedIn("Mei"), f.signedIn("Mei"), f.signedIn("Boss")
	for i := range opens {
		b := []*browser{one, two}[i%2]
		if w := b.open(b.links().Download, "Range", "bytes=0-999"); w.Code != http.StatusPartialContent {
			t.Fatalf("file %d: %d", i, w.Code)
		}
	}
	w := one.open(one.links().Download)
	if after, err := strconv.Atoi(w.Header().Get("Retry-After")); w.Code != http.StatusTooManyRequests || err != nil || after < 200 || after > 225 {
		t.Errorf("one too many: %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	checkRefused(t, "one too many", w, "rate_limited", "")
	if w := two.open(two.links().Thumb); w.Code != http.StatusOK {
		t.Errorf("a small picture: %d", w.Code)
	}
	if w := boss.open(boss.links().Download, "Range", "bytes=0-999"); w.Code != http.StatusPartialContent {
		t.Errorf("another viewer: %d", w.Code)
	}
}

// Every refusal of a file says when to ask again.
func TestRefusedFilesSayWhenToAskAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	l := b.links()
	server.Limited(f.Server)
	var w *httptest.ResponseRecorder
	if n := allowed(t, func() int { w = b.open(l.Download); return w.Code }); n != 2 {
		t.Errorf("%d files may be opened, want 2", n)
	}
	if after, err := strconv.Atoi(w.Header().Get("Retry-After")); err != nil || after < 3000 {
		t.Errorf("too many files: Retry-After %q", w.Header().Get("Retry-After"))
	}
}

// What is fetched again is told with what is held.
func TestFileThatIsFetchedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	read := func() (got struct {
		Media struct {
			State, Flag string
			Refetching  bool
			Download    string `json:"download_url"`
		}
	},
	) {
		f.signedIn("Mei").get("/api/v1/messages/"+messageID+"/files/"+fileID, &got)
		return got
	}
	if got := read().Media; got.Refetching {
		t.Errorf("a file that is there: %+v", got)
	}
	f.files.archive.media().File.Again = true
	if got := read().Media; got.State != "ready" || got.Flag != "md5" || !got.Refetching || got.Download == "" {
		t.Errorf("a file that is fetched again: %+v", got)
	}
}

// A retry is for admins, and tells what is in the way.
func TestRetryFile(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	boss, mei := f.signedIn("Boss"), f.signedIn("Mei")
	path := "/api/v1/messages/" + messageID + "/files/" + fileID
	mei.refused("POST", path+"/retry", "", fault.CodeForbidden, "")
	var got struct {
		MessageID string `json:"message_id"`
		Pages     []struct{ Width int }
	}
	boss.json("POST", path+"/retry", "", http.StatusOK, &got)
	if got.MessageID != messageID || len(got.Pages) != 2 {
		t.Errorf("%+v", got)
	}
	boss.refused("POST", path+"/retry", "", fault.CodeConflict, "")
	boss.refused("POST", "/api/v1/messages/"+messageID+"/files/"+revokeID+"/retry", "", fault.CodeNotFound, "")
	boss.refused("POST", "/api/v1/messages/"+revokeID+"/files/"+fileID+"/retry", "", fault.CodeNotFound, "")
	if diff := cmp.Diff([]string{messageID + "/" + fileID}, f.files.retried); diff != "" {
		t.Errorf("retried (-want +got):\n%s", diff)
	}
}
