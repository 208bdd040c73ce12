package main

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/config"
	"huicun/internal/ingest"
	"huicun/internal/store"
	"huicun/internal/wecomsim"
)

// age makes everything that the database remembers older by d: the clock of
// these tests. Work in hand is let finish first: it would be late at once.
func (w *world) age(d time.Duration) {
	w.t.Helper()
	w.waitFor("the work in hand", func() bool {
		return w.count(`SELECT count(*) FROM outbox WHERE kind IN ('scan', 'callback') AND state IN ('available', 'running')`) == 0
	})
	for _, q := range []string{
		`UPDATE pull_state SET last_success_at = last_success_at - $1::interval, caught_up_at = caught_up_at - $1::interval,
			expected_since = expected_since - $1::interval`,
		`UPDATE pulls SET started_at = started_at - $1::interval, finished_at = finished_at - $1::interval`,
		`UPDATE alarms SET since = since - $1::interval`,
		`UPDATE outbox SET created_at = created_at - $1::interval`,
		`UPDATE quarantine SET received_at = received_at - $1::interval`,
	} {
		if _, err := w.db.Exec(q, d.String()); err != nil {
			w.t.Fatal(err)
		}
	}
}

// watch looks once, as two replicas that look at the same time.
func (w *world) watch(a *app) {
	w.t.Helper()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			alarm := &ingest.Alarm{
				Monitor: a.monitor(), Store: a.db, Sender: sender{a.wecom}, PublicURL: a.cfg.Server.PublicURL, Zone: a.zone,
			}
			if err := alarm.Check(w.t.Context()); err != nil {
				w.t.Error(err)
			}
		})
	}
	wg.Wait()
}

// faults puts other faults in the place of all.
func (w *world) faults(all ...wecomsim.Fault) {
	w.t.Helper()
	if err := w.sim.SetFaults(1, all...); err != nil {
		w.t.Fatal(err)
	}
}

// wantTitles waits for the cards of the admin, and makes sure that no more
// notices are on their way.
func (w *world) wantTitles(want ...string) []card {
	w.t.Helper()
	w.waitFor("notices to leave", func() bool {
		var n int
		if err := w.db.Get(&n, `SELECT count(*) FROM outbox WHERE kind = 'notice' AND state <> 'completed'`); err != nil {
			w.t.Fatal(err)
		}
		return n == 0
	})
	cards := w.phone("ZhouMingkai")
	got := []string{}
	for _, c := range cards {
		got = append(got, c.Title)
	}
	if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
		w.t.Fatalf("cards (-want +got):\n%s", diff)
	}
	return cards
}

// failing waits until the newest record of pulls is an error of this code.
func (w *world) failing(code int) {
	w.t.Helper()
	w.waitFor("a failed pull", func() bool {
		s, err := w.db.ReadStatus(w.t.Context(), 1, false)
		return err == nil && len(s.Pulls) == 1 && s.Pulls[0].Outcome == ingest.OutcomeError && s.Pulls[0].ErrorCode == code
	})
}

// pulling waits until WeCom has answered again.
func (w *world) pulling(a *app) {
	w.t.Helper()
	w.waitFor("a good pull", func() bool {
		poke(a.keysChanged) // ends the pause after a failure
		s := w.state()
		return s.CaughtUpAt != nil && s.LastError == "" && time.Since(*s.CaughtUpAt) < time.Minute
	})
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q is not in %s", p, text)
		}
	}
}

func TestAlarmWhenPullingStandsStill(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a, _ := w.mustRun()
	admin := w.signIn("ZhouMingkai", true)
	w.pulling(a)
	w.age(11 * time.Minute)
	w.pulling(a)
	w.watch(a)
	w.wantTitles() // nobody wrote anything; that is all

	w.faults(wecomsim.Fault{Kind: "api.error", Path: "message/getchatdata", Code: 301042})
	w.failing(301042)
	w.watch(a)
	w.wantTitles() // not for long enough
	w.wantWords(admin, "拉取失败", "本机出口 IP 不在可信 IP 名单中（错误码 301042）")
	contains(t, w.statusText(1), "attention    pulling fails: WeCom does not trust the address of this machine, since 20", "alarm        none", "lag level    none")
	w.age(10 * time.Minute)
	w.watch(a)
	cards := w.wantTitles("会话存档停止拉取")
	contains(t, cards[0].Description, "已持续 10 分钟", "可信 IP", "301042", "管理后台", "4 天 23 小时后")
	if !strings.HasPrefix(cards[0].URL, w.cfg.Server.PublicURL+"/admin/status") {
		t.Errorf("the card leads to %s", cards[0].URL)
	}
	w.wantWords(admin, "会话存档停止拉取", "本机出口 IP 不在可信 IP 名单中（错误码 301042）", "加入后会自动恢复")

	contains(t, w.statusText(1), "alarm        pulling stands still: WeCom does not trust the address of this machine, since 20", "             处理：请在企业微信管理后台 → ")

	w.watch(a) // told before
	w.wantTitles("会话存档停止拉取")
	still := []string{"会话存档停止拉取"} // 10 min, then 1 h, 24 h, 72 h, 118 h, 119 h
	for _, d := range []time.Duration{50 * time.Minute, 23 * time.Hour, 48 * time.Hour, 46 * time.Hour, 61 * time.Minute} {
		w.age(d)
		w.watch(a)
		still = append(still, "会话存档停止拉取")
		cards = w.wantTitles(still...) // what has not left makes way for what comes later
	}
	contains(t, cards[5].Description, "已持续 4 天 23 小时", "后，还没拉取的消息开始丢失")

	w.faults()
	w.pulling(a)
	w.watch(a)
	w.watch(a)
	cards = w.wantTitles(append(still, "会话存档已恢复拉取")...)
	contains(t, cards[6].Description, "共 4 天 23 小时", "可信 IP", "没有丢失")
}

