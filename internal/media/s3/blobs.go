package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	return s.openRange(ctx, key, offset, n)
}

func (s *Store) openRange(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	if n == 0 {
		_, err := s.size(ctx, key)
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
	return s.size(ctx, key)
}

func (s *Store) size(ctx context.Context, key string) (int64, error) {
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
	return s.remove(ctx, key)
}

func (s *Store) remove(ctx context.Context, key string) error {
	err := s.explain("delete", s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}))
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
	return s.each(ctx, prefix, func(o minio.ObjectInfo) error {
		name := strings.TrimPrefix(o.Key, s.prefix)
		if media.CheckName(name) != nil {
			return nil
		}
		return do(name, o.Size)
	})
}

// each calls do with whatever is in the folder.
func (s *Store) each(ctx context.Context, prefix string, do func(minio.ObjectInfo) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for o := range s.client.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix + prefix, Recursive: true}) {
		if o.Err != nil {
			return s.explain("list", o.Err)
		}
		if err := do(o); err != nil {
			return err
		}
	}
	return ctx.Err()
}
