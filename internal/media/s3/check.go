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

	"github.com/minio/minio-go/v7"

	"huicun/internal/fault"
)

// probes is the folder of what Check writes. No object has such a name, so that
// one that is left, or being written, is not listed among them.
const probes = "_check/"

// Check implements media.Blobs: it writes, reads, lists and deletes something of
// its own, and then removes what dead processes left.
func (s *Store) Check(ctx context.Context) error {
	if err := s.probe(ctx); err != nil {
		return err
	}
	if n, err := s.Sweep(ctx); err != nil {
		slog.WarnContext(ctx, "what dead processes left in the bucket could not be removed", "removed", n, "err", err)
	} else if n > 0 {
		slog.InfoContext(ctx, "what dead processes left in the bucket is removed", "removed", n)
	}
	return nil
}

func (s *Store) probe(ctx context.Context) error {
	want := make([]byte, 16)
	_, _ = rand.Read(want)
	name := probes + hex.EncodeToString(want)
	key := s.prefix + name
	if err := s.put(ctx, key, bytes.NewReader(want), int64(len(want))); err != nil {
		return err
	}
	if err := errors.Join(s.probeRead(ctx, name, want), s.remove(context.WithoutCancel(ctx), key)); err != nil {
		return err
	}
	// Without the right to list, what is not there is "forbidden".
	switch _, err := s.size(ctx, key); {
	case fault.Is(err, fault.CodeNotFound):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("s3: bucket %s at %s still has what was deleted from it", s.bucket, s.host)
}

func (s *Store) probeRead(ctx context.Context, name string, want []byte) error {
	r, err := s.openRange(ctx, s.prefix+name, 4, 8)
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
	err = s.each(ctx, name, func(minio.ObjectInfo) error { seen = true; return nil })
	if err == nil && !seen {
		err = fmt.Errorf("s3: bucket %s at %s does not list what was put into it", s.bucket, s.host)
	}
	return err
}

// Sweep removes what dead processes left: uploads and probes of ours that were
// begun over a day ago. It returns how many there were.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	uploads, err := s.sweepUploads(ctx)
	if err != nil {
		return uploads, err
	}
	n := uploads
	err = s.each(ctx, probes, func(o minio.ObjectInfo) error {
		if s.now().Sub(o.LastModified) <= s.stale {
			return nil
		}
		n++
		return s.remove(ctx, o.Key)
	})
	return n, err
}
