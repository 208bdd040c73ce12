package main

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// sendPicture sends one, and waits until its file is known.
func (w *world) sendPicture() {
	w.t.Helper()
	n := w.count(`SELECT count(*) FROM media`)
	w.call(http.MethodPost, "/sim/messages", map[string]string{"from": "LinXiaoyu", "to": "ZhouMingkai", "msgtype": "image"}, nil)
	w.waitFor("the file to be known", func() bool { return w.count(`SELECT count(*) FROM media`) == n+1 })
}

// A store of files that takes none is told about, and goes on by itself.
func TestAlarmWhenFilesAreNotStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a, _ := w.mustRun()
	admin := w.signIn("ZhouMingkai", true)
	w.sendPicture()
	w.fetched()
	temp := filepath.Join(w.cfg.MediaDir(), "objects", ".tmp") // without which nothing can be written
	if err := os.RemoveAll(temp); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(temp, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.sendPicture()
	w.waitFor("the store to refuse", func() bool { return w.count(`SELECT count(*) FROM media WHERE error_class = 'store'`) == 1 })
	w.pulling(a)
	w.watch(a)
	w.wantTitles() // not for long enough
	w.exec(`UPDATE media SET failing_since = $1 WHERE state = 'pending'`, time.Now().Add(-11*time.Minute))
	w.watch(a)
	w.wantTitles() // another file was stored since
	w.exec(`UPDATE media SET finished_at = $1 WHERE state = 'ready'`, time.Now().Add(-12*time.Minute))
	w.watch(a)
	cards := w.wantTitles("文件存不进去")
	contains(t, cards[0].Description, "存放文件的位置不接受新文件", "磁盘空间", "5 天")
	w.wantWords(admin, "文件存不进去", "存放文件的位置不接受新文件")
	contains(t, w.statusText(1), "alarm        files of messages are not fetched: the store of files takes none, since 20", "media        1 of 2 files fetched")
	if err := os.Remove(temp); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(temp, 0o700); err != nil {
		t.Fatal(err)
	}
	w.exec(`UPDATE media SET due_at = $1 WHERE state = 'pending'`, time.Now())
	w.fetched()
	w.watch(a)
	w.wantTitles("文件存不进去", "文件下载已恢复")
}

// Files that wait for so long that WeCom is about to drop them are told about;
// those that it has dropped are not.
func TestAlarmOfFilesThatWaitTooLong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.cfg.Media.Workers = 0
	a, _ := w.mustRun()
	w.sendPicture()
	w.pulling(a)
	sent := func(ago time.Duration) {
		t.Helper()
		w.exec(`UPDATE media SET msgtime = $1`, time.Now().Add(-ago))
		w.watch(a)
	}
	const day = 24 * time.Hour
	sent(3*day + time.Minute)
	w.wantTitles()
	sent(3*day + 11*time.Minute)
	cards := w.wantTitles("文件下载滞后，可能丢失")
	contains(t, cards[0].Description, "1 个文件发送已超过 3 天", "media.workers")
	contains(t, w.statusText(1), "alarm        files of messages are not fetched: they wait for so long that WeCom is about to drop them", "1 of them sent more than 3 days ago")
	sent(6 * day)
	w.wantTitles("文件下载滞后，可能丢失", "文件下载已恢复")
}
