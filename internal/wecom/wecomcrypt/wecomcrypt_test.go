package wecomcrypt_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/wecom/wecomcrypt"
)

const (
	outerKey = "OuterKey-0123456789-0123456789-X"
	innerKey = "InnerKey-abcdefghij-abcdefghij-Y"
)

// vector is one message in all its forms.
type vector struct {
	name       string
	plain      string
	material   wecomcrypt.Material
	encryptKey string
	encryptMsg string
}

// ramp is the 16 bytes from first on.
func ramp(first byte) (iv [16]byte) {
	for i := range iv {
		iv[i] = first + byte(i)
	}
	return iv
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			key, msg := wecomcrypt.Encrypt([]byte(v.plain), v.material)
			if diff := cmp.Diff([]string{v.encryptKey, v.encryptMsg}, []string{key, msg}); diff != "" {
				t.Errorf("Encrypt (-want +got):\n%s", diff)
			}
			got, err := wecomcrypt.Decrypt(v.encryptKey, v.encryptMsg)
			if err != nil {
				t.Fatalf("Decrypt: %v", err)
			}
			if diff := cmp.Diff(v.plain, string(got)); diff != "" {
				t.Errorf("Decrypt (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 15, 16, 17, 500, 1 << 20} {
		plain := bytes.Repeat([]byte("\x00中\n\xff"), n/6+1)[:n]
		key, msg := wecomcrypt.EncryptLikeWeCom(plain)
		if len(key) != 88 {
			t.Errorf("%d bytes: encrypt_key has %d characters, want 88", n, len(key))
		}
		got, err := wecomcrypt.Decrypt(key, msg)
		if err != nil {
			t.Fatalf("%d bytes: Decrypt: %v", n, err)
		}
		if !bytes.Equal(plain, got) {
			t.Errorf("%d bytes: Decrypt gave other bytes", n)
		}
	}
}

func TestEncryptLikeWeComIsFreshEachTime(t *testing.T) {
	key1, msg1 := wecomcrypt.EncryptLikeWeCom([]byte("x"))
	key2, msg2 := wecomcrypt.EncryptLikeWeCom([]byte("x"))
	if key1 == key2 || msg1 == msg2 {
		t.Error("two encryptions of one text are equal")
	}
}

func TestEncryptToleratesBadMaterial(t *testing.T) {
	for _, tt := range []struct {
		name     string
		material wecomcrypt.Material
	}{
		{"nothing set", wecomcrypt.Material{}},
		{"split beyond the body", wecomcrypt.Material{Inner: innerKey, Layout: wecomcrypt.Layout{Split: 1000}}},
		{"negative fillers", wecomcrypt.Material{Inner: innerKey, Layout: wecomcrypt.Layout{Pre: -1, Post: -1, Split: -1}}},
		{"long outer key", wecomcrypt.Material{Outer: strings.Repeat("k", 40), Inner: innerKey}},
		{"long inner key", wecomcrypt.Material{Outer: outerKey, Inner: strings.Repeat("k", 40)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := wecomcrypt.Decrypt(wecomcrypt.Encrypt([]byte("hello"), tt.material))
			if err != nil {
				t.Fatalf("Decrypt: %v", err)
			}
			if diff := cmp.Diff("hello", string(got)); diff != "" {
				t.Errorf("Decrypt (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecryptRefuses(t *testing.T) {
	key, msg := vectors[0].encryptKey, vectors[0].encryptMsg
	for _, tt := range []struct {
		name, key, msg string
		want           error
	}{
		{"no message", key, "", wecomcrypt.ErrInfo},
		{"message of 12 characters, which aborts the library", key, msg[:12], wecomcrypt.ErrInfo},
		{"message without body", key, msg[:45], wecomcrypt.ErrInfo},
		{"message without its end", key, msg[:70], wecomcrypt.ErrInfo},
		{"no key", "", msg, wecomcrypt.ErrKey},
		{"key that is not base64", "!" + key[1:], msg, wecomcrypt.ErrKey},
		{"key with a line break", key[:40] + "\n" + key[40:], msg, wecomcrypt.ErrKey},
		{"key cut within a block", key[:48], msg, wecomcrypt.ErrKey},
		{"key of one block less", key[:64], msg, wecomcrypt.ErrKey},
		{"outer key changed", key, strings.Replace(msg, "OuterKey", "OuterKex", 1), wecomcrypt.ErrKey},
		{"layout of another message", vectors[2].encryptKey, vectors[1].encryptMsg, wecomcrypt.ErrInfo},
		{"body cut", key, msg[:len(msg)-30], wecomcrypt.ErrBody},
		{"body not base64", key, msg[:80] + "!" + msg[81:], wecomcrypt.ErrBody},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := wecomcrypt.Decrypt(tt.key, tt.msg)
			if !errors.Is(err, tt.want) {
				t.Errorf("Decrypt = %q, %v, want error %v", got, err, tt.want)
			}
		})
	}
}

func FuzzDecrypt(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.encryptKey, v.encryptMsg)
		f.Add(v.encryptKey, v.encryptMsg[:len(v.encryptMsg)/2])
		f.Add(v.encryptKey[:64], v.encryptMsg)
	}
	f.Add("", "")
	f.Fuzz(func(t *testing.T, key, msg string) {
		plain, err := wecomcrypt.Decrypt(key, msg)
		if err == nil && len(plain) > len(msg) {
			t.Errorf("%d bytes out of a message of %d", len(plain), len(msg))
		}
		if err != nil && plain != nil {
			t.Errorf("Decrypt gave both text and the error %v", err)
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	for _, v := range vectors {
		l := v.material.Layout
		f.Add([]byte(v.plain), l.Pre, l.Post, l.Split, innerKey)
	}
	f.Fuzz(func(t *testing.T, plain []byte, pre, post, split int, inner string) {
		m := wecomcrypt.Material{
			Outer: outerKey, Inner: inner, FillerAlphabet: "xyz",
			Layout: wecomcrypt.Layout{Pre: pre % 10_000, Post: post % 10_000, Split: split},
		}
		got, err := wecomcrypt.Decrypt(wecomcrypt.Encrypt(plain, m))
		if err != nil || !bytes.Equal(plain, got) {
			t.Errorf("Decrypt(Encrypt(%q)) = %q, %v", plain, got, err)
		}
	})
}
