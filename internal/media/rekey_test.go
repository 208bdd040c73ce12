package media_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"huicun/internal/media"
	"huicun/internal/media/file"
)

func TestRekeyBesideReadersAndWriters(t *testing.T) {
	dir := t.TempDir()
	blobs, err := file.New(filepath.Join(dir, "media"))
	if err != nil {
		t.Fatal(err)
	}
	keyFile := filepath.Join(dir, "keys")
	vault, err := media.OpenVault(t.Context(), blobs, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string][]byte{}
	for i := range 20 {
		p := make([]byte, 1+i*40_000)
		_, _ = rand.NewChaCha8([32]byte{byte(i)}).Read(p)
		contents[fmt.Sprintf("o/%02d", i)] = p
	}
	put := func(name string, p []byte) {
		if err := vault.Put(t.Context(), name, bytes.NewReader(p), int64(len(p))); err != nil {
			t.Error(err)
		}
	}
	for name, p := range contents {
		put(name, p)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for _, work := range []func(name string, p []byte){put, put, func(name string, p []byte) {
		r, size, err := vault.Open(t.Context(), name)
		if err != nil {
			t.Error(err)
			return
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, p) || size != int64(len(p)) {
			t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(p), err)
		}
	}} {
		wg.Go(func() {
			for {
				for name, p := range contents {
					select {
					case <-stop:
						return
					default:
						work(name, p)
					}
				}
			}
		})
	}
	for range 5 {
		appendKey(t, keyFile)
		if done, err := vault.Rekey(t.Context(), nil); err != nil || done.Objects != 20 {
			t.Errorf("rekey: %+v, %v", done, err)
		}
	}
	close(stop)
	wg.Wait()
	if done, err := vault.Rekey(t.Context(), nil); err != nil || done.Rewritten != 0 {
		t.Errorf("after all: %+v, %v; want nothing left to do", done, err)
	}
}

func appendKey(t *testing.T, keyFile string) {
	t.Helper()
	f, err := os.OpenFile(keyFile, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(media.NewKeyLine())
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// slowStore does something while an object is on its way.
type slowStore struct {
	media.Blobs
	meanwhile func()
}

func (s *slowStore) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	if do := s.meanwhile; do != nil {
		s.meanwhile = nil
		do()
	}
	return s.Blobs.Put(ctx, name, r, size)
}

// A rekey does not see what is stored after it has looked. It must not stay
// under a key that may leave the key file then.
func TestRekeyWhileAnObjectIsOnItsWay(t *testing.T) {
	dir := t.TempDir()
	blobs, err := file.New(filepath.Join(dir, "media"))
	if err != nil {
		t.Fatal(err)
	}
	keyFile := filepath.Join(dir, "keys")
	slow := &slowStore{Blobs: blobs}
	vault, err := media.OpenVault(t.Context(), slow, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	slow.meanwhile = func() {
		appendKey(t, keyFile)
		if done, err := vault.Rekey(t.Context(), nil); err != nil || done.Objects != 0 {
			t.Errorf("rekey: %+v, %v; want nothing there yet", done, err)
		}
	}
	want := bytes.Repeat([]byte("content"), 30_000)
	if err := vault.Put(t.Context(), "o/x", bytes.NewReader(want), int64(len(want))); err != nil {
		t.Fatal(err)
	}
	if done, err := vault.Rekey(t.Context(), nil); err != nil || done.Objects != 1 || done.Rewritten != 0 {
		t.Errorf("after it: %+v, %v; want it under the newest key", done, err)
	}
	r, _, err := vault.Open(t.Context(), "o/x")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
