package media_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"huicun/internal/archive"
	"huicun/internal/media"
	"huicun/internal/media/file"
)

const partBytes = 512 << 10 // as WeCom's

// planted stands in every generated file.
const planted = "a secret that somebody sent"

// generated gives files of any size whose bytes follow from their id, "size:n".
type generated struct{ block []byte }

func newGenerated() generated {
	block := make([]byte, partBytes)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(block)
	for i := 0; i+100 < partBytes; i += 4096 {
		copy(block[i+50:], planted)
	}
	return generated{block}
}

func (g generated) Part(ctx context.Context, index, id string) (media.Part, error) {
	size, err := strconv.Atoi(strings.SplitN(id, ":", 2)[0])
	if err != nil || ctx.Err() != nil {
		return media.Part{}, errors.Join(err, ctx.Err())
	}
	at := 0
	if index != "" {
		if _, err := fmt.Sscanf(index, "Range:bytes=%d", &at); err != nil {
			return media.Part{}, err
		}
	}
	end := min(at+partBytes, size)
	data := bytes.Clone(g.block[:end-at])
	copy(data, binary.BigEndian.AppendUint64([]byte(id), uint64(at)))
	p := media.Part{Data: data, Finished: end == size}
	if !p.Finished {
		p.NextIndex = fmt.Sprintf("Range:bytes=%d", end)
	}
	return p, nil
}

// sum gives the SHA-256 of a generated file.
func (g generated) sum(t *testing.T, id string) []byte {
	t.Helper()
	h, index := sha256.New(), ""
	for {
		p, err := g.Part(t.Context(), index, id)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = h.Write(p.Data)
		if p.Finished {
			return h.Sum(nil)
		}
		index = p.NextIndex
	}
}

// dirStore keeps what became of files in a directory, so that it outlives the
// process: a file with the hash for each that is ready.
type dirStore struct {
	dir     string
	mu      sync.Mutex
	files   []media.File
	claimed map[string]bool
	done    func()
}

func (s *dirStore) ClaimFile(context.Context, string, time.Duration, time.Time) (media.File, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		if !s.claimed[f.ID] && s.ready(f.ID) == nil {
			s.claimed[f.ID] = true
			return f, true, nil
		}
	}
	return media.File{}, false, nil
}

// ready gives the hash of a file; nil: it is not ready.
func (s *dirStore) ready(id string) []byte {
	p, err := os.ReadFile(filepath.Join(s.dir, id))
	if err != nil || len(p) != 64 {
		return nil
	}
	sum, _ := hex.DecodeString(string(p))
	return sum
}

func (s *dirStore) KeepFile(context.Context, media.File, time.Duration) (bool, error) {
	return true, nil
}

func (s *dirStore) SaveFetched(_ context.Context, f media.File, got media.Fetched) (bool, error) {
	if got.Flag != "" {
		return false, errors.New("flagged " + got.Flag)
	}
	tmp := filepath.Join(s.dir, f.ID+".tmp")
	if err := os.WriteFile(tmp, []byte(hex.EncodeToString(got.SHA256)), 0o600); err != nil {
		return false, err
	}
	err := os.Rename(tmp, filepath.Join(s.dir, f.ID))
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		if s.ready(f.ID) == nil {
			return true, err
		}
	}
	s.done()
	return true, err
}

func (s *dirStore) PostponeFile(_ context.Context, f media.File, _ time.Duration, _ bool, e *media.Error) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.claimed[f.ID] = false
	if e != nil {
		fmt.Fprintln(os.Stderr, "FAILED", e)
	}
	return true, nil
}

func (s *dirStore) EndFile(_ context.Context, f media.File, state archive.FileState, _ *media.Error) (bool, error) {
	fmt.Fprintln(os.Stderr, "ENDED", f.ID, state)
	return true, nil
}

func (s *dirStore) RestoreFile(context.Context, media.File, *media.Error) (bool, error) {
	return false, errors.New("nothing is held")
}

func (s *dirStore) NextFileIn(context.Context) (time.Duration, bool, error) { return 0, false, nil }

func (s *dirStore) FindFiles(_ context.Context, ids []string) (map[string]archive.File, error) {
	found := map[string]archive.File{}
	for _, id := range ids {
		if s.ready(id) == nil {
			found[id] = archive.File{ID: id, State: archive.FilePending}
		}
	}
	return found, nil
}

