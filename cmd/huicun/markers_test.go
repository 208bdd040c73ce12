package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"huicun/internal/wecomsim"
)

// markers are texts that must never be read in a log, by what they are.
type markers struct {
	mu    sync.Mutex
	texts map[string]string
}

func newMarkers() *markers { return &markers{texts: map[string]string{}} }

// plant remembers text as what, and gives it back.
func (m *markers) plant(what, text string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if text != "" {
		m.texts[text] = what
	}
	return text
}

// check fails the test for each marker that stands in log, as it is or as it is
// written in addresses, JSON and base64. It never shows the marker itself.
func (m *markers) check(t *testing.T, where, log string) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if log == "" {
		t.Errorf("%s is empty", where)
	}
	for text, what := range m.texts {
		for _, form := range []string{text, url.QueryEscape(text), url.PathEscape(text), escaped(text), base64.StdEncoding.EncodeToString([]byte(text))} {
			if at := strings.Index(log, form); at >= 0 {
				line := log[strings.LastIndexByte(log[:at], '\n')+1:]
				line, _, _ = strings.Cut(line, "\n")
				t.Errorf("%s has a %s: %s", where, what, strings.ReplaceAll(line, form, "<"+what+">"))
				break
			}
		}
	}
}

// escaped writes text as a JSON string with ASCII only.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < 0x80 {
			b.WriteRune(r)
			continue
		}
		j, _ := json.Marshal(string(r)) // a rune is always JSON
		b.WriteString(strings.Trim(string(j), `"`))
	}
	return b.String()
}

// What is said, typed and set, and must not be told on.
const (
	markedText  = "甲骨文暗语七七四九"
	markedPhone = "13877665544"
	markedName  = "隐姓埋名氏"
	markedRule  = "机密规则名"
	markedWord  = "机密词"
	markedNote  = "机密备注"
	markedFind  = "机密查找"
	markedFile  = "机密文件名"
	markedToken = "markedLinkToken-5Jw_8Ts"
	markedSDKID = "marked-sdkfileid-9Vb2"
)

// Nothing that is secret or was said stands in the log of huicun, of its helper
// processes and of its Postgres, whatever goes wrong, at the finest level.
func TestNoSecretAndNoChatTextInAnyLog(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "text"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			m := newMarkers()
			w := newWorld(t, m.change)
			env := m.environ(w, format)
			p := w.spawn("serve", env, nil)
			w.lookInside()
			w.liveDangerously(m)
			pg := privateDir(w.cfg)
			m.plant("password of Postgres", mustRead(t, filepath.Join(pg, "password")))
			for line := range strings.Lines(mustRead(t, filepath.Join(w.cfg.Finance.KeysDir, "private_key_v1.pem"))) {
				if !strings.HasPrefix(line, "-----") {
					m.plant("line of the private key", strings.TrimSpace(line))
				}
			}
			if err := p.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			<-p.done
			m.check(t, "the log", p.log.String())
			m.check(t, "the log of Postgres", mustRead(t, filepath.Join(pg, "server.log")))
			if !strings.Contains(p.log.String(), "DEBUG") || !strings.Contains(p.log.String(), "ERROR") && !strings.Contains(p.log.String(), "WARN") {
				t.Errorf("the log does not tell of what went wrong:\n%s", tail(p.log.String(), 2000))
			}
		})
	}
}

// change gives the simulator secrets of its own, and remembers the tokens and
// codes that come by.
func (m *markers) change(c *wecomsim.Config) {
	c.AppSecret = m.plant("secret of the app", "marked-app-secret-6Tq1Zr")
	c.ArchiveSecret = m.plant("secret of the archive", "marked-archive-secret-8Wm3Kp")
	c.ContactSecret = m.plant("secret of contacts", "marked-contact-secret-2Hd7Vx")
	c.ProxyPassword = "proxy:" + m.plant("password of the proxy", "marked-proxy-password-5Ys")
	c.AppCallback.Token = m.plant("token of a callback", "MarkedAppToken3Kd")
	c.AppCallback.AESKey = m.plant("key of a callback", "aWxGz7RbT2mVq9LdYc4NsHf6PjUa1EoXi8ZtCwB3MDy")
	c.ArchiveCallback.Token = m.plant("token of a callback", "MarkedArchiveToken9Rf")
	c.ArchiveCallback.AESKey = m.plant("key of a callback", "Bn5VtZ8cLw2RyXk7BmJd4HgPs9FaUe1ToIi6YqCxM3N")
	c.Middleware = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			m.plant("access_token", q.Get("access_token"))
			m.plant("code of a sign-in", q.Get("code"))
			next.ServeHTTP(rw, r)
		})
	}
}

