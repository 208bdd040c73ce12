package s3

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"huicun/internal/fault"
)

// folder is a prefix of the test's own.
func folder(t *testing.T) string {
	h := sha256.Sum256([]byte(t.Name()))
	return hex.EncodeToString(h[:6])
}

// random gives the same bytes for the same seed.
func random(seed uint64, size int) []byte {
	p := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(p)
	return p
}

func put(t *testing.T, s *Store, name string, data []byte) {
	t.Helper()
	if err := s.Put(t.Context(), name, bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatalf("Put(%s): %v", name, err)
	}
}

func get(t *testing.T, s *Store, name string) []byte {
	t.Helper()
	r, err := s.Open(t.Context(), name, 0, -1)
	if err != nil {
		t.Fatalf("Open(%s): %v", name, err)
	}
	p, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
	return p
}

// wantNothing checks that nothing of an object is there, nor of an upload of it.
func wantNothing(t *testing.T, s *Store, name string) {
	t.Helper()
	if _, err := s.Size(t.Context(), name); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("Size(%s) = %v, want not_found", name, err)
	}
	err := s.List(t.Context(), "", func(found string, _ int64) error {
		if found == name {
			t.Errorf("%s is listed", name)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
