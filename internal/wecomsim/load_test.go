package wecomsim

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bodies gives the plaintexts of GET /sim/messages.
func bodies(t *testing.T, s *Sim) (texts, ids []string) {
	t.Helper()
	status, a := request(t, http.MethodGet, s.URL()+"/sim/messages?limit=10000", "")
	if status != http.StatusOK {
		t.Fatalf("GET /sim/messages: status %d, %v", status, a)
	}
	list, _ := a["messages"].([]any)
	for _, x := range list {
		m := x.(map[string]any)
		b, err := base64.StdEncoding.DecodeString(m["body"].(string))
		if err != nil {
			t.Fatal(err)
		}
		texts, ids = append(texts, string(b)), append(ids, m["msgid"].(string))
	}
	return texts, ids
}

func TestLoadedLinesAreServedByteForByte(t *testing.T) {
	t.Parallel()
	lines := []string{
		`{"msgid":"m1","action":"send","msgtype":"text", "text":{"content":"你好\u0000"}}`,
		`  {"b":1,"a":12345678901234567890,"msgid":"m2"}  `,
		`not JSON at all`,
		"{\"msgid\":\"m4\",\"x\":\"\x01\xff\"}",
		`{"msgid":"m1","again":true}`,
		`{"msgid":7}`,
		`{"action":"switch","msgid":"m7"}` + "\r",
		strings.Repeat("x", 1<<20),
		`{"msgid":"last"}`,
	}
	path := filepath.Join(t.TempDir(), "load.jsonl")
	if err := os.WriteFile(path, []byte(lines[0]+"\n\n"+strings.Join(lines[1:], "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := testConfig(t)
	cfg.Load, cfg.StartSeq = path, 500
	s := start(t, cfg)
	texts, ids := bodies(t, s)
	if diff := cmp.Diff(lines, texts); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
	for i, want := range map[int]string{0: "m1", 1: "m2", 3: "m4", 4: "m1", 6: "m7", 8: "last"} {
		if ids[i] != want {
			t.Errorf("msgid of line %d = %s, want %s", i, ids[i], want)
		}
	}
	if ids[2] == "" || ids[2] == ids[5] || ids[5] == ids[7] {
		t.Errorf("made msgids are empty or the same: %q", ids)
	}
	if _, again := bodies(t, s); cmp.Diff(ids, again) != "" {
		t.Error("made msgids change")
	}
	if got := s.stream.next(); got != 509 {
		t.Errorf("next seq = %d, want 509", got)
	}
}

func TestStandardInputIsServedAsItArrives(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	cfg := testConfig(t)
	cfg.Load, cfg.Input = "-", r
	s := start(t, cfg)
	for i, line := range []string{`{"msgid":"a"}`, `{"msgid":"b"}`} {
		changed := s.stream.wait()
		if _, err := io.WriteString(w, line+"\n"); err != nil {
			t.Fatal(err)
		}
		<-changed
		if texts, _ := bodies(t, s); len(texts) != i+1 || texts[i] != line {
			t.Fatalf("after line %d: %q", i, texts)
		}
	}
	if err := w.Close(); err != nil { // the simulator goes on without input
		t.Fatal(err)
	}
	if status, _ := request(t, http.MethodGet, s.URL()+"/sim/stats", ""); status != http.StatusOK {
		t.Errorf("stats after the end of input: status %d", status)
	}
}

func TestLinesThatAreNoJSONAreNamedOnce(t *testing.T) {
	t.Parallel()
	const text = `{"msgid":"a"}` + "\n\n" + `{"msgid":"secret` + "\n" + "{\"msgid\":\"\x01\"}\n" + "planted words\n" + `{"msgid":"z"}` + "\n"
	path := filepath.Join(t.TempDir(), "load.jsonl")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, load := range []string{path, "-"} {
		var log bytes.Buffer
		cfg := testConfig(t)
		cfg.Log = slog.New(slog.NewJSONHandler(&log, nil))
		cfg.Load, cfg.Input = load, strings.NewReader(text)
		s, stop := startStop(t, cfg)
		for {
			changed := s.stream.wait()
			if s.stream.next() == 6 { // behind the five lines that are not empty
				break
			}
			<-changed
		}
		bodies(t, s)
		stop()
		var lines []int
		for record := range strings.Lines(log.String()) {
			var r struct {
				Level string
				Line  int
			}
			if err := json.Unmarshal([]byte(record), &r); err != nil {
				t.Fatal(err)
			}
			if r.Level == "WARN" {
				lines = append(lines, r.Line)
			}
		}
		if diff := cmp.Diff([]int{3, 5}, lines); diff != "" {
			t.Errorf("-load %s: lines warned of (-want +got):\n%s", load, diff)
		}
		if strings.Contains(log.String(), "secret") || strings.Contains(log.String(), "planted") {
			t.Errorf("-load %s: the log shows what a line says: %s", load, &log)
		}
	}
}

func TestRestartGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Messages, cfg.Directory = 50, ""
	s, stop := startStop(t, cfg)
	if _, err := s.send(outgoing{From: "LinXiaoyu", To: "ZhouMingkai", Text: "一"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.addKey(keyRequest{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.sayNext(); err != nil {
		t.Fatal(err)
	}
	customer, employee := s.somePair()
	if err := s.changeRelation(relationChange{UserID: employee.ID, ExternalID: customer.ID, change: employeeDeleted}); err != nil {
		t.Fatal(err)
	}
	app(t, s, "message/send", `{"touser":"LinXiaoyu","msgtype":"text","agentid":1000012,"text":{"content":"在"}}`)
	before, ids := bodies(t, s)
	phone := s.phones.of("LinXiaoyu")
	stop()
	// A crash in the middle of a write leaves half a line.
	f, err := os.OpenFile(journalFile(cfg.DataDir), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"message":{"msgid":"ha`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}

	cfg.PublicKey = ""
	s, stop = startStop(t, cfg)
	after, idsAfter := bodies(t, s)
	if diff := cmp.Diff([][]string{before, ids}, [][]string{after, idsAfter}); diff != "" || len(after) != 52 {
		t.Errorf("%d messages after the restart (-want +got):\n%s", len(after), diff)
	}
	if s.KeyVersion() != 2 || s.keys.versionAt(51) != 1 || s.keys.versionAt(52) != 2 {
		t.Errorf("key versions after the restart: newest %d, 51: %d, 52: %d", s.KeyVersion(), s.keys.versionAt(51), s.keys.versionAt(52))
	}
	if _, related := s.directory.relation(employee.ID, customer.ID); related {
		t.Error("the deleted relation is back")
	}
	if got := s.phones.of("LinXiaoyu"); len(got) != 1 || got[0].MsgID != phone[0].MsgID {
		t.Errorf("phone after the restart = %+v", got)
	}
	stop()

	cfg.Messages = 51
	if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "another stream") {
		t.Errorf("New with another history: err = %v", err)
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	busy := start(t, testConfig(t))
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"same secrets", func(c *Config) { c.AppSecret = c.ArchiveSecret }, "must differ"},
		{"negative rate", func(c *Config) { c.Rate = -1 }, "rate"},
		{"listen address", func(c *Config) { c.Listen = "nowhere" }, "listen"},
		{"port in use", func(c *Config) { c.Listen = strings.TrimPrefix(busy.URL(), "http://") }, "listen"},
		{"data directory in use", func(c *Config) { c.DataDir = busy.DataDir() }, "another simulator"},
		{"callback token", func(c *Config) { c.AppCallback.Token = "a b" }, "token"},
		{"callback key", func(c *Config) { c.ArchiveCallback.AESKey = "short" }, "43"},
		{"callback address", func(c *Config) { c.AppCallback.URL = "ftp://x" }, "http"},
		{"huicun address", func(c *Config) { c.HuicunURL = "huicun" }, "http"},
		{"missing load", func(c *Config) { c.Load = filepath.Join(dir, "none") }, "none"},
		{"missing directory", func(c *Config) { c.Directory = filepath.Join(dir, "none") }, "none"},
		{"missing key", func(c *Config) { c.PublicKey = filepath.Join(dir, "none") }, "none"},
		{"no key", func(c *Config) { c.PublicKey = file("k.pem", "x") }, "no PEM"},
		{"private key", func(c *Config) {
			c.PublicKey = file("p.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
		}, "PRIVATE KEY"},
	} {
		cfg := testConfig(t)
		tt.change(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: err = %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestFilesOfLoadedMessagesAreUnknown asks for a file of somebody else's archive.
func TestFilesOfLoadedMessagesAreUnknown(t *testing.T) {
	t.Parallel()
	foreign := mediaFile{FileID: "307904020102047730", AuthKey: "v1_f00d"}
	cfg := testConfig(t)
	cfg.Load = filepath.Join(t.TempDir(), "foreign.jsonl")
	line := `{"msgid":"m1","action":"send","from":"a","tolist":["b"],"roomid":"","msgtime":1767578400000,"msgtype":"image",` +
		`"image":{"md5sum":"5f2b6c0e9d1a47b3a8c4e6f7d0b19283","filesize":184320,"sdkfileid":"` + foreign.sdkFileID() + `"}}` + "\n"
	if err := os.WriteFile(cfg.Load, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, cfg)
	if texts, _ := bodies(t, s); len(texts) != 1 || texts[0]+"\n" != line {
		t.Errorf("served %q", texts)
	}
	c := newSDKClient(t, s, nil)
	c.login()
	if p := c.part(foreign, 0, 1<<19); p.Code != 301048 || p.Content != nil || p.ranges != "" {
		t.Errorf("errcode %d, %d bytes, range %q; want 301048 and nothing", p.Code, len(p.Content), p.ranges)
	}
}
