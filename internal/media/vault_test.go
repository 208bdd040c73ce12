package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"huicun/internal/fault"
)

// pattern gives size bytes that differ everywhere.
func pattern(size int) []byte {
	p := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(size), byte(size >> 8), byte(size >> 16)})
	_, _ = r.Read(p)
	return p
}

func putVault(t *testing.T, v *Vault, name string, p []byte) {
	t.Helper()
	if err := v.Put(t.Context(), name, bytes.NewReader(p), int64(len(p))); err != nil {
		t.Fatal(err)
	}
}

func readVault(ctx context.Context, v *Vault, name string) ([]byte, error) {
	r, size, err := v.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	p, err := io.ReadAll(r)
	if err == nil && int64(len(p)) != size {
		err = fmt.Errorf("%d bytes, but the size is %d", len(p), size)
	}
	return p, errors.Join(err, r.Close())
}

var vaultSizes = []int{0, 1, packageSize - 1, packageSize, packageSize + 1, 2 * packageSize, 4 * packageSize, 5 * packageSize, 9*packageSize + 7}

func TestVaultGivesBackWhatWasPut(t *testing.T) {
	v, _ := newVault(t, newMemory())
	for _, size := range vaultSizes {
		p := pattern(size)
		putVault(t, v, "o/x", p)
		if got, err := readVault(t.Context(), v, "o/x"); err != nil || !bytes.Equal(got, p) {
			t.Errorf("%d bytes: got %d, %v", size, len(got), err)
		}
	}
}

func TestVaultReaderSeeks(t *testing.T) {
	v, _ := newVault(t, newMemory())
	for _, size := range vaultSizes {
		p := pattern(size)
		putVault(t, v, "o/x", p)
		r, _, err := v.Open(t.Context(), "o/x")
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(r, p); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		rnd := rand.New(rand.NewPCG(1, uint64(size)))
		for range 100 {
			at := rnd.Int64N(int64(size) + 1)
			n := min(int64(size)-at, rnd.Int64N(200_000))
			if _, err := r.Seek(at, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, n)
			if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, p[at:at+n]) {
				t.Fatalf("%d bytes from %d of %d: %v", n, at, size, err)
			}
		}
	}
}

func TestVaultFetchesOnlyWhatIsRead(t *testing.T) {
	m := newMemory()
	v, _ := newVault(t, m)
	p := pattern(100 * packageSize)
	putVault(t, v, "o/x", p)
	m.opened = nil
	r, size, err := v.Open(t.Context(), "o/x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Seek(size-10, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, p[len(p)-10:]) {
		t.Fatalf("the last 10 bytes: %v", err)
	}
	if len(m.opened) != 2 || m.opened[0] != headerBytes+sealedSize || m.opened[1] != sealedSize {
		t.Errorf("the beginning and the last package were fetched with %v bytes", m.opened)
	}
	m.opened = nil
	if _, err := readVault(t.Context(), v, "o/x"); err != nil {
		t.Fatal(err)
	}
	if n := len(m.opened); n != 26 {
		t.Errorf("100 packages were read with %d calls, want 1 and one for 4 each", n)
	}
}

