package main

import (
	"testing"
	"time"

	"huicun/internal/ingest"
	"huicun/internal/wecomsim"
)

// Messages that do not open with their key, and those that the database refuses
// alone, are told once they have been there for long enough, and when none is
// left.
func TestAlarmOfMessagesThatStayClosed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, detail, title, why, next string }{
		{"not decrypted", "the ciphertext is too short", "有消息解密失败，暂时无法查看", "私钥已有，但是消息解不开：第 9 版私钥：1 条消息", "private_key_v"},
		{"refused", ingest.DetailRefused, "有消息存不进数据库，暂时无法查看", "数据库不接受其内容：第 9 版私钥：1 条消息", "服务日志"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *wecomsim.Config) { c.Messages = 2 })
			a, _ := w.mustRun()
			w.waitReceived(2)
			w.pulling(a)
			// Of a version without key, so that it is not tried again meanwhile.
			const insert = `INSERT INTO quarantine (id, seq, msgid, publickey_ver, reason, detail, outer_json)
				VALUES ('00000000-0000-0000-0000-000000000001', 1, 'm', 9, 'decrypt_failed', $1, '{}')`
			if _, err := w.db.Exec(insert, tt.detail); err != nil {
				t.Fatal(err)
			}
			w.watch(a)
			w.wantTitles()
			w.exec(`UPDATE quarantine SET received_at = $1`, time.Now().Add(-11*time.Minute))
			w.watch(a)
			cards := w.wantTitles(tt.title)
			contains(t, cards[0].Description, tt.why, tt.next, "不会丢失")
			w.exec(`UPDATE quarantine SET released_at = $1`, time.Now())
			w.watch(a)
			w.wantTitles(tt.title, "未能查看的消息已全部可查看")
		})
	}
}

func (w *world) exec(query string, at time.Time) {
	w.t.Helper()
	if _, err := w.db.Exec(query, at); err != nil {
		w.t.Fatal(err)
	}
}
