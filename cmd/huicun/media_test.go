package main

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"huicun/internal/archive"
	"huicun/internal/config"
	"huicun/internal/ingest/chatdata"
	"huicun/internal/media"
)

// samples sends a message of every type with files of its own, and waits until
// everything that the messages name is there or was given up.
func (w *world) samples() {
	w.t.Helper()
	w.call(http.MethodPost, "/sim/samples", map[string]string{"name": "all", "from": "LinXiaoyu", "to": "ZhouMingkai"}, nil)
	w.waitReceived(int64(len(w.simMessages())))
	w.fetched()
}

// fetched waits until every file of the archive is there or was given up.
func (w *world) fetched() {
	w.t.Helper()
	w.waitFor("the files", func() bool {
		// Asked first: files that are found after it would be missed.
		if w.count(`SELECT count(*) FROM outbox WHERE kind = 'media' AND state <> 'completed'`) > 0 {
			return false
		}
		c, err := w.db.CountMedia(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		return c.Pending == 0 && c.Unlooked == 0
	})
}

// announced gives the files of a message by their ids.
func announced(raw []byte) map[string]archive.Media {
	found := map[string]archive.Media{}
	c := chatdata.Content(raw)
	c.Medias(func(_ archive.ContentKind, m *archive.Media) {
		if m.SDKFileID != "" {
			found[archive.FileID(m.SDKFileID)] = *m
		}
	})
	return found
}

// command runs huicun beside the app.
func (w *world) command(want int, args ...string) (stdout, stderr string) {
	w.t.Helper()
	var out, errs bytes.Buffer
	if code := run(w.t.Context(), args, config.Environ(environ(w.cfg)), &out, &errs); code != want {
		w.t.Errorf("huicun %s: exit %d, want %d\n%s%s", strings.Join(args, " "), code, want, out.String(), errs.String())
	}
	return out.String(), errs.String()
}

// Every file of every type of message arrives whole: the bytes behind its links
// are those of the MD5 that the message tells.
func TestFilesOfEveryTypeAreFetchedAndOpened(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.mustRun()
	w.samples()
	admin := w.patient("ZhouMingkai")
	var messages []struct {
		ID, MsgType string
		Raw         []byte
	}
	if err := w.db.Select(&messages, `SELECT id, msgtype, raw FROM messages ORDER BY seq`); err != nil {
		t.Fatal(err)
	}
	opened := 0
	for _, m := range messages {
		for id, told := range announced(m.Raw) {
			var file struct {
				Media struct {
					State, Flag string
					URL         string `json:"download_url"`
				}
			}
			if status := admin().get("/messages/"+m.ID+"/files/"+id, &file); status != http.StatusOK || file.Media.State != string(archive.FileReady) {
				t.Errorf("a file of a message of type %s: status %d, state %q", m.MsgType, status, file.Media.State)
				continue
			}
			res, body := admin().do(http.MethodGet, file.Media.URL, nil)
			sum := md5.Sum([]byte(body))
			if res.StatusCode != http.StatusOK || told.MD5 != "" && (hex.EncodeToString(sum[:]) != told.MD5) != (file.Media.Flag != "") {
				t.Errorf("a file of a message of type %s: status %d, %d bytes of MD5 %x, flag %q; the message says %s",
					m.MsgType, res.StatusCode, len(body), sum, file.Media.Flag, told.MD5)
			}
			opened++
		}
	}
	if opened < 10 {
		t.Errorf("%d files were opened, want those of all types", opened)
	}
}

var shaLine = regexp.MustCompile(`(?m)^[0-9a-f]{64}  `)

func TestMediaCommands(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, stop := w.mustRun()
	w.samples()
	stop()
	counts, err := w.db.CountMedia(t.Context())
	if err != nil || counts.Ready == 0 {
		t.Fatalf("CountMedia = %+v, %v", counts, err)
	}
	line := fmt.Sprintf("media        %d of %d files fetched", counts.Ready, counts.Files)
	if out, _ := w.command(0, "media", "status"); !strings.Contains(out, line) {
		t.Errorf("huicun media status: %q, want %q", out, line)
	}
	var report mediaReport
	out, _ := w.command(0, "media", "status", "-json")
	if err := json.Unmarshal([]byte(out), &report); err != nil || report.Ready != counts.Ready || report.Bytes != counts.Bytes {
		t.Errorf("huicun media status -json: %+v, %v", report, err)
	}
	if out, _ = w.command(0, "media", "verify"); !strings.Contains(out, " 0 missing or damaged") {
		t.Errorf("huicun media verify: %s", out)
	}
	w.rekey()
	w.damage()
}

// rekey puts all files under a new key; the old one may go.
func (w *world) rekey() {
	w.t.Helper()
	keys := w.cfg.MediaKeyFile()
	old, err := os.ReadFile(keys)
	if err != nil {
		w.t.Fatal(err)
	}
	line, _ := w.command(0, "media", "key")
	if err := os.WriteFile(keys, append(old, line...), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if out, _ := w.command(0, "media", "rekey"); !strings.Contains(out, " 0 failed") || strings.Contains(out, " 0 of them") {
		w.t.Errorf("huicun media rekey: %s", out)
	}
	if err := os.WriteFile(keys, []byte(line), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if out, _ := w.command(0, "media", "verify"); !strings.Contains(out, " 0 missing or damaged") {
		w.t.Errorf("huicun media verify under the new key alone: %s", out)
	}
}

// damage takes one object away and changes another one.
func (w *world) damage() {
	w.t.Helper()
	var objects []string
	if err := filepath.WalkDir(filepath.Join(w.cfg.MediaDir(), "objects", "o"), func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			objects = append(objects, path)
		}
		return err
	}); err != nil || len(objects) < 3 {
		w.t.Fatalf("objects: %d, %v", len(objects), err)
	}
	removed, err := os.ReadFile(objects[0])
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.Remove(objects[0]); err != nil {
		w.t.Fatal(err)
	}
	b, err := os.ReadFile(objects[1])
	if err != nil {
		w.t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	if err := os.WriteFile(objects[1], b, 0o600); err != nil {
		w.t.Fatal(err)
	}
	out, _ := w.command(1, "media", "verify")
	for _, o := range objects[:2] {
		if !strings.Contains(out, filepath.Base(o)) {
			w.t.Errorf("huicun media verify does not name %s:\n%s", filepath.Base(o), out)
		}
	}
	if n := len(shaLine.FindAllString(out, -1)); n != 2 || !strings.Contains(out, " 2 missing or damaged") {
		w.t.Errorf("huicun media verify names %d objects, want 2:\n%s", n, out)
	}
	var report struct {
		Contents int
		Bad      []badObject
	}
	out, _ = w.command(1, "media", "verify", "-json")
	if err := json.Unmarshal([]byte(out), &report); err != nil || len(report.Bad) != 2 || report.Contents != len(objects) {
		w.t.Errorf("huicun media verify -json: %+v, %v", report, err)
	}
	w.mend(objects, removed)
}

// mend lets what damage did, and the form that it takes away itself, be fetched
// and made again, for as long as WeCom has it; removed comes from a backup later.
func (w *world) mend(objects []string, removed []byte) {
	w.t.Helper()
	forms, err := filepath.Glob(filepath.Join(w.cfg.MediaDir(), "objects", "r", "*", "*"))
	if err != nil || len(forms) == 0 {
		w.t.Fatalf("forms: %d, %v", len(forms), err)
	}
	thumb := forms[slices.IndexFunc(forms, func(f string) bool { return strings.HasSuffix(f, ".thumb") })]
	if err := os.Truncate(thumb, 100); err != nil {
		w.t.Fatal(err)
	}
	ready := w.count(`SELECT count(*) FROM media WHERE state = 'ready'`)
	w.db.MustExec(`UPDATE media SET sdkfileid = 'gone' || sdkfileid WHERE sha256 = '\x` + filepath.Base(objects[0]) + `'`) // WeCom does not know it any more
	var report verifyReport
	out, _ := w.command(1, "media", "verify", "-json", "-repair")
	if err := json.Unmarshal([]byte(out), &report); err != nil || len(report.Bad) != 3 || report.Files < 2 || report.Looks != 1 {
		w.t.Errorf("huicun media verify -repair: %s, %v", out, err)
	}
	w.mustRun()
	w.fetched()
	out, _ = w.command(0, "media", "verify", "-json")
	if err := json.Unmarshal([]byte(out), &report); err != nil || len(report.Bad) != 0 {
		w.t.Errorf("after it was mended: %s, %v", out, err)
	}
	lost := w.count(`SELECT count(*) FROM media m JOIN media_held h ON h.media_id = m.id WHERE m.state <> 'ready' AND h.sha256 = '\x` + filepath.Base(objects[0]) + `'`)
	if got := w.count(`SELECT count(*) FROM media WHERE state = 'ready'`); lost == 0 || got != ready-lost {
		w.t.Errorf("%d files are ready again and %d are known to be lost, of %d", got, lost, ready)
	}
	if err := os.WriteFile(objects[0], removed, 0o600); err != nil {
		w.t.Fatal(err)
	}
	if out, _ := w.command(0, "media", "retry", "-state", "refused,broken,expired"); !strings.Contains(out, fmt.Sprintf("%d files are fetched again", lost)) {
		w.t.Errorf("huicun media retry: %s", out)
	}
	w.fetched()
	if got := w.count(`SELECT count(*) FROM media WHERE state = 'ready'`); got != ready {
		w.t.Errorf("%d files are ready once the object is back, want %d", got, ready)
	}
}

func TestMediaRetryFetchesAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, stop := w.mustRun()
	w.samples()
	stop()
	w.exec(`UPDATE media SET state = 'refused', sha256 = NULL, flag = '', error_class = 'refused', error = 'no', finished_at = $1 WHERE state = 'ready' AND kind = 'image'`, time.Now())
	n := w.count(`SELECT count(*) FROM media WHERE state = 'refused'`)
	if n == 0 {
		t.Fatal("there are no pictures")
	}
	if out, _ := w.command(0, "media", "retry", "-state", "broken,refused"); !strings.Contains(out, fmt.Sprintf("%d files are fetched again", n)) {
		t.Errorf("huicun media retry: %s", out)
	}
	if got := w.count(`SELECT count(*) FROM audit_entries WHERE action = 'file.retried' AND actor = 'system'`); got != 1 {
		t.Errorf("%d entries in the operation log, want 1", got)
	}
	w.mustRun()
	w.fetched()
	if got := w.count(`SELECT count(*) FROM media WHERE state = 'ready' AND kind = 'image'`); got != n {
		t.Errorf("%d pictures are there again, want %d", got, n)
	}
	var sum []byte
	if err := w.db.Get(&sum, `SELECT sha256 FROM media WHERE state = 'ready' LIMIT 1`); err != nil || len(sum) != sha256.Size {
		t.Errorf("SHA-256 %x, %v", sum, err)
	}
}

func TestMediaCommandLine(t *testing.T) {
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"media"}, 2, "huicun media status"},
		{[]string{"media", "burn"}, 2, `unknown command "burn"`},
		{[]string{"media", "-json"}, 2, "huicun media status"},
		{[]string{"media", "help"}, 0, "huicun media verify"},
		{[]string{"media", "key"}, 0, " "},
		{[]string{"media", "key", "-h"}, 0, "huicun media key "},
		{[]string{"media", "key", "--help"}, 0, "huicun media key "},
		{[]string{"media", "key", "-json"}, 2, "takes no arguments"},
		{[]string{"media", "status", "-config", "/nowhere"}, 1, "/nowhere"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), tt.args, nil, &out, &errs); code != tt.code || !strings.Contains(out.String()+errs.String(), tt.want) {
			t.Errorf("huicun %s: exit %d, want %d and %q:\n%s%s", strings.Join(tt.args, " "), code, tt.code, tt.want, out.String(), errs.String())
		}
		if len(tt.args) > 2 && out.Len() > 0 {
			t.Errorf("huicun %s prints what would end up in the key file: %s", strings.Join(tt.args, " "), out.String())
		}
	}
}

// With pulling off nothing is fetched, and the archive can be read.
func TestWithoutPullingFilesWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.cfg.Finance.Client = "off"
	a, _ := w.mustRun()
	if a.files.fetcher != nil || a.files.source != nil {
		t.Error("files are fetched although finance.client is off")
	}
	if err := w.db.SaveRefs(t.Context(), []media.Ref{{MessageID: archive.MessageID("m"), SDKFileID: "x", Tab: archive.TabVisual, Kind: archive.ContentImage, SentAt: time.Now()}}); err != nil {
		t.Fatal(err)
	}
	if out, _ := w.command(0, "media", "status"); !strings.Contains(out, "0 of 1 files fetched") || !strings.Contains(out, "1 wait") {
		t.Errorf("huicun media status: %s", out)
	}
	w.signIn("ZhouMingkai", true)
}
