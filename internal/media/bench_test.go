package media_test

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	"huicun/internal/archive"
	"huicun/internal/media"
	"huicun/internal/media/file"
)

// BenchmarkFetch fetches files over a source that costs nothing, into a
// directory.
func BenchmarkFetch(b *testing.B) {
	for _, size := range []int{50_000, 1 << 20, 50 << 20} {
		b.Run(fmt.Sprintf("%dkB", size/1000), func(b *testing.B) {
			b.SetBytes(int64(size))
			dir := b.TempDir()
			blobs, err := file.New(filepath.Join(dir, "media"))
			if err != nil {
				b.Fatal(err)
			}
			vault, err := media.OpenVault(b.Context(), blobs, filepath.Join(dir, "keys"))
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(b.Context())
			s := &dirStore{dir: b.TempDir(), claimed: map[string]bool{}, done: cancel}
			for i := range b.N {
				id := fmt.Sprintf("%d:%d", size, i)
				s.files = append(s.files, media.File{ID: archive.FileID(id), SDKFileID: id, Kind: "file", SizeBytes: int64(size), SentAt: time.Now()})
			}
			x := &media.Fetcher{Store: s, Source: newGenerated(), Vault: vault, Dir: filepath.Join(dir, "parts"), Worker: "w"}
			b.ResetTimer()
			if err := x.Run(ctx); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkVaultRead reads an object of 50 MB from a directory.
func BenchmarkVaultRead(b *testing.B) {
	const size = 50 << 20
	b.SetBytes(size)
	dir := b.TempDir()
	blobs, err := file.New(filepath.Join(dir, "media"))
	if err != nil {
		b.Fatal(err)
	}
	vault, err := media.OpenVault(b.Context(), blobs, filepath.Join(dir, "keys"))
	if err != nil {
		b.Fatal(err)
	}
	if err := vault.Put(b.Context(), "o/x", io.LimitReader(zeros{}, size), size); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		r, _, err := vault.Open(b.Context(), "o/x")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			b.Fatal(err)
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
