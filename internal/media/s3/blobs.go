package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"

	"huicun/internal/fault"
	"huicun/internal/media"
)

// key is the name of an object in the bucket.
func (s *Store) key(name string) (string, error) {
	if err := media.CheckName(name); err != nil {
		return "", err
	}
	return s.prefix + name, nil
}

// Open implements media.Blobs.
func (s *Store) Open(ctx context.Context, name string, offset, n int64) (io.ReadCloser, error) {
	key, err := s.key(name)
	if err != nil {
		return nil, err
	}
	if offset < 0 {
		return nil, fmt.Errorf("an object has no byte %d", offset)
	}
	if n == 0 {
		_, err := s.Size(ctx, name)
		return http.NoBody, err
	}
	body, err := s.open(ctx, key, offset, n)
	if code(err) == minio.InvalidRange {
		return http.NoBody, nil // it begins after the end
	}
	if err != nil {
		return nil, s.explain("open", err)
	}
	return body, nil
}

func (s *Store) open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	var o minio.GetObjectOptions
	ranged := offset > 0 || n > 0
	if ranged {
		o.Set("Range", byteRange(offset, n))
	}
	body, _, header, err := s.client.GetObject(ctx, s.bucket, key, o)
	if err != nil {
		return nil, err
	}
	// What leaves ranges out must not pass for the range.
	if ranged && !strings.HasPrefix(header.Get("Content-Range"), "bytes "+strconv.FormatInt(offset, 10)+"-") {
		_ = body.Close()
		return nil, errors.New("the server does not answer with the range of an object that was asked for")
	}
	return &reading{body, s}, nil
}

func byteRange(offset, n int64) string {
	if n < 0 {
		return fmt.Sprintf("bytes=%d-", offset)
	}
	return fmt.Sprintf("bytes=%d-%d", offset, offset+n-1)
}

// reading explains why it ends too soon.
type reading struct {
	io.ReadCloser
	store *Store
}

func (r *reading) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = r.store.explain("read", err)
	}
	return n, err
}

// Size implements media.Blobs.
func (s *Store) Size(ctx context.Context, name string) (int64, error) {
	key, err := s.key(name)
	if err != nil {
		return 0, err
	}
	info, err := s.client.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
	if code(err) != "" {
		err = s.whyNot(ctx, key, err)
	}
	return info.Size, s.explain("ask for a size", err)
}

// whyNot asks again what was refused: answers to HEAD have no body, where the
// reason is. A bucket or a key that is not there must not pass for an object
// that is not there.
func (s *Store) whyNot(ctx context.Context, key string, refused error) error {
	body, err := s.open(ctx, key, 0, 1)
	if err == nil {
		_ = body.Close()
	}
	if err == nil || code(err) == minio.InvalidRange { // it has come since
		return refused
	}
	return err
}

// Delete implements media.Blobs.
func (s *Store) Delete(ctx context.Context, name string) error {
	key, err := s.key(name)
	if err != nil {
		return err
	}
	err = s.explain("delete", s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}))
	if fault.Is(err, fault.CodeNotFound) {
		return nil
	}
	return err
}

// List implements media.Blobs. What is in the folder and is not named as objects
// are is not listed: somebody else put it there.
func (s *Store) List(ctx context.Context, prefix string, do func(name string, size int64) error) error {
	if err := media.CheckPrefix(prefix); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for o := range s.client.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix + prefix, Recursive: true}) {
		if o.Err != nil {
			return s.explain("list", o.Err)
		}
		name := strings.TrimPrefix(o.Key, s.prefix)
		if media.CheckName(name) != nil {
			continue
		}
		if err := do(name, o.Size); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Check implements media.Blobs: it writes, reads, lists and deletes an object of
// its own, and then aborts uploads that somebody began long ago and left.
func (s *Store) Check(ctx context.Context) error {
	if err := s.probe(ctx); err != nil {
		return err
	}
	if n, err := s.Sweep(ctx); err != nil {
		slog.WarnContext(ctx, "uploads that were left could not be aborted", "aborted", n, "err", err)
	} else if n > 0 {
		slog.InfoContext(ctx, "uploads that were left are aborted", "aborted", n)
	}
	return nil
}

func (s *Store) probe(ctx context.Context) (err error) {
	want := make([]byte, 16)
	_, _ = rand.Read(want)
	name := "check/" + hex.EncodeToString(want)
	if err := s.Put(ctx, name, bytes.NewReader(want), int64(len(want))); err != nil {
		return err
	}
	if err := errors.Join(s.probeRead(ctx, name, want), s.Delete(context.WithoutCancel(ctx), name)); err != nil {
		return err
	}
	// Without the right to list, what is not there is "forbidden".
	if _, err := s.Size(ctx, name); !fault.Is(err, fault.CodeNotFound) {
		return fmt.Errorf("s3: an object that was deleted is still there, or the key may not list the bucket %s: %w", s.bucket, err)
	}
	return nil
}

func (s *Store) probeRead(ctx context.Context, name string, want []byte) error {
	r, err := s.Open(ctx, name, 4, 8)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	got, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want[4:12]) {
		return fmt.Errorf("s3: bucket %s at %s does not give back what was put into it", s.bucket, s.host)
	}
	seen := false
	err = s.List(ctx, name, func(string, int64) error { seen = true; return nil })
	if err == nil && !seen {
		err = fmt.Errorf("s3: bucket %s at %s does not list what was put into it", s.bucket, s.host)
	}
	return err
}