// environ is the configuration with everything that is secret in it.
func (m *markers) environ(w *world, format string) []string {
	w.t.Helper()
	redis := miniredis.RunT(w.t)
	password := m.plant("password of Redis", "marked-redis-password-4Lc")
	redis.RequireAuth(password)
	w.t.Cleanup(redis.Close)
	w.cfg.Database.URL, w.cfg.Redis.URL = "", "redis://:"+password+"@"+redis.Addr()+"/0"
	return append(environ(w.cfg), "HUICUN_WECOM_CONTACT_SECRET="+w.cfg.WeCom.ContactSecret,
		"HUICUN_FINANCE_PROXY_PASSWORD="+w.cfg.Finance.ProxyPassword, "HUICUN_LOG_LEVEL=debug", "HUICUN_LOG_FORMAT="+format)
}

// liveDangerously lets people talk, read and sign in while WeCom, Postgres and
// the callbacks misbehave.
func (w *world) liveDangerously(m *markers) {
	w.t.Helper()
	w.await("huicun to serve", func() error {
		res, err := http.Get("http://" + w.address + "/readyz") //nolint:noctx // asked until it answers
		if err != nil {
			return err
		}
		return res.Body.Close()
	})
	admin := w.signIn("ZhouMingkai", true)
	m.session(admin)
	w.say(m, markedText+" "+markedWord+" "+markedPhone)
	w.waitReceived(1)
	admin.send(http.MethodPost, "/rules", map[string]any{
		"name": m.plant("name of a rule", markedRule), "words": []string{m.plant("word of a rule", markedWord)}, "severity": "high", "direction": "both",
		"scope_all": true, "scope_departments": []string{}, "scope_employees": []string{}, "subscribers": []string{admin.id}, "enabled": true,
	}, nil)
	again := w.signIn("ZhouMingkai", true)
	m.session(again)
	w.call(http.MethodPost, "/sim/faults", map[string]any{"seed": 3, "faults": []wecomsim.Fault{
		{Kind: "api.error", Code: 45009, Path: "message/send", Every: 2},
		{Kind: "api.error", Code: 40014, Path: "user/*"},
		{Kind: "api.reset", Path: "externalcontact/*"},
		{Kind: "api.garbage", Path: "auth/*"},
		{Kind: "api.cut_body", Bytes: 40, Every: 3},
		{Kind: "page.bad_cipher", Every: 5, Times: 2},
		{Kind: "page.bad_key", Every: 4, Times: 2},
		{Kind: "proxy.drop", Every: 5},
		{Kind: "stream.malformed", Every: 3},
		{Kind: "stream.control", Every: 4},
		{Kind: "stream.wrong_types", Every: 3},
		{Kind: "callback.forged_signature", Every: 2},
		{Kind: "callback.forged_cipher", Every: 3},
		{Kind: "send.lost_answer", Every: 2},
	}}, nil)
	for range 6 {
		w.say(m, markedText+" "+markedWord)
	}
	w.sayMalformed(m)
	w.showFile(m)
	w.misuse(m, admin, again)
	w.breakDatabase(admin)
	w.call(http.MethodDelete, "/sim/faults", nil, nil)
	w.say(m, markedText)
	total := int64(len(w.simMessages()))
	w.waitFor("all messages", func() bool { return w.state().Received >= total })
	w.openFiles(m, admin)
}

