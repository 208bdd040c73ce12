package main

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// filesAKill is how many files are fetched between two kills at most.
const filesAKill = 30

// Huicun is killed again and again while it fetches files (500 in make faults); in
// the end each is there once, with the bytes that the simulator serves, and
// nothing is left over. HUICUN_TEST_SEED replays a run.
func TestKillsWhileFilesAreFetched(t *testing.T) {
	t.Parallel()
	rng := seeded(t)
	files := int64(envNumber(t, envFiles, 150))
	l := newLab(t, func(s *simSettings) { s.Messages = int(files) * 8 }) // one message in six has a file
	l.cfg.Media.Workers, l.cfg.Media.Lookers = 3, 1
	if kills := l.killAmongFiles(rng, files); kills < files/filesAKill {
		t.Errorf("only %d kills came among %d files", kills, files)
	}
	l.await("all files to be there", func() error {
		left := l.count(`SELECT count(*) FROM outbox WHERE kind = 'media' AND state <> 'completed'`) // before the files that it finds
		c, err := l.db.CountMedia(t.Context())
		switch {
		case err != nil:
			return err
		case c.Files < files || c.Pending > 0 || c.Unlooked > 0 || left > 0:
			return fmt.Errorf("%+v", c)
		case c.Ready != c.Files:
			return fmt.Errorf("given up although nothing was wrong: %+v", c)
		}
		return nil
	})
	l.huicun.kill()
	l.checkFiles(files)
	l.checkNothingLeft()
}

// killAmongFiles starts huicun and kills it at random moments until the files are
// fetched; it gives the number of kills.
func (l *lab) killAmongFiles(rng *rand.Rand, files int64) (kills int64) {
	l.t.Helper()
	l.huicun = l.start()
	for {
		goal := l.ready() + 5 + rng.Int64N(filesAKill-10)
		done := false
		l.await("files to be fetched", func() error {
			if n := l.ready(); n < goal && n < files {
				return fmt.Errorf("%d files, waiting for %d", n, goal)
			}
			done = l.ready() >= files
			return nil
		})
		if done {
			return kills
		}
		l.killHuicun()
		kills++
	}
}

func (l *lab) ready() int64 {
	l.t.Helper()
	c, err := l.db.CountMedia(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	return c.Ready
}

// checkFiles opens every file of every message and holds it against what the
// message tells of it.
func (l *lab) checkFiles(files int64) {
	l.t.Helper()
	vault, err := openVault(l.t.Context(), l.cfg)
	if err != nil {
		l.t.Fatal(err)
	}
	var rows []struct{ ID, Flag, SHA string }
	if err := l.db.Select(&rows, `SELECT id, flag, encode(sha256, 'hex') AS sha FROM media`); err != nil {
		l.t.Fatal(err)
	}
	stored := map[string]string{}
	for _, r := range rows {
		if stored[r.ID] = r.SHA; r.Flag != "" {
			l.t.Errorf("file %s is flagged: %s", r.ID, r.Flag)
		}
	}
	told := 0
	sums := map[string]string{} // MD5 by SHA-256
	for _, body := range l.simMessages() {
		for id, m := range announced(body) {
			sha := stored[id]
			if sha == "" {
				l.t.Errorf("file %s of a message is missing", id)
				continue
			}
			if sums[sha] == "" {
				sums[sha] = l.md5Of(vault.Open, sha)
			}
			if m.MD5 != "" {
				if told++; sums[sha] != m.MD5 {
					l.t.Errorf("file %s: MD5 %s, the message says %s", id, sums[sha], m.MD5)
				}
			}
		}
	}
	if told < int(files) {
		l.t.Errorf("%d files were compared, want %d", told, files)
	}
	if n := l.count(`SELECT count(*) FROM media_objects`); n != len(sums) {
		l.t.Errorf("%d objects for %d contents", n, len(sums))
	}
}

// md5Of reads an original from the vault.
func (l *lab) md5Of(open func(context.Context, string) (io.ReadSeekCloser, int64, error), sha string) string {
	l.t.Helper()
	r, _, err := open(l.t.Context(), "o/"+sha[:2]+"/"+sha)
	if err != nil {
		l.t.Errorf("object %s: %v", sha, err)
		return "missing"
	}
	defer func() { _ = r.Close() }()
	sum := md5.New()
	if _, err := io.Copy(sum, r); err != nil {
		l.t.Errorf("object %s: %v", sha, err)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// checkNothingLeft looks for files that kills left behind: parts, temporary
// files, objects that no row knows.
func (l *lab) checkNothingLeft() {
	l.t.Helper()
	known := map[string]bool{}
	var names []string
	if err := l.db.Select(&names, `SELECT encode(sha256, 'hex') FROM media_objects
		UNION ALL SELECT encode(sha256, 'hex') || '.' || name FROM media_renditions`); err != nil {
		l.t.Fatal(err)
	}
	for _, n := range names {
		known[n] = true
	}
	err := filepath.WalkDir(l.cfg.MediaDir(), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if !known[filepath.Base(path)] {
			l.t.Errorf("left behind: %s", strings.TrimPrefix(path, l.cfg.MediaDir()))
		}
		return nil
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		l.t.Error(err)
	}
}
