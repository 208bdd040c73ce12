package ingest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 1, 5, 4, 0, 0, 0, time.UTC)

// ago is a time before noon.
func ago(d time.Duration) *time.Time {
	t := noon.Add(-d)
	return &t
}

// failing is a status whose last pull failed a moment ago, and whose last good
// one is so long ago.
func failing(since time.Duration, class Class, code int) Snapshot {
	return Snapshot{
		State:  State{LastSuccessAt: ago(since), CaughtUpAt: ago(since), LastError: "why"},
		Puller: "p", Pulls: []Pull{{Outcome: OutcomeError, FinishedAt: noon, ErrorClass: string(class), ErrorCode: code, Error: "why"}},
	}
}

func TestDiagnose(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	quarantine := func(reason string, oldest time.Duration) []QuarantineGroup {
		return []QuarantineGroup{{PublicKeyVer: 2, Reason: reason, Messages: 7, Oldest: *ago(oldest)}}
	}
	queue := func(kind string, oldest time.Duration) []Queue {
		return []Queue{{Kind: kind, Items: 3, Oldest: *ago(oldest), Error: "why"}}
	}
	for _, tt := range []struct {
		name string
		snap Snapshot
		want []string // subject, cause, detail
	}{
		{"all is well", Snapshot{State: State{LastSuccessAt: ago(time.Second), CaughtUpAt: ago(time.Second)}, Puller: "p"}, nil},
		{"nobody writes: answers are empty", Snapshot{State: State{LastSuccessAt: ago(0), CaughtUpAt: ago(0), LastMsgTime: ago(3 * day)}, Puller: "p"}, nil},
		{"nobody was ever to pull", Snapshot{}, nil},
		{"just started", Snapshot{ExpectedSince: ago(time.Minute), Puller: "p"}, nil},
		{"not for long enough", failing(9*time.Minute, ClassStop, 301042), nil},
		{"address not trusted", failing(10*time.Minute, ClassStop, 301042), []string{"pull", "trusted_ip", "本机出口 IP 不在可信 IP 名单中（错误码 301042）"}},
		{"secret wrong", failing(time.Hour, ClassStop, 40001), []string{"pull", "secret", "企业 ID 或会话存档 Secret 不正确（错误码 40001）"}},
		{"archive expired", failing(time.Hour, ClassStop, 301052), []string{"pull", "disabled", "企业没有开通会话内容存档，或者已经到期（错误码 301052）"}},
		{"too many calls", failing(time.Hour, ClassWait, 45009), []string{"pull", "limit", "调用次数超过企业微信的频率限制（错误码 45009）"}},
		{"busy", failing(time.Hour, ClassRetry, -1), []string{"pull", "busy", "企业微信系统繁忙（错误码 -1）"}},
		{"no network", failing(time.Hour, ClassRetry, 10001), []string{"pull", "network", "连不上企业微信（错误码 10001）"}},
		{"SDK missing", failing(time.Hour, ClassStop, 0), []string{"pull", "setup", "会话存档 SDK 无法启动：why"}},
		{"page not stored", failing(time.Hour, ClassStore, 0), []string{"pull", "storage", "数据库存不进拉取到的消息：why"}},
		{"something else", failing(time.Hour, ClassRetry, 10003), []string{"pull", "other", "拉取出错：why"}},
		{"no process", Snapshot{State: State{LastSuccessAt: ago(time.Hour)}}, []string{"pull", "nobody", "没有进程在拉取"}},
		{"no answer", Snapshot{State: State{LastSuccessAt: ago(time.Hour)}, Puller: "p"}, []string{"pull", "silent", "拉取进程在运行，但是一直没有得到任何结果"}},
		{
			"an old error is no cause", Snapshot{
				State: State{LastSuccessAt: ago(time.Hour)}, Puller: "p",
				Pulls: []Pull{{Outcome: OutcomeError, FinishedAt: *ago(2 * time.Hour), ErrorCode: 301042}},
			}, []string{"pull", "silent", "拉取进程在运行，但是一直没有得到任何结果"},
		},
		{
			"never worked", Snapshot{
				ExpectedSince: ago(time.Hour), Puller: "p",
				Pulls: []Pull{{Outcome: OutcomeError, FinishedAt: noon, ErrorCode: 40013}},
			}, []string{"pull", "secret", "企业 ID 或会话存档 Secret 不正确（错误码 40013）"},
		},
		{
			"does not catch up",
			Snapshot{State: State{LastSuccessAt: ago(0), CaughtUpAt: ago(25 * time.Hour)}, Puller: "p"},
			[]string{"pull", "behind", "一直在拉取，但是没有追上新消息"},
		},
		{"key on its way", Snapshot{Quarantine: quarantine(ReasonKeyMissing, time.Minute)}, nil},
		{"key missing", Snapshot{Quarantine: quarantine(ReasonKeyMissing, time.Hour)}, []string{"keys", "key_missing", "第 2 版私钥：7 条消息"}},
		{"key wrong", Snapshot{Quarantine: quarantine(ReasonKeyWrong, time.Hour)}, []string{"keys", "key_wrong", "第 2 版私钥：7 条消息"}},
		{"not decrypted for a moment", Snapshot{Quarantine: quarantine(ReasonDecryptFailed, 9*time.Minute)}, nil},
		{"not decrypted", Snapshot{Quarantine: quarantine(ReasonDecryptFailed, time.Hour)}, []string{"quarantine", "closed", "私钥已有，但是消息解不开：第 2 版私钥：7 条消息"}},
		{"refused", Snapshot{Quarantine: quarantine(ReasonRefused, time.Hour)}, []string{"quarantine", "refused", "消息已解密，但是数据库不接受其内容：第 2 版私钥：7 条消息"}},
		{
			"what stays closed hides no missing key",
			Snapshot{Quarantine: slices.Concat(quarantine(ReasonDecryptFailed, 90*day), quarantine(ReasonKeyMissing, time.Hour))},
			[]string{"keys", "key_missing", "第 2 版私钥：7 条消息", "quarantine", "closed", "私钥已有，但是消息解不开：第 2 版私钥：7 条消息"},
		},
		{"no key can mend it", Snapshot{Quarantine: quarantine(ReasonMalformed, time.Hour)}, nil},
		{"scan waits", Snapshot{Queues: queue("scan", time.Hour)}, []string{"work", "scan", "3 批消息还没有检查：why"}},
		{"events wait", Snapshot{Queues: queue("callback", time.Hour)}, []string{"work", "callback", "3 个事件还没有处理：why"}},
		{"alerts wait", Snapshot{Queues: queue("push", time.Hour)}, []string{"work", "push", "3 条告警还没有送出：why"}},
		{"notices about waiting are no cause to wait", Snapshot{Queues: queue("notice", time.Hour)}, nil},
		{"files not found", Snapshot{Queues: queue("media", 25*time.Hour)}, []string{"media", "media_index", "3 批消息里的文件还没有登记：why"}},
		{"an old archive is looked through", Snapshot{Queues: queue("media", 23*time.Hour)}, nil},
		{"files in time", Snapshot{Media: MediaLate{}}, nil},
		{
			"files late",
			Snapshot{Media: MediaLate{Late: 7, OldestLate: ago(3*day + time.Hour), LateError: "why"}},
			[]string{"media", "media_late", "7 个文件发送已超过 3 天，还没有下载：why"},
		},
		{"files late, nobody tried", Snapshot{Media: MediaLate{Late: 1, OldestLate: ago(4 * day)}}, []string{"media", "media_late", "1 个文件发送已超过 3 天，还没有下载"}},
		{"files late for a moment", Snapshot{Media: MediaLate{Late: 1, OldestLate: ago(3*day + time.Minute)}}, nil},
		{
			"store takes nothing",
			Snapshot{Media: MediaLate{NotStoredSince: ago(time.Hour), StoreError: "full", LastReady: ago(2 * time.Hour), Late: 1, OldestLate: ago(4 * day)}},
			[]string{"media", "media_store", "存放文件的位置不接受新文件：full"},
		},
		{"store takes others", Snapshot{Media: MediaLate{NotStoredSince: ago(time.Hour), StoreError: "full", LastReady: ago(9 * time.Minute)}}, nil},
		{"store refused a moment ago", Snapshot{Media: MediaLate{NotStoredSince: ago(time.Minute), StoreError: "full"}}, nil},
		{"work in hand", Snapshot{Queues: queue("scan", time.Minute)}, nil},
		{"Elasticsearch does not answer for a moment", Snapshot{Search: SearchLate{Since: ago(9 * time.Minute), Error: "why"}}, nil},
		{
			"Elasticsearch takes nothing",
			Snapshot{Search: SearchLate{Since: ago(time.Hour), Error: "index blocked"}},
			[]string{"search", "elastic", "Elasticsearch 不接受新内容，搜索暂由数据库完成：index blocked"},
		},
		{"an old archive is being indexed", Snapshot{Queues: queue("index", 23*time.Hour)}, nil},
		{"messages are not indexed", Snapshot{Queues: queue("index", day)}, []string{"search", "search_index", "3 批消息还没有建立索引：why"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.snap.Now = noon
			var got []string
			for _, tr := range DefaultThresholds.diagnose(Status{Snapshot: tt.snap}) {
				got = append(got, tr.Subject, tr.Cause, tr.Detail)
				if tr.Title == "" || tr.Next == "" || tr.For != noon.Sub(tr.Since) {
					t.Errorf("trouble %+v", tr)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("troubles (-want +got):\n%s", diff)
			}
		})
	}
	if got := (Thresholds{}).diagnose(Status{Snapshot: failing(time.Hour, ClassStop, 301042)}); got != nil {
		t.Errorf("switched off, and finds %+v", got)
	}
}

// Every cause of a stop has words, and every subject words for its end.
func TestEveryCauseHasWords(t *testing.T) {
	t.Parallel()
	for _, cause := range []string{
		CauseTrustedIP, CauseSecret, CauseDisabled, CauseLimit, CauseBusy, CauseNetwork, CauseTLS, CauseSetup, CauseStorage, CauseOther,
		CauseNobody, CauseSilent, CauseBehind, CauseKeyMissing, CauseKeyWrong, CauseClosed, CauseRefused, CauseScan, CauseCallback, CausePush,
		CauseMediaIndex, CauseMediaLate, CauseMediaStore, CauseSearchIndex, CauseElastic, CauseDiskFull, CauseConnections, CauseUnreachable, CauseDatabase,
	} {
		if e := explanations[cause]; e.title == "" || e.detail == "" || e.next == "" {
			t.Errorf("cause %s has the words %+v", cause, e)
		}
	}
	for _, subject := range []string{SubjectPull, SubjectKeys, SubjectQuarantine, SubjectWork, SubjectDatabase, SubjectMedia, SubjectSearch} {
		if recovered[subject] == "" {
			t.Errorf("subject %s has no words for its end", subject)
		}
	}
}

func TestSteps(t *testing.T) {
	t.Parallel()
	const h = time.Hour
	pull := []time.Duration{10 * time.Minute, h, 24 * h, 72 * h, 96 * h, 108 * h, 114 * h, 119 * h, 120 * h}
	if diff := cmp.Diff(pull, DefaultThresholds.steps(SubjectPull)); diff != "" {
		t.Errorf("steps of a puller (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(pull[:4], DefaultThresholds.steps(SubjectKeys)); diff != "" {
		t.Errorf("steps of quarantine (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]time.Duration{10 * time.Minute, h, 24 * h, 42 * h, 72 * h}, DefaultThresholds.steps(SubjectMedia)); diff != "" {
		t.Errorf("steps of files (-want +got):\n%s", diff)
	}
	late := Thresholds{Notice: h, Warning: 24 * h, Critical: 24 * h, Stalled: 2 * h}
	if diff := cmp.Diff([]time.Duration{2 * h, 24 * h}, late.steps(SubjectWork)); diff != "" {
		t.Errorf("steps that begin late (-want +got):\n%s", diff)
	}
	for d, want := range map[time.Duration]int{0: 0, 10 * time.Minute: 1, 59 * time.Minute: 1, h: 2, 71 * h: 3, 119 * h: 8, 200 * h: 9} {
		if got := DefaultThresholds.step(Trouble{Subject: SubjectPull, For: d}); got != want {
			t.Errorf("step after %v = %d, want %d", d, got, want)
		}
	}
}

func TestLasting(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0 分钟", 10 * time.Minute: "10 分钟", time.Hour: "1 小时", 61 * time.Minute: "1 小时 1 分钟",
		24 * time.Hour: "1 天", 25*time.Hour + time.Minute: "1 天 1 小时", 24*time.Hour + 59*time.Minute: "1 天",
	} {
		if got := lasting(d); got != want {
			t.Errorf("lasting(%v) = %q, want %q", d, got, want)
		}
	}
}
