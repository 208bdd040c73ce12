package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"huicun/internal/archive"
	"huicun/internal/ingest/chatdata"
	"huicun/internal/media"
	"huicun/internal/outbox"
)

// fileLink is a link that a viewer was given.
type fileLink struct {
	viewer  *refViewer
	message *refMessage
	file    *refFile
	token   string
}

// aFile is one that was shown before, here or elsewhere, or a new one.
func (g *grower) aFile() *refFile {
	if f := pickOne(g, g.realm.files); f != nil && g.chance(40) {
		return f
	}
	sdk := fmt.Sprintf("scope-sdk-%d", g.next("file"))
	f := &refFile{id: archive.FileID(sdk), sdkFileID: sdk, state: "pending"}
	g.realm.files = append(g.realm.files, f)
	return f
}

// showFiles makes body a message with files or links.
func (g *grower) showFiles(m *refMessage, body map[string]any) {
	part := func(msgtype string) map[string]any {
		p := map[string]any{}
		place := refPlace{tab: map[string]string{"image": "visual", "video": "visual", "voice": "voice", "file": "file", "link": "link"}[msgtype]}
		if msgtype != "link" {
			place.file = g.aFile()
			p["sdkfileid"], p["md5sum"], p["filesize"] = place.file.sdkFileID, "", 9
		}
		switch msgtype {
		case "file":
			p["filename"], p["fileext"] = g.mark("m")+".pdf", "pdf"
		case "link":
			p["title"], p["link_url"] = g.mark("m"), "https://example.com/"
		}
		m.places = append(m.places, place)
		return p
	}
	kinds := []string{"image", "video", "voice", "file", "link"}
	if !g.chance(25) {
		kind := pickOne(g, kinds)
		body["msgtype"], body[kind] = kind, part(kind)
		return
	}
	var items []map[string]any
	for range 1 + g.rnd.IntN(3) {
		kind := pickOne(g, []string{"image", "file", "link"})
		b, err := json.Marshal(part(kind))
		if err != nil {
			g.t.Fatal(err)
		}
		items = append(items, map[string]any{"type": kind, "content": string(b)})
	}
	body["msgtype"], body["mixed"] = "mixed", map[string]any{"item": items}
}

// says: the text of m, or a code in one of its pictures, holds part.
func (m *refMessage) says(part string) bool {
	return holds(m.text, part) || slices.ContainsFunc(m.places, func(p refPlace) bool { return p.file != nil && p.file.code != "" && holds(p.file.code, part) })
}

// indexFiles finds the files of all batches, as the outbox does.
func (g *grower) indexFiles() {
	g.t.Helper()
	x := &media.Indexer{Store: g.app.db, Decode: chatdata.Content}
	for ; g.indexed < g.lastID(`SELECT last_batch_id FROM pull_state`); g.indexed++ {
		if err := x.Handle(g.t.Context(), outbox.Item{Args: fmt.Appendf(nil, `{"batch_id":%d}`, g.indexed+1)}); err != nil {
			g.t.Fatalf("%s: %v", g.name, err)
		}
	}
}

// fetchFiles fetches most of the files that wait, or gives them up, and looks
// into them. It returns those of which something became known.
func (g *grower) fetchFiles() (changed []*refFile) {
	g.t.Helper()
	ctx, db := g.t.Context(), g.app.db
	must := func(ok bool, err error) {
		g.t.Helper()
		if err != nil || !ok {
			g.t.Fatalf("%s: %v, %v", g.name, ok, err)
		}
	}
	for {
		f, ok, err := db.ClaimFile(ctx, "scope", time.Hour, time.Time{})
		if err != nil {
			g.t.Fatalf("%s: %v", g.name, err)
		}
		if !ok {
			break
		}
		ref := findOne(g.realm.files, func(r *refFile) bool { return r.id == f.ID })
		if g.chance(20) {
			ref.state = pickOne(g, []string{"refused", "broken", "over_limit", "expired"})
			must(db.EndFile(ctx, f, archive.FileState(ref.state), &media.Error{Class: media.ClassRefused, Err: errors.New("no")}))
		} else {
			ref.state = "ready"
			must(db.SaveFetched(ctx, f, g.keepBytes(f.ID)))
		}
		changed = append(changed, ref)
	}
	for {
		o, ok, err := db.ClaimObject(ctx, "scope", time.Hour)
		if err != nil {
			g.t.Fatalf("%s: %v", g.name, err)
		}
		if !ok {
			break
		}
		ref := findOne(g.realm.files, func(r *refFile) bool {
			sum := sha256.Sum256([]byte("bytes of " + r.id))
			return bytes.Equal(sum[:], o.SHA256)
		})
		looked := media.Looked{Renditions: []archive.Rendition{{Name: archive.RenditionThumb, Mime: "image/jpeg", SizeBytes: 5}}}
		if g.chance(30) {
			ref.code = g.mark("c")
			looked.Codes = []string{ref.code}
		}
		must(db.SaveLooked(ctx, o, looked))
		g.changed()
	}
	return changed
}

