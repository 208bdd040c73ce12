package media

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func sha(p []byte) []byte {
	s := sha256.Sum256(p)
	return s[:]
}

func TestParseKeys(t *testing.T) {
	secret := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	for _, tt := range []struct {
		name, text, ids, err string
	}{
		{"one", "a " + secret, "[a]", ""},
		{"comments and empty lines", "# head\n\n  a\t" + secret + " # old\r\n b-2 " + secret + "\n\n", "[a b-2]", ""},
		{"none", "# nothing\n", "", "no key"},
		{"empty", "", "", "no key"},
		{"twice", "a " + secret + "\na " + secret, "", "line 2"},
		{"no key", "a\n", "", "line 1"},
		{"three words", "a " + secret + " b", "", "line 1"},
		{"short", "a " + base64.StdEncoding.EncodeToString(make([]byte, 31)), "", "line 1"},
		{"no base64", "a !" + secret[1:], "", "line 1"},
		{"a bad id", "A " + secret, "", "line 1"},
		{"a long id", "abcdefghijklmnopq " + secret, "", "line 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			keys, err := parseKeys([]byte(tt.text))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v, want one with %q", err, tt.err)
				}
				if err != nil && strings.Contains(err.Error(), secret[:8]) {
					t.Errorf("the error tells the key: %v", err)
				}
				return
			}
			if got := fmt.Sprint(keys); err != nil || got != tt.ids {
				t.Errorf("keys %s, %v; want %s", got, err, tt.ids)
			}
		})
	}
}

func TestKeysDoNotPrint(t *testing.T) {
	k := key{id: "a", secret: []byte("SECRETSECRET")}
	for _, f := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(f, k); s != "a" {
			t.Errorf("%s prints %q", f, s)
		}
	}
}

func TestKeysAreReadAgain(t *testing.T) {
	path := t.TempDir() + "/keys"
	k, err := CreateKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	first := k.newest()
	addKey(t, path)
	second := k.newest()
	if second.id == first.id || len(k.all()) != 2 {
		t.Errorf("after a key was added the newest is %s of %d", second, len(k.all()))
	}
	if err := os.WriteFile(path, []byte("half an ed"), 0o600); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	if k.newest().id != second.id {
		t.Error("a file that cannot be read took the keys away")
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add([]byte(keyFileHead + NewKeyLine()))
	f.Add([]byte("a b\n\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := parseKeys(text)
		if err == nil && len(keys) == 0 {
			t.Error("no keys and no error")
		}
		for _, k := range keys {
			if !validKeyID(k.id) || len(k.secret) != keyBytes {
				t.Errorf("key %q of %d bytes", k.id, len(k.secret))
			}
		}
	})
}

func FuzzHeader(f *testing.F) {
	h, _ := newHeader(key{"a", bytes.Repeat([]byte{1}, 32)}, "o/x", 5)
	f.Add(h[:])
	f.Add(bytes.Repeat([]byte{0xff}, 96))
	f.Fuzz(func(t *testing.T, p []byte) {
		got, err := parseHeader(p)
		if err != nil {
			return
		}
		if n := got.sealedLen(); n < headerBytes+got.size() {
			t.Errorf("%d bytes of content in %d", got.size(), n)
		}
		if _, err := got.open(key{got.keyID(), make([]byte, 32)}, "o/x"); err == nil {
			t.Error("a header that nobody made is proven")
		}
	})
}