// showFile sends a file that WeCom does not hold.
func (w *world) showFile(m *markers) {
	w.t.Helper()
	raw, err := json.Marshal(map[string]any{
		"msgid": "marked-file", "action": "send", "from": "LinXiaoyu", "tolist": []string{customer}, "roomid": "", "msgtime": time.Now().UnixMilli(), "msgtype": "file",
		"file": map[string]any{
			"sdkfileid": m.plant("sdkfileid", markedSDKID), "filename": m.plant("name of a file", markedFile) + ".pdf", "fileext": "pdf", "filesize": 9, "md5sum": "",
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.call(http.MethodPost, "/sim/messages", map[string]string{"raw": string(raw)}, nil)
}

var mediaLink = regexp.MustCompile(`/api/v1/media/([\w.-]+)`)

// openFiles reads the tabs of the chat, opens what is in them, and links that
// nobody was given.
func (w *world) openFiles(m *markers, admin *browser) {
	w.t.Helper()
	var conv string
	w.waitFor("the message with the file", func() bool {
		return w.db.Get(&conv, `SELECT CAST(conv_id AS text) FROM messages WHERE msgid = 'marked-file'`) == nil
	})
	w.call(http.MethodPost, "/sim/samples", map[string]string{"name": "image.qr_link", "from": "LinXiaoyu", "to": customer}, nil)
	var codes []string
	w.waitFor("the picture with a QR code", func() bool {
		return w.db.Select(&codes, `SELECT unnest(codes) FROM media_objects`) == nil && len(codes) > 0
	})
	for _, code := range codes {
		m.plant("content of a QR code", code)
	}
	m.plant("token of a link", markedToken)
	paths := []string{"/api/v1/media/" + markedToken, "/api/v1/media/" + markedToken + "/", "/api/v1/media/x/" + markedToken, "/media/" + markedToken}
	for _, tab := range []string{"visual", "file", "link", "voice"} {
		var body string
		w.waitFor("the tab "+tab, func() bool {
			_, body = admin.do(http.MethodGet, "/api/v1/conversations/"+conv+"/media?tab="+tab, nil)
			return tab != "file" || strings.Contains(body, markedFile)
		})
		for _, link := range mediaLink.FindAllStringSubmatch(body, -1) {
			paths = append(paths, link[0])
			m.plant("token of a link", link[1])
		}
		if tab == "visual" && !mediaLink.MatchString(body) {
			w.t.Errorf("the picture has no link: %s", body)
		}
	}
	for _, path := range paths {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
			admin.do(method, path, nil)
		}
	}
}

// session remembers what a browser was given.
func (m *markers) session(b *browser) {
	at, err := url.Parse(b.base)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.http.Jar.Cookies(at) {
		if !strings.HasPrefix(c.Name, "wecomsim") {
			m.plant("cookie "+c.Name, c.Value)
		}
	}
	m.plant("CSRF token", b.csrf)
}

func (w *world) say(m *markers, text string) {
	w.t.Helper()
	m.plant("text of a chat", markedText)
	m.plant("phone number", markedPhone)
	w.call(http.MethodPost, "/sim/messages", map[string]string{"from": "LinXiaoyu", "to": customer, "text": text}, nil)
}

// sayMalformed sends what cannot be read, with something said in it.
func (w *world) sayMalformed(m *markers) {
	w.t.Helper()
	m.plant("name in a message", markedName)
	for _, raw := range []string{
		`{"msgid":"cut","msgtype":"text","text":{"content":"` + markedText,
		`{"msgid":"` + markedText + `","action":"send","from":"` + markedName + `","tolist":["` + markedName + `"],"msgtime":1767240011874,"msgtype":"` + markedText + `"}`,
		`{"msgid":"types","action":["` + markedText + `"],"from":{"a":"` + markedName + `"},"tolist":"` + markedName + `","msgtime":"` + markedText + `","msgtype":"text","text":"` + markedText + `"}`,
		`["` + markedText + `"]`,
		markedText + "\x00\x01",
	} {
		w.call(http.MethodPost, "/sim/messages", map[string]string{"raw": raw}, nil)
	}
}

// misuse does what strangers and careless people do.
func (w *world) misuse(m *markers, admin, again *browser) {
	w.t.Helper()
	find := url.QueryEscape(m.plant("text looked for", markedFind))
	for _, path := range []string{"/conversations/1/find?q=" + find, "/employees?q=" + find, "/conversations/" + find, "/conversations/1/messages?around=" + find, "/violations?tab=" + find} {
		admin.get(path, nil)
	}
	admin.do(http.MethodPost, "/api/v1/rules", map[string]any{"name": strings.Repeat(markedRule, 99), "words": markedWord})
	admin.do(http.MethodPatch, "/api/v1/violations/1", map[string]any{"state": m.plant("note", markedNote), "note": markedNote})
	admin.do(http.MethodGet, "/auth/callback?code="+m.plant("code of a sign-in", "marked-code-7Pz")+"&state=marked-code-7Pz", nil)
	admin.do(http.MethodPost, "/wecom/callback/app?msg_signature=x&timestamp=1&nonce=2", "<xml><Encrypt>"+markedText+"</Encrypt></xml>")
	admin.do(http.MethodGet, "/wecom/callback/archive?msg_signature=x&timestamp=1&nonce=2&echostr="+find, nil)
	admin.do(http.MethodPost, "/api/v1/client-errors", map[string]any{"route": "chat", "build": "b", "stack": "Error: " + markedText + "\n at f (/assets/a.js?" + markedFind + ":1:2)"})
	thief := &browser{t: w.t, base: admin.base, http: &http.Client{}}
	if status := thief.get("/me", nil); status != http.StatusUnauthorized {
		w.t.Errorf("without a session GET /me answers %d", status)
	}
	again.do(http.MethodPost, "/api/v1/logout", nil)
	again.get("/me", nil)
}

// breakDatabase ends the connections in the middle of what they do, also of
// what somebody asks for.
func (w *world) breakDatabase(admin *browser) {
	w.t.Helper()
	for range 5 {
		if _, err := w.db.ExecContext(w.t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`); err != nil {
			w.t.Fatal(err)
		}
		admin.get("/conversations/1/find?q="+url.QueryEscape(markedFind), nil)
		admin.get("/employees?q="+url.QueryEscape(markedFind), nil)
	}
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// A huicun that cannot start says why without the secrets it was given.
func TestFailedStartsTellNoSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	nobody := freeAddress(t)
	for _, tt := range []struct {
		name string
		env  []string
	}{
		{"the database is not there", []string{"HUICUN_DATABASE_URL=postgres://huicun:marked-secret@" + nobody + "/x?connect_timeout=1", "HUICUN_DATABASE_TIMEOUT=1s"}},
		{"the address of the database is none", []string{"HUICUN_DATABASE_URL=postgres://huicun:marked-secret@[::1/x"}},
		{"the address of the database has another scheme", []string{"HUICUN_DATABASE_URL=mysql://huicun:marked-secret@h/x"}},
		{"the address of Redis is none", []string{"HUICUN_REDIS_URL=redis://:marked-secret@[::1/0"}},
		{"the address of Redis has another scheme", []string{"HUICUN_REDIS_URL=http://:marked-secret@h/0"}},
		{"the key of a callback is too short", []string{"HUICUN_CALLBACK_APP_AES_KEY=marked-secret"}},
		{"another setting is wrong", []string{"HUICUN_WECOM_AGENT_ID=x", "HUICUN_WECOM_APP_SECRET=marked-secret"}},
		{"a setting that nobody knows", []string{"HUICUN_WECOM_APP_SECRETS=marked-secret"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := append(environ(w.cfg), "HUICUN_DATA_DIR="+t.TempDir(), "HUICUN_SERVER_LISTEN=127.0.0.1:0", "HUICUN_LOG_LEVEL=debug")
			other := &world{t: t}
			p := other.spawn("serve", append(env, tt.env...), nil)
			other.await("it to give up", func() error {
				select {
				case <-p.done:
					return nil
				default:
					return errors.New("it runs")
				}
			})
			said := p.log.String()
			if p.ProcessState.Success() || said == "" {
				t.Errorf("it ends with %v and says %q", p.ProcessState, said)
			}
			if strings.Contains(said, "marked-secret") {
				t.Errorf("the secret is told: %s", strings.ReplaceAll(said, "marked-secret", "<secret>"))
			}
		})
	}
}
