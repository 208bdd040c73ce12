package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"huicun/internal/media"
)

const octets = "application/octet-stream"

// Put implements media.Blobs. Nothing is sent before it is known to be whole:
// what fits one part at once, what does not when its last part is there.
func (s *Store) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	key, err := s.key(name)
	if err != nil {
		return err
	}
	return s.put(ctx, key, r, size)
}

func (s *Store) put(ctx context.Context, key string, r io.Reader, size int64) error {
	if size < 0 {
		return fmt.Errorf("an object cannot have %d bytes", size)
	}
	in := &source{r: r, left: size, size: size}
	if size > s.partSize {
		return s.putParts(ctx, key, in)
	}
	data := make([]byte, size)
	if err := in.fill(data); err != nil {
		return err
	}
	ctx, cancel := s.within(ctx)
	defer cancel()
	_, err := s.client.PutObject(ctx, s.bucket, key, bytes.NewReader(data), size, "", sum(data),
		minio.PutObjectOptions{ContentType: octets, DisableContentSha256: true})
	return s.explain("put", err)
}

// sum lets the server check what it got.
func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

// within bounds a call that sends up to a part, tries again included: a server
// that takes a byte now and then must not hold the caller for ever.
func (s *Store) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 15*s.timeout)
}

// source gives exactly as many bytes as were announced.
type source struct {
	r          io.Reader
	left, size int64
}

// fill reads the next len(p) bytes. With the last of them it makes sure that
// nothing follows.
func (in *source) fill(p []byte) error {
	n, err := io.ReadFull(in.r, p)
	in.left -= int64(n)
	switch {
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("not stored: only %d bytes came of %d", in.size-in.left, in.size)
	case err != nil:
		return fmt.Errorf("not stored: %w", err)
	case in.left > 0:
		return nil
	}
	switch _, err := io.ReadFull(in.r, make([]byte, 1)); err {
	case io.EOF:
		return nil
	case nil:
		return fmt.Errorf("not stored: more than %d bytes came", in.size)
	default:
		return fmt.Errorf("not stored: %w", err)
	}
}

// putParts sends a large object part by part; it is there once all are.
func (s *Store) putParts(ctx context.Context, key string, in *source) error {
	o := minio.PutObjectOptions{ContentType: octets}
	id, err := s.client.NewMultipartUpload(ctx, s.bucket, key, o)
	if err != nil {
		return s.explain("begin an upload", err)
	}
	parts, err := s.sendParts(ctx, key, id, in)
	if err == nil {
		finish, cancel := s.within(ctx)
		defer cancel()
		_, err = s.client.CompleteMultipartUpload(finish, s.bucket, key, id, parts, o)
		err = s.explain("finish an upload", err)
	}
	if err != nil {
		s.abandon(ctx, key, id)
	}
	return err
}

func (s *Store) sendParts(ctx context.Context, key, id string, in *source) ([]minio.CompletePart, error) {
	var parts []minio.CompletePart
	buf := make([]byte, s.partSizeOf(in.size))
	for in.left > 0 {
		data := buf[:min(in.left, int64(len(buf)))]
		if err := in.fill(data); err != nil {
			return nil, err
		}
		part, err := s.sendPart(ctx, key, id, len(parts)+1, data)
		if err != nil {
			return nil, s.explain("send a part", err)
		}
		parts = append(parts, minio.CompletePart{PartNumber: part.PartNumber, ETag: part.ETag})
	}
	return parts, nil
}

func (s *Store) sendPart(ctx context.Context, key, id string, number int, data []byte) (minio.ObjectPart, error) {
	ctx, cancel := s.within(ctx)
	defer cancel()
	return s.client.PutObjectPart(ctx, s.bucket, key, id, number, bytes.NewReader(data), int64(len(data)),
		minio.PutObjectPartOptions{Sha256Hex: sum(data), DisableContentSha256: true})
}

// partSizeOf keeps the number of parts within what S3 takes.
func (s *Store) partSizeOf(size int64) int64 {
	return max(s.partSize, (size+maxParts-1)/maxParts)
}

// abandon tells the server to drop the parts. Where that fails, Sweep does it.
func (s *Store) abandon(ctx context.Context, key, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(s.timeout, 10*time.Second))
	defer cancel()
	_ = s.client.AbortMultipartUpload(ctx, s.bucket, key, id)
}

// sweepUploads aborts uploads of ours that were begun over a day ago: the process
// that began them is dead.
func (s *Store) sweepUploads(ctx context.Context) (int, error) {
	var left []minio.ObjectMultipartInfo
	keyMarker, idMarker := "", ""
	for {
		page, err := s.client.ListMultipartUploads(ctx, s.bucket, s.prefix, keyMarker, idMarker, "", 1000)
		if err != nil {
			return 0, s.explain("list uploads", err)
		}
		left = append(left, s.old(page.Uploads)...)
		if !page.IsTruncated || page.NextKeyMarker == keyMarker && page.NextUploadIDMarker == idMarker {
			break
		}
		keyMarker, idMarker = page.NextKeyMarker, page.NextUploadIDMarker
	}
	for n, u := range left {
		if err := s.client.AbortMultipartUpload(ctx, s.bucket, u.Key, u.UploadID); err != nil && code(err) != minio.NoSuchUpload {
			return n, s.explain("abort an upload", err)
		}
	}
	return len(left), nil
}

func (s *Store) old(uploads []minio.ObjectMultipartInfo) []minio.ObjectMultipartInfo {
	var left []minio.ObjectMultipartInfo
	for _, u := range uploads {
		name, ours := strings.CutPrefix(u.Key, s.prefix)
		if ours && media.CheckName(name) == nil && s.now().Sub(u.Initiated) > s.stale {
			left = append(left, u)
		}
	}
	return left
}