// keepBytes puts what a file holds, and a small picture of it, into the store of
// files.
func (g *grower) keepBytes(id string) media.Fetched {
	g.t.Helper()
	body := "bytes of " + id
	sum := sha256.Sum256([]byte(body))
	sha := hex.EncodeToString(sum[:])
	place := sha[:2] + "/" + sha
	for _, name := range []string{"o/" + place, "r/" + place + "." + archive.RenditionThumb} {
		if err := g.app.files.vault.Put(g.t.Context(), name, strings.NewReader(body), int64(len(body))); err != nil {
			g.t.Fatalf("%s: %v", g.name, err)
		}
	}
	return media.Fetched{SHA256: sum[:], SizeBytes: int64(len(body)), Mime: pickOne(g, []string{"image/png", "application/pdf"})}
}

type mediaItem struct {
	MessageID string `json:"message_id"`
	Chat      string `json:"conversation_id"`
	Pos       int
}

// checkMedia compares a tab of a chat, newest first, to its end.
func (g *grower) checkMedia(v *refViewer) {
	g.t.Helper()
	c := g.aChat(v)
	if c == nil {
		return
	}
	tab := pickOne(g, []string{"visual", "file", "link", "voice"})
	all := slices.Clone(c.messages)
	slices.SortFunc(all, func(a, b *refMessage) int {
		return cmp.Or(b.at.Compare(a.at), cmp.Compare(b.seq, a.seq), strings.Compare(a.id, b.id))
	})
	want := []mediaItem{}
	for _, m := range all {
		for pos, p := range m.places {
			if p.tab == tab {
				want = append(want, mediaItem{m.id, fmt.Sprint(c.id), pos})
			}
		}
	}
	path := fmt.Sprintf("/conversations/%d/media", c.id)
	got, _ := allPages[mediaItem](g.scopeSite, v, path, url.Values{"tab": {tab}}, 1+g.rnd.IntN(3))
	g.differ(v, path+" "+tab, want, append([]mediaItem{}, got...))
	i := g.rnd.IntN(len(all))
	before := len(keepOnly(want, func(it mediaItem) bool {
		return slices.ContainsFunc(all[:i], func(m *refMessage) bool { return m.id == it.MessageID })
	}))
	g.checkMediaAround(v, path+"?tab="+tab, all[i], want, before)
}

type mediaPage struct {
	Items      []mediaItem
	Next, Prev string
}

// checkMediaAround compares what stands around m, before which the tab has so
// many, and reads on to both ends. A message of another chat is refused, whether
// v may read that or not.
func (g *grower) checkMediaAround(v *refViewer, path string, m *refMessage, whole []mediaItem, before int) {
	g.t.Helper()
	if other := pickOne(g, keepOnly(g.realm.messages, func(o *refMessage) bool { return o.chat != m.chat })); other != nil {
		g.refused(v, path+"&around="+other.id)
	}
	g.refused(v, path+"&around="+archive.MessageID("nowhere"))
	n := 1 + g.rnd.IntN(5)
	path += fmt.Sprintf("&limit=%d", n)
	page := getAs[mediaPage](g.scopeSite, v, path+"&around="+m.id)
	from, to := max(0, before-n/2), min(len(whole), before+n-n/2)
	g.differ(v, path+"&around="+m.id, append([]mediaItem{}, whole[from:to]...), append([]mediaItem{}, page.Items...))
	if n == 1 { // of one side only
		whole = whole[from:]
	}
	got, next, prev := page.Items, page.Next, page.Prev
	for range whole {
		if next != "" {
			page = getAs[mediaPage](g.scopeSite, v, path+"&cursor="+next)
			got, next = append(got, page.Items...), page.Next
		}
		if prev != "" {
			page = getAs[mediaPage](g.scopeSite, v, path+"&cursor="+prev)
			got, prev = append(page.Items, got...), page.Prev
		}
	}
	g.differ(v, path+"&around="+m.id+" to both ends", append([]mediaItem{}, whole...), append([]mediaItem{}, got...))
}

type fileAnswer struct {
	MessageID string `json:"message_id"`
	Media     struct {
		ID, State string
		Codes     []string
		Download  string `json:"download_url"`
		Thumb     string `json:"thumb_url"`
	}
}

