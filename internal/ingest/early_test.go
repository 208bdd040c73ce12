package ingest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// snapshot is a database that always says the same.
type snapshot Snapshot

func (s snapshot) ReadStatus(context.Context, int, bool) (Snapshot, error) { return Snapshot(s), nil }

// What only a person can mend is in the status at once, and is an alarm later.
func TestWhatNeedsAPersonIsShownAtOnce(t *testing.T) {
	t.Parallel()
	missing := func(since time.Duration) []QuarantineGroup {
		return []QuarantineGroup{{PublicKeyVer: 2, Reason: ReasonKeyMissing, Messages: 7, Oldest: *ago(since)}}
	}
	mended := failing(time.Minute, ClassStop, 301042)
	mended.LastError = ""
	for _, tt := range []struct {
		name string
		snap Snapshot
		want []string // title, detail, early
	}{
		{"address not trusted", failing(time.Minute, ClassStop, 301042), []string{"拉取失败", "本机出口 IP 不在可信 IP 名单中（错误码 301042）", "early"}},
		{"SDK missing", failing(time.Minute, ClassStop, 0), []string{"拉取失败", "会话存档 SDK 无法启动：why", "early"}},
		{"address not trusted for long", failing(time.Hour, ClassStop, 301042), []string{"会话存档停止拉取", "本机出口 IP 不在可信 IP 名单中（错误码 301042）", ""}},
		{"trying again may mend it", failing(time.Minute, ClassRetry, -1), nil},
		{"mended", mended, nil},
		{"key missing", Snapshot{Quarantine: missing(0)}, []string{"有消息缺少私钥，暂时无法查看", "第 2 版私钥：7 条消息", "early"}},
		{"key missing for long", Snapshot{Quarantine: missing(time.Hour)}, []string{"有消息缺少私钥，暂时无法查看", "第 2 版私钥：7 条消息", ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.snap.Now = noon
			st, err := (&Monitor{Store: snapshot(tt.snap)}).Status(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, tr := range st.Troubles {
				got = append(got, tr.Title, tr.Detail, map[bool]string{true: "early"}[tr.Early])
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("troubles (-want +got):\n%s", diff)
			}
			if st.Unwell() != (tt.want != nil) {
				t.Errorf("Unwell() = %v with %v", st.Unwell(), got)
			}
		})
	}
}

// Admins get no app message about it before its time, and an alarm ends even
// if something new of its kind begins.
func TestEarlyTroubleIsNoAlarm(t *testing.T) {
	t.Parallel()
	clock := noon
	l := &ledger{snap: failing(time.Minute, ClassStop, 301042)}
	l.snap.Now = noon
	a := watchers(l, &phone{}, &clock)[0]
	if err := a.Check(t.Context()); err != nil || l.raised != nil {
		t.Fatalf("Check = %v, raised %q, want none", err, l.raised)
	}
	l.snap.Alarms = []OpenAlarm{{Subject: SubjectPull, Cause: CauseNetwork, Since: *ago(time.Hour), Step: 1}}
	if err := a.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"pull over: 会话存档已恢复拉取"}, l.raised); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
}

func TestCauseOfTheLastError(t *testing.T) {
	t.Parallel()
	if got := (Status{Snapshot: failing(0, ClassStop, 40001)}).LastCause(); got != CauseSecret {
		t.Errorf("LastCause() = %q, want %q", got, CauseSecret)
	}
	if got := (Status{}).LastCause(); got != "" {
		t.Errorf("LastCause() = %q, want none", got)
	}
}

func TestCardsReadWell(t *testing.T) {
	t.Parallel()
	c := cards{publicURL: "https://huicun.example.com", zone: time.FixedZone("", 8*3600)}
	from := time.Date(2026, 11, 22, 8, 7, 0, 0, time.UTC)
	ended := func(cause, subject string, lasted time.Duration) string {
		var s Status
		s.Now = from.Add(lasted)
		return c.ended(OpenAlarm{Subject: subject, Cause: cause, Since: from}, s).Description
	}
	pull := Trouble{Subject: SubjectPull, Cause: CauseTrustedIP, Since: from, For: 11 * time.Minute}
	pull.explain(Status{Snapshot: failing(time.Hour, ClassStop, 301042)})
	for _, tt := range []struct {
		name, card, want string
	}{
		{
			"over on the same day, its cause being a figure", ended(CauseKeyMissing, SubjectKeys, 11*time.Minute),
			`<div class="gray">11月22日 16:07 至 16:18，共 11 分钟</div>`,
		},
		{
			"over on another day", ended(CauseNetwork, SubjectPull, 24*time.Hour),
			`<div class="gray">11月22日 16:07 至 11月23日 16:07，共 1 天</div><div class="normal">原因：连不上企业微信</div><div class="normal">中断期间的消息会补拉回来，没有丢失</div>`,
		},
		{
			"raised", c.raised(pull, 1).Description,
			`<div class="gray">11月22日 16:07 起，已持续 11 分钟</div><div class="normal">原因：本机出口 IP 不在可信 IP 名单中（错误码 301042）</div>` +
				`<div class="highlight">企业微信只保留 5 天：4 天 23 小时后，还没拉取的消息开始丢失</div>` +
				`<div class="normal">处理：请在企业微信管理后台 → 管理工具 → 会话内容存档 → 可信IP地址中加入本机的公网出口 IP；加入后会自动恢复</div>`,
		},
	} {
		if diff := cmp.Diff(tt.want, tt.card); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	for cause, e := range explanations {
		if strings.ContainsAny(e.title+e.detail+e.next, "<>&") {
			t.Errorf("the words of %s have a character that phones show as an entity", cause)
		}
	}
}

func TestKeyFilesAreNamed(t *testing.T) {
	t.Parallel()
	var s Status
	for v := range 5 {
		s.Quarantine = append(s.Quarantine, QuarantineGroup{PublicKeyVer: v + 1, Reason: ReasonKeyMissing})
	}
	s.Quarantine[0].Reason = ReasonMalformed
	if got, want := keyFiles(s), "private_key_v2.pem、private_key_v3.pem、private_key_v4.pem 等"; got != want {
		t.Errorf("keyFiles = %q, want %q", got, want)
	}
	s.Quarantine = s.Quarantine[:2]
	if got, want := keyFiles(s), "private_key_v2.pem"; got != want {
		t.Errorf("keyFiles = %q, want %q", got, want)
	}
}