func TestVaultNeverGivesWhatIsNotAuthentic(t *testing.T) {
	m := newMemory()
	v, _ := newVault(t, m)
	p := pattern(3*packageSize + 100)
	putVault(t, v, "o/x", p)
	putVault(t, v, "o/other", pattern(3*packageSize+100))
	putVault(t, v, "o/empty", nil)
	whole := m.get("o/x")
	check := func(what string, sealed []byte) {
		t.Helper()
		m.set("o/x", sealed)
		r, _, err := v.Open(t.Context(), "o/x")
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNoKey) {
				t.Errorf("%s: %v", what, err)
			}
			return
		}
		got, err := io.ReadAll(r)
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: read to the end: %v", what, err)
		}
		if !bytes.HasPrefix(p, got) {
			t.Errorf("%s: other bytes than were stored", what)
		}
	}
	for i := 0; i < len(whole); i += 1 + i/50 {
		bad := bytes.Clone(whole)
		bad[i] ^= 1 << (i % 8)
		check(fmt.Sprintf("byte %d changed", i), bad)
	}
	for _, n := range []int{0, 1, headerBytes - 1, headerBytes, headerBytes + 1, headerBytes + sealedSize, headerBytes + 2*sealedSize, headerBytes + 3*sealedSize, len(whole) - 1} {
		check(fmt.Sprintf("cut off at %d", n), whole[:n])
	}
	check("too long", append(bytes.Clone(whole), 0))
	check("another object", m.get("o/other"))
	check("an empty object", m.get("o/empty"))
	check("plain text", p)
	check("packages swapped", bytes.Join([][]byte{
		whole[:headerBytes], whole[headerBytes+sealedSize : headerBytes+2*sealedSize],
		whole[headerBytes : headerBytes+sealedSize], whole[headerBytes+2*sealedSize:],
	}, nil))
	check("header of another", append(m.get("o/other")[:headerBytes:headerBytes], whole[headerBytes:]...))
	elsewhere := newMemory()
	foreign, _ := newVault(t, elsewhere)
	putVault(t, foreign, "o/x", p)
	check("under a foreign key", elsewhere.get("o/x"))
	foreign.keys.keys[0].id = v.keys.newest().id
	putVault(t, foreign, "o/x", p)
	check("under a foreign key of the same id", elsewhere.get("o/x"))
}

func TestVaultWrongSizeStoresNothing(t *testing.T) {
	v, _ := newVault(t, newMemory())
	for _, size := range vaultSizes {
		for _, said := range []int{size - 1, size + 1, size + packageSize, size - packageSize} {
			if said < 0 {
				continue
			}
			if err := v.Put(t.Context(), "o/x", bytes.NewReader(pattern(size)), int64(said)); err == nil {
				t.Errorf("%d bytes that were said to be %d were stored", size, said)
			}
		}
	}
	if _, err := readVault(t.Context(), v, "o/x"); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("after wrong sizes only: %v", err)
	}
}

func TestVaultKeyFileIsMadeOnceOnly(t *testing.T) {
	m := newMemory()
	v, keyFile := newVault(t, m)
	putVault(t, v, "o/x", []byte("x"))
	if info, err := os.Stat(keyFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v", info.Mode(), err)
	}
	if _, err := OpenVault(t.Context(), m, keyFile); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenVault(t.Context(), m, keyFile); err == nil || !strings.Contains(err.Error(), keyFile) {
		t.Errorf("opened without the keys of what is there: %v", err)
	}
	if _, err := os.Stat(keyFile); err == nil {
		t.Error("a new key file was made beside objects that need the old one")
	}
	if got, err := readVault(t.Context(), v, "o/x"); err != nil || string(got) != "x" {
		t.Errorf("the process that has read the keys: %q, %v", got, err)
	}
}

func TestVaultSaysAtTheStartThatTheKeysAreWrong(t *testing.T) {
	m := newMemory()
	v, keyFile := newVault(t, m)
	putVault(t, v, "o/x", []byte("x"))
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	if _, err := OpenVault(t.Context(), m, keyFile); err != nil || strings.Contains(log.String(), "ERROR") {
		t.Errorf("with the right keys: %v\n%s", err, log.String())
	}
	addKey(t, keyFile)
	dropKeys(t, keyFile)
	if _, err := OpenVault(t.Context(), m, keyFile); err != nil || !strings.Contains(log.String(), "cannot be opened") {
		t.Errorf("with other keys: %v\n%s", err, log.String())
	}
	text, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	if secret := strings.Fields(string(text))[1]; strings.Contains(log.String(), secret) {
		t.Error("the log tells a key")
	}
}

