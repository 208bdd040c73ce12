package s3

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"huicun/internal/media"
	"huicun/internal/media/s3/s3test"
)

// What the vault puts into a bucket is read at any place, also under a new key;
// nothing of it lies there in plain, and a changed byte is never read.
func TestVaultInABucket(t *testing.T) {
	t.Parallel()
	srv := s3test.Start(t, "")
	s := openStore(t, srv, func(o *Options) { o.Prefix = "archive" })
	keys := filepath.Join(t.TempDir(), "media.keys")
	v, err := media.OpenVault(t.Context(), s, keys)
	if err != nil {
		t.Fatal(err)
	}
	const name = "o/ab/cd/abcd"
	want := random(7, 20<<20+3)
	if err := v.Put(t.Context(), name, bytes.NewReader(want), int64(len(want))); err != nil {
		t.Fatal(err)
	}
	readAnywhere(t, v, name, want)

	line := media.NewKeyLine()
	f, err := os.OpenFile(keys, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(line + "\n"); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	if v, err = media.OpenVault(t.Context(), s, keys); err != nil {
		t.Fatal(err)
	}
	if done, err := v.Rekey(t.Context(), nil); err != nil {
		t.Fatalf("Rekey: %+v, %v", done, err)
	}
	readAnywhere(t, v, name, want)

	object := filepath.Join(srv.Dir, s.bucket, "archive", filepath.FromSlash(name))
	sealed, err := os.ReadFile(object)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, want[1000:1032]) {
		t.Error("it lies there in plain")
	}
	sealed[len(sealed)/2] ^= 1
	if err := os.WriteFile(object, sealed, 0o644); err != nil {
		t.Fatal(err)
	}
	r, _, err := v.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if got, err := io.ReadAll(r); err == nil || !bytes.HasPrefix(want, got) {
		t.Errorf("a changed object was read: %d bytes, %v", len(got), err)
	}
}

func readAnywhere(t *testing.T, v *media.Vault, name string, want []byte) {
	t.Helper()
	r, size, err := v.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if size != int64(len(want)) {
		t.Errorf("it has %d bytes, want %d", size, len(want))
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		at := rnd.Int64N(size)
		if _, err := r.Seek(at, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, min(rnd.Int64N(300_000)+1, size-at))
		if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, want[at:at+int64(len(got))]) {
			t.Errorf("%d bytes from %d on: other ones, or %v", len(got), at, err)
		}
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
		t.Errorf("all of it: %d bytes, %v", len(got), err)
	}
}
