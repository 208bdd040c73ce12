package file_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"huicun/internal/media"
	"huicun/internal/media/blobtest"
	"huicun/internal/media/file"
)

func TestStore(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) media.Blobs { return open(t, t.TempDir()) })
}

func open(t *testing.T, dir string) *file.Store {
	t.Helper()
	s, err := file.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestNobodyElseMayReadIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "media")
	s := open(t, dir)
	if err := s.Put(t.Context(), "o/ab/cd", strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, _ error) error {
		info, err := d.Info()
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if err == nil && info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNothingIsReadThroughLinksOutOfNames(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(dir, "secret")
	if err := os.WriteFile(outside, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, filepath.Join(dir, "media"))
	for _, name := range []string{"../secret", "o/../../secret", outside, ".tmp/x"} {
		if _, err := s.Open(t.Context(), name, 0, -1); err == nil {
			t.Errorf("%q was opened", name)
		}
	}
}

// leaveTemp starts a put in another process that never ends, and gives it.
func leaveTemp(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHelperPut$")
	cmd.Env = append(os.Environ(), "FILE_TEST_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal("the helper did not begin to write:", err)
	}
	return cmd
}

func TestHelperPut(t *testing.T) {
	dir := os.Getenv("FILE_TEST_DIR")
	if dir == "" {
		t.Skip("runs in the process of another test")
	}
	s := open(t, dir)
	first := true
	_ = s.Put(t.Context(), "o/x", readerFunc(func(p []byte) (int, error) {
		if !first {
			_, _ = os.Stdout.WriteString(".")
			select {} // until it is killed
		}
		first = false
		return copy(p, "begun"), nil
	}), 100)
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestWhatDeadProcessesLeftIsSwept(t *testing.T) {
	dir := t.TempDir()
	cmd := leaveTemp(t, dir)
	s := open(t, dir)
	if got := files(t, dir); len(got) != 1 {
		t.Fatalf("while the other process writes there are %q, want its file", got)
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if _, err := s.Size(t.Context(), "o/x"); err == nil {
		t.Error("half an object is there")
	}
	open(t, dir)
	if got := files(t, dir); len(got) != 0 {
		t.Errorf("left over: %q", got)
	}
}

func TestFullDiskNamesTheFolderAndLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size=1m"); err != nil {
		t.Skip("a small file system can be made by root only:", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	s := open(t, dir)
	if err := s.Put(t.Context(), "o/small", strings.NewReader("kept"), 4); err != nil {
		t.Fatal(err)
	}
	before := files(t, dir)
	err := s.Put(t.Context(), "o/large", bytes.NewReader(make([]byte, 2<<20)), 2<<20)
	if err == nil || !strings.Contains(err.Error(), "full") || !strings.Contains(err.Error(), dir) {
		t.Errorf("Put to a full disk: %v", err)
	}
	if got := files(t, dir); len(got) != len(before) {
		t.Errorf("left over: %q", got)
	}
	if err := s.Put(t.Context(), "o/other", strings.NewReader("still works"), 11); err != nil {
		t.Errorf("after the disk was full: %v", err)
	}
}

func TestCheckNamesTheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "media")
	s := open(t, dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("Check of a folder that is gone: %v", err)
	}
}

func TestWhatCannotBeSweptKeepsNobodyFromStarting(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, ".tmp", "a", "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".tmp", "put-1"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	if got := files(t, dir); len(got) != 0 {
		t.Errorf("left over: %q", got)
	}
	if err := s.Put(t.Context(), "o/x", strings.NewReader("x"), 1); err != nil {
		t.Error(err)
	}
}
