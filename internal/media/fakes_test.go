package media

import (
	"bytes"
	"context"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"huicun/internal/fault"
)

// memory is a store of objects that counts what is asked of it.
type memory struct {
	mu      sync.Mutex
	objects map[string][]byte
	opened  []int64 // bytes asked for, by call of Open
	fail    error   // of every Put
	away    error   // of every Open
}

func newMemory() *memory { return &memory{objects: map[string][]byte{}} }

func (m *memory) Put(_ context.Context, name string, r io.Reader, size int64) error {
	if err := CheckName(name); err != nil {
		return err
	}
	m.mu.Lock()
	err := m.fail
	m.mu.Unlock()
	if err != nil {
		return err
	}
	p, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if int64(len(p)) != size {
		return fault.Invalid("size", "%d bytes instead of %d", len(p), size)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.objects[name] = p
	return nil
}

func (m *memory) Open(ctx context.Context, name string, offset, n int64) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away != nil {
		return nil, m.away
	}
	p, ok := m.objects[name]
	if !ok {
		return nil, fault.NotFound("object")
	}
	p = p[min(offset, int64(len(p))):]
	if n >= 0 {
		p = p[:min(n, int64(len(p)))]
	}
	m.opened = append(m.opened, n)
	return io.NopCloser(bytes.NewReader(p)), nil
}

func (m *memory) Size(_ context.Context, name string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.objects[name]
	if !ok {
		return 0, fault.NotFound("object")
	}
	return int64(len(p)), nil
}

func (m *memory) Delete(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, name)
	return nil
}

func (m *memory) names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.objects))
}

func (m *memory) get(name string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.objects[name])
}

func (m *memory) set(name string, p []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.objects[name] = p
}

func (m *memory) List(_ context.Context, prefix string, do func(string, int64) error) error {
	for _, name := range m.names() {
		if strings.HasPrefix(name, prefix) {
			if err := do(name, int64(len(m.get(name)))); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *memory) Check(context.Context) error { return nil }

// newVault opens a vault over b with a key file of its own.
func newVault(t testing.TB, b Blobs) (v *Vault, keyFile string) {
	t.Helper()
	keyFile = t.TempDir() + "/media.keys"
	v, err := OpenVault(t.Context(), b, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return v, keyFile
}