// statusText is what huicun status prints, which must exit with want.
func (w *world) statusText(want int) string {
	w.t.Helper()
	var out, errs bytes.Buffer
	if code := run(w.t.Context(), []string{"status"}, config.Environ(environ(w.cfg)), &out, &errs); code != want {
		w.t.Errorf("huicun status: exit %d, want %d\n%s%s", code, want, out.String(), errs.String())
	}
	return out.String()
}

// wantWords looks for the words of a trouble in huicun status and in GET /status.
func (w *world) wantWords(admin *browser, parts ...string) {
	w.t.Helper()
	contains(w.t, w.statusText(1), parts...)
	var st struct {
		Troubles []struct{ Title, Detail, Next string }
	}
	if code := admin.get("/status", &st); code != http.StatusOK || len(st.Troubles) != 1 {
		w.t.Fatalf("GET /status answers %d: %+v", code, st)
	}
	contains(w.t, st.Troubles[0].Title+st.Troubles[0].Detail+st.Troubles[0].Next, parts...)
}

// While app messages do not get through either, the newest step waits, and goes
// out as soon as it can: it says since when.
func TestAlarmWhileWeComIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.faults(wecomsim.Fault{Kind: "api.error", Code: -1})
	a, _ := w.mustRun()
	w.failing(-1) // the very first pull
	w.age(10 * time.Minute)
	w.watch(a)
	refused := `SELECT count(*) FROM alerts WHERE alarm_id IS NOT NULL AND state = 'pending' AND attempt > 0`
	w.waitFor("WeCom to refuse the notice", func() bool { return w.count(refused) == 1 })
	w.age(50 * time.Minute)
	w.watch(a)
	w.due()
	w.waitFor("WeCom to refuse the later notice", func() bool {
		return w.count(`SELECT count(*) FROM alerts WHERE alarm_id IS NOT NULL AND step = 2 AND attempt > 0`) == 1
	})
	w.faults()
	w.due()
	cards := w.wantTitles("会话存档停止拉取")
	contains(t, cards[0].Description, "已持续 1 小时", "企业微信系统繁忙")
	w.pulling(a)
	w.watch(a)
	w.wantTitles("会话存档停止拉取", "会话存档已恢复拉取")
}

func (w *world) count(query string) int {
	w.t.Helper()
	var n int
	if err := w.db.Get(&n, query); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// due makes what waits for another attempt run now.
func (w *world) due() {
	w.t.Helper()
	w.waitFor("no attempt under way", func() bool { return w.count(`SELECT count(*) FROM outbox WHERE state = 'running'`) == 0 })
	if _, err := w.db.Exec(`UPDATE outbox SET scheduled_at = now() WHERE state = 'retryable'`); err != nil {
		w.t.Fatal(err)
	}
	if err := w.db.Notify(w.t.Context(), store.ChannelOutbox); err != nil {
		w.t.Fatal(err)
	}
}

func TestAlarmOfAMissingKeyAndOfWorkThatWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *wecomsim.Config) { c.Messages = 5 })
	a, _ := w.mustRun()
	w.waitReceived(5)
	w.call(http.MethodPost, "/sim/keys", map[string]any{}, nil)
	w.call(http.MethodPost, "/sim/messages", map[string]string{"from": "LinXiaoyu", "to": "ZhouMingkai", "text": "新钥匙之后"}, nil)
	w.waitReceived(6)
	contains(t, w.statusText(1), "attention    messages cannot be read: a private key is missing, since 20", "private_key_v2.pem")
	w.age(10 * time.Minute)
	w.pulling(a)
	w.watch(a)
	cards := w.wantTitles("有消息缺少私钥，暂时无法查看")
	contains(t, cards[0].Description, "第 2 版私钥：1 条消息", "密钥目录", "不会丢失")
	w.giveKey(2)
	w.waitFor("quarantine to open", func() bool { return w.state().Stored == 6 })
	w.watch(a)
	w.wantTitles("有消息缺少私钥，暂时无法查看", "缺少私钥的消息已可查看")

	var id int64
	if err := w.db.Get(&id, `INSERT INTO outbox (kind, args, state, created_at, scheduled_at, errors)
		VALUES ('scan', '{"batch_id":1}', 'retryable', now() - interval '11 minutes', now() + interval '1 hour', '{no scanning today}') RETURNING id`); err != nil {
		t.Fatal(err)
	}
	w.watch(a)
	cards = w.wantTitles("有消息缺少私钥，暂时无法查看", "缺少私钥的消息已可查看", "敏感词检查停滞")
	contains(t, cards[2].Description, "1 批消息还没有检查", "no scanning today")
	w.due()
	w.waitFor("the batch to be scanned", func() bool {
		return w.count(`SELECT count(*) FROM outbox WHERE kind = 'scan' AND state <> 'completed'`) == 0
	})
	w.watch(a)
	w.wantTitles("有消息缺少私钥，暂时无法查看", "缺少私钥的消息已可查看", "敏感词检查停滞", "敏感词检查与告警已恢复")
}