// checkFile follows a link to one file of one message, in scope or not, and has
// it fetched again.
func (g *grower) checkFile(v *refViewer) {
	g.t.Helper()
	m := pickOne(g, keepOnly(g.realm.messages, func(m *refMessage) bool {
		return slices.ContainsFunc(m.places, func(p refPlace) bool { return p.file != nil })
	}))
	if m == nil {
		return
	}
	f := pickOne(g, keepOnly(m.places, func(p refPlace) bool { return p.file != nil })).file
	path := "/messages/" + m.id + "/files/" + f.id
	g.retryFile(v, path, f)
	if !g.realm.seesChat(v, m.chat) {
		g.refused(v, path)
		return
	}
	got := getAs[fileAnswer](g.scopeSite, v, path)
	g.differ(v, path, []string{m.id, f.id, f.state}, []string{got.MessageID, got.Media.ID, got.Media.State})
	if f.code != "" && f.state == "ready" {
		g.differ(v, path+" codes", []string{f.code}, got.Media.Codes)
	}
	if f.state != "ready" {
		return
	}
	for _, link := range []string{got.Media.Download, got.Media.Thumb} {
		g.given = append(g.given, fileLink{v, m, f, strings.TrimPrefix(link, "/api/v1/media/")})
	}
	// The message is in scope, but this file is not one of it.
	other := pickOne(g, keepOnly(g.realm.files, func(o *refFile) bool {
		return !slices.ContainsFunc(m.places, func(p refPlace) bool { return p.file == o })
	}))
	if other != nil {
		g.refused(v, "/messages/"+m.id+"/files/"+other.id)
	}
}

// retryFile: admins may, where there is something to try again.
func (g *grower) retryFile(v *refViewer, path string, f *refFile) {
	g.t.Helper()
	want := http.StatusForbidden
	if v.admin {
		want = http.StatusConflict
		if slices.Contains([]string{"refused", "broken", "over_limit", "expired"}, f.state) {
			want, f.state = http.StatusOK, "pending"
		}
	}
	if a := g.ask(v, http.MethodPost, path+"/retry", nil); a.status != want {
		g.t.Errorf("%s: POST %s/retry by %s: %d %s, want %d", g.name, path, v.userid, a.status, a.body, want)
	}
}

// checkFileLinks opens links that were given to anybody, lately or long ago: one
// opens for whom it was given, while they see the message.
func (g *grower) checkFileLinks(v *refViewer) {
	g.t.Helper()
	list := g.given
	if len(list) == 0 {
		return
	}
	some := []fileLink{list[len(list)-1], pickOne(g, list)}
	if own := pickOne(g, keepOnly(list, func(l fileLink) bool { return l.viewer == v })); own.token != "" {
		some = append(some, own)
	}
	for _, l := range some {
		want := http.StatusNotFound
		if l.viewer == v && g.realm.seesChat(v, l.message.chat) {
			want = http.StatusOK
		}
		a := g.ask(v, http.MethodGet, "/media/"+l.token, nil)
		if a.status != want || (want == http.StatusOK) != (a.body == "bytes of "+l.file.id) {
			g.t.Errorf("%s: a link of %s to message %s opened by %s: %d %s, want %d", g.name, l.viewer.userid, l.message.id, v.userid, a.status, a.body, want)
		}
	}
}

// checkFileEvent: it names messages with files of the chat that is open.
func (g *grower) checkFileEvent(w *watcher, e liveEvent) {
	g.t.Helper()
	if w.chat == nil || e.Chat != fmt.Sprint(w.chat.id) || !g.realm.seesChat(w.viewer, w.chat) {
		g.t.Errorf("%s: the stream of %s tells of files of chat %s", g.name, w.viewer.userid, e.Chat)
		return
	}
	for _, id := range e.Messages {
		if !slices.ContainsFunc(w.chat.messages, func(m *refMessage) bool { return m.id == id && len(m.places) > 0 }) {
			g.t.Errorf("%s: the stream of %s tells of files of message %s, which has none in chat %s", g.name, w.viewer.userid, id, e.Chat)
		}
	}
}

// checkFilesTold fetches files and waits until those who have a chat with one
// open, and saw it all the time, were told.
func (g *grower) checkFilesTold(watchers []*watcher, before map[*watcher]map[string]bool) {
	g.t.Helper()
	g.indexFiles()
	changed := g.fetchFiles()
	for _, w := range watchers {
		if w.chat == nil || w.viewer.disabled || !before[w][fmt.Sprint(w.chat.id)] || !g.realm.seesChat(w.viewer, w.chat) {
			continue
		}
		for _, m := range w.chat.messages {
			if !slices.ContainsFunc(m.places, func(p refPlace) bool { return slices.Contains(changed, p.file) }) {
				continue
			}
			w.await(g, "the files of message "+m.id, func(events []liveEvent) bool {
				return slices.ContainsFunc(events, func(e liveEvent) bool { return e.name == "file" && slices.Contains(e.Messages, m.id) })
			})
			g.usage.told()
		}
	}
}