func TestVaultOneKeyFileWhenManyStartAtOnce(t *testing.T) {
	m, keyFile := newMemory(), filepath.Join(t.TempDir(), "keys")
	var vaults [8]*Vault
	var wg sync.WaitGroup
	for i := range vaults {
		wg.Go(func() {
			var err error
			if vaults[i], err = OpenVault(t.Context(), m, keyFile); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, v := range vaults {
		if got, want := v.keys.newest().id, vaults[0].keys.newest().id; got != want {
			t.Errorf("key %s, another process has %s", got, want)
		}
	}
}

func addKey(t *testing.T, keyFile string) {
	t.Helper()
	f, err := os.OpenFile(keyFile, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(NewKeyLine()); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// dropKeys leaves only the newest key.
func dropKeys(t *testing.T, keyFile string) {
	t.Helper()
	text, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if err := os.WriteFile(keyFile, []byte(lines[len(lines)-1]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRekey(t *testing.T) {
	m := newMemory()
	v, keyFile := newVault(t, m)
	want := map[string][]byte{}
	for i, size := range vaultSizes {
		name := fmt.Sprintf("o/%d", i)
		want[name] = pattern(size)
		putVault(t, v, name, want[name])
	}
	addKey(t, keyFile)
	putVault(t, v, "o/new", []byte("new"))
	want["o/new"] = []byte("new")
	reading, _, err := v.Open(t.Context(), "o/8") // it is replaced under the reader
	if err != nil {
		t.Fatal(err)
	}

	stopped, cancel := context.WithCancel(t.Context())
	if _, err := v.Rekey(stopped, func(r Rekeyed) {
		if r.Rewritten == 3 {
			cancel()
		}
	}); !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped: %v", err)
	}
	done, err := v.Rekey(t.Context(), nil)
	if err != nil || done.Objects != int64(len(want)) || done.Rewritten != int64(len(vaultSizes)-3) {
		t.Errorf("resumed: %+v, %v", done, err)
	}
	if got, err := io.ReadAll(reading); err != nil || !bytes.Equal(got, want["o/8"]) {
		t.Errorf("what was being read: %d bytes, %v", len(got), err)
	}
	dropKeys(t, keyFile)
	for name, p := range want {
		if got, err := readVault(t.Context(), v, name); err != nil || !bytes.Equal(got, p) {
			t.Errorf("%s without the old key: %d bytes, %v", name, len(got), err)
		}
	}
}

func TestRekeySaysWhatFailed(t *testing.T) {
	m := newMemory()
	v, keyFile := newVault(t, m)
	putVault(t, v, "o/a", []byte("a"))
	putVault(t, v, "o/b", []byte("b"))
	bad := m.get("o/a")
	bad[len(bad)-1] ^= 1
	m.set("o/a", bad)
	m.set("o/c", []byte("something else"))
	addKey(t, keyFile)
	done, err := v.Rekey(t.Context(), nil)
	if err == nil || done.Failed != 2 || done.Rewritten != 1 {
		t.Errorf("%+v, %v; want two failures", done, err)
	}
	if !bytes.Equal(m.get("o/a"), bad) {
		t.Error("an object that could not be read was changed")
	}
}

func TestVaultVerify(t *testing.T) {
	m := newMemory()
	v, _ := newVault(t, m)
	p := pattern(packageSize + 5)
	sum := sha(p)
	name := originalName(fmt.Sprintf("%x", sum))
	if err := v.Verify(t.Context(), sum); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("not there: %v", err)
	}
	putVault(t, v, name, p)
	if err := v.Verify(t.Context(), sum); err != nil {
		t.Error(err)
	}
	putVault(t, v, name, p[1:])
	if err := v.Verify(t.Context(), sum); !errors.Is(err, ErrDamaged) {
		t.Errorf("another content: %v", err)
	}
}

// grepNot fails when a file below dir holds what.
func grepNot(t *testing.T, dir string, what []byte) {
	t.Helper()
	files := 0
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		files++
		p, err := os.ReadFile(path)
		if bytes.Contains(p, what) {
			t.Errorf("%s holds plain text", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Error("there is no file to look at")
	}
}
