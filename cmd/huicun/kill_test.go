package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"huicun/internal/config"
	"huicun/internal/pgserver"
	"huicun/internal/store"
	"huicun/internal/wecomsim"
)

// environ writes a configuration as environment variables.
func environ(c config.Config) []string {
	return append(append(os.Environ(), searchEnviron(c)...),
		"HUICUN_DATA_DIR="+c.DataDir, "HUICUN_SERVER_LISTEN="+c.Server.Listen, "HUICUN_SERVER_PUBLIC_URL="+c.Server.PublicURL,
		"HUICUN_DATABASE_URL="+c.Database.URL, "HUICUN_DATABASE_MAX_CONNS="+strconv.Itoa(c.Database.MaxConns), "HUICUN_DATABASE_TIMEOUT="+c.Database.Timeout.String(), "HUICUN_REDIS_URL="+c.Redis.URL,
		"HUICUN_WECOM_CORP_ID="+c.WeCom.CorpID, "HUICUN_WECOM_AGENT_ID="+strconv.Itoa(c.WeCom.AgentID),
		"HUICUN_WECOM_APP_SECRET="+c.WeCom.AppSecret, "HUICUN_WECOM_ARCHIVE_SECRET="+c.WeCom.ArchiveSecret,
		"HUICUN_WECOM_API_BASE="+c.WeCom.APIBase, "HUICUN_WECOM_OAUTH_BASE="+c.WeCom.OAuthBase, "HUICUN_WECOM_WEB_LOGIN_BASE="+c.WeCom.WebLoginBase,
		"HUICUN_FINANCE_CLIENT="+c.Finance.Client, "HUICUN_FINANCE_LIBRARY="+c.Finance.Library, "HUICUN_FINANCE_KEYS_DIR="+c.Finance.KeysDir,
		"HUICUN_FINANCE_PROXY="+c.Finance.Proxy, "HUICUN_FINANCE_CA_FILE="+c.Finance.CAFile, "HUICUN_FINANCE_WORKERS="+strconv.Itoa(c.Finance.Workers),
		"HUICUN_FINANCE_TIMEOUT="+c.Finance.Timeout.String(), "HUICUN_SYNC_INTERVAL="+c.Sync.Interval.String(),
		"HUICUN_CALLBACK_APP_TOKEN="+c.Callback.App.Token, "HUICUN_CALLBACK_APP_AES_KEY="+c.Callback.App.AESKey,
		"HUICUN_CALLBACK_ARCHIVE_TOKEN="+c.Callback.Archive.Token, "HUICUN_CALLBACK_ARCHIVE_AES_KEY="+c.Callback.Archive.AESKey,
		"HUICUN_FINANCE_INTERVAL="+c.Finance.Interval.String(), "HUICUN_FINANCE_PAGE_SIZE="+strconv.Itoa(c.Finance.PageSize),
		"HUICUN_ACCESS_ADMINS=ZhouMingkai", "HUICUN_LOG_FORMAT=text")
}

// A huicun with a Postgres of its own is killed with -9 again and again while
// it pulls; each start goes on with the same data, and in the end everything
// is there once.
func TestKillNineWithPrivatePostgres(t *testing.T) {
	t.Parallel()
	const all = 2000
	w := newWorld(t, func(c *wecomsim.Config) { c.Messages = all })
	w.cfg.Database.URL, w.cfg.Finance.PageSize = "", 100
	var last int64
	for round := range 3 {
		p := w.start()
		w.lookInside()
		w.waitReceived(last + 350)
		p.kill()
		s := w.snapshot()
		if !s.Recount.Agrees(s.State) {
			t.Errorf("after kill %d: rows %+v, counters %+v", round+1, *s.Recount, s.State)
		}
		if last = s.Received; last >= all {
			t.Fatalf("kill %d came after the last message", round+1)
		}
	}
	p := w.start()
	w.lookInside()
	w.waitReceived(all)
	w.checkStored()
	w.checkStatusCommand(all)
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if <-p.done; !p.ProcessState.Success() {
		t.Errorf("a clean stop ended with %v", p.ProcessState)
	}
	if _, err := pgserver.Find(t.Context(), privateDir(w.cfg)); err == nil {
		t.Error("the private postgres still runs after a clean stop")
	}
}

// lookInside opens the private database of the running process.
func (w *world) lookInside() {
	w.t.Helper()
	_ = w.db.Close()
	w.waitFor("the private postgres", func() bool {
		url, err := pgserver.Find(w.t.Context(), privateDir(w.cfg))
		if err != nil {
			return false
		}
		db, err := store.Open(w.t.Context(), store.Options{URL: url, MaxConns: 2})
		if err != nil {
			return false
		}
		if ok, err := db.Migrated(w.t.Context()); err != nil || !ok {
			_ = db.Close()
			return false
		}
		w.db = db
		return true
	})
	w.t.Cleanup(func() { _ = w.db.Close() })
}

// checkStatusCommand runs huicun status beside the running server, which received
// so many messages.
func (w *world) checkStatusCommand(received int64) {
	w.t.Helper()
	var out, errs bytes.Buffer
	code := run(w.t.Context(), []string{"status", "-json", "-recount"}, config.Environ(environ(w.cfg)), &out, &errs)
	var r statusReport
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || code != 0 {
		w.t.Fatalf("huicun status: exit %d, %v\n%s%s", code, err, out.String(), errs.String())
	}
	if !r.Balanced || r.Recount == nil || !r.Recount.Agrees || r.Received != received || r.WindowLeft == nil || time.Duration(*r.WindowLeft)*time.Second > 5*24*time.Hour {
		w.t.Errorf("huicun status: %s", out.String())
	}
}