// TestHelperFetch fetches the files that the environment names, into a
// directory, and ends; it runs in processes of their own.
func TestHelperFetch(t *testing.T) {
	dir := os.Getenv("MEDIA_TEST_DIR")
	if dir == "" {
		t.Skip("runs in the process of another test")
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := &dirStore{dir: filepath.Join(dir, "db"), claimed: map[string]bool{}, done: cancel}
	for id := range strings.FieldsSeq(os.Getenv("MEDIA_TEST_FILES")) {
		size, _, _ := strings.Cut(id, ":")
		n, err := strconv.ParseInt(size, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		f := media.File{ID: archive.FileID(id), SDKFileID: id, Kind: "file", SizeBytes: n, SentAt: time.Now()}
		s.files = append(s.files, f)
	}
	blobs, err := file.New(filepath.Join(dir, "media"))
	if err != nil {
		t.Fatal(err)
	}
	vault, err := media.OpenVault(ctx, blobs, filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("started")
	x := &media.Fetcher{Store: s, Source: newGenerated(), Vault: vault, Dir: filepath.Join(dir, "parts"), Worker: "w", Workers: 3}
	if err := x.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if out := os.Getenv("MEDIA_TEST_RSS"); out != "" {
		if err := os.WriteFile(out, []byte(strconv.FormatInt(peakRSS(t), 10)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// peakRSS gives the most memory that this process has had, in bytes.
func peakRSS(t *testing.T) int64 {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return u.Maxrss << 10 // KiB on Linux
}

func helper(t *testing.T, dir string, files []string, env ...string) *exec.Cmd {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "db"), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHelperFetch$")
	cmd.Env = append(os.Environ(), "MEDIA_TEST_DIR="+dir, "MEDIA_TEST_FILES="+strings.Join(files, " "))
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

func finish(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil || bytes.Contains(out, []byte("FAILED")) || bytes.Contains(out, []byte("ENDED")) {
		t.Fatalf("the helper: %v\n%s", err, out)
	}
}

// leftOver gives what is in a directory that is no object: part files, files
// being written.
func leftOver(t *testing.T, dir string) []string {
	t.Helper()
	var left []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasPrefix(path, filepath.Join(dir, "media", "o")) &&
			!strings.HasPrefix(path, filepath.Join(dir, "db")) && path != filepath.Join(dir, "keys") {
			left = append(left, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// wantNoPlainText reads every file below dir.
func wantNoPlainText(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		p, err := os.ReadFile(path)
		if bytes.Contains(p, []byte(planted)) {
			t.Errorf("%s holds plain text", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFetchKilledAtRandomMoments(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for i := range 120 {
		size := 1 + i*i*100
		if i%20 == 0 {
			size += 5 << 20
		}
		files = append(files, fmt.Sprintf("%d:%d", size, i))
	}
	rnd := rand.New(rand.NewPCG(3, uint64(time.Now().UnixNano())))
	kills := 0
	for range 25 {
		cmd := helper(t, dir, files)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(out, make([]byte, len("started"))); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(rnd.IntN(40_000))*time.Microsecond, func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			kills++
		}
		timer.Stop()
		wantNoPlainText(t, dir)
	}
	finish(t, helper(t, dir, files))
	t.Logf("%d of 25 processes were killed at work", kills)
	if kills == 0 {
		t.Error("no process was killed at work")
	}

	s := &dirStore{dir: filepath.Join(dir, "db")}
	blobs, err := file.New(filepath.Join(dir, "media"))
	if err != nil {
		t.Fatal(err)
	}
	vault, err := media.OpenVault(t.Context(), blobs, filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	g := newGenerated()
	for _, id := range files {
		got, want := s.ready(archive.FileID(id)), g.sum(t, id)
		if !bytes.Equal(got, want) {
			t.Errorf("%s: hash %x, want %x", id, got, want)
		}
		if err := vault.Verify(t.Context(), want); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	if left := leftOver(t, dir); len(left) != 0 {
		t.Errorf("left over: %q", left)
	}
}

func TestFetchMemoryDoesNotGrowWithTheFile(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("a file of 1 GiB, whose memory the race detector would add to")
	}
	rss := func(size int) int64 {
		dir := t.TempDir()
		out := filepath.Join(t.TempDir(), "rss")
		id := fmt.Sprintf("%d:big", size)
		finish(t, helper(t, dir, []string{id}, "MEDIA_TEST_RSS="+out))
		if (&dirStore{dir: filepath.Join(dir, "db")}).ready(archive.FileID(id)) == nil {
			t.Fatal("not fetched")
		}
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		return n
	}
	small, large := rss(10<<20), rss(1<<30)
	t.Logf("peak memory: %d MiB for 10 MiB, %d MiB for 1 GiB", small>>20, large>>20)
	if large > small+32<<20 {
		t.Errorf("1 GiB takes %d MiB of memory, 10 MiB takes %d", large>>20, small>>20)
	}
}
