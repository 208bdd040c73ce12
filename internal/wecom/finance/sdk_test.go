package finance

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/wecom/wecomcrypt"
)

// TestMain lets the test binary be its own helper process.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "finance-helper" {
		os.Exit(HelperMain(os.Args[2:], os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

// sdkOptions are options for the real SDK against the fake.
func sdkOptions(t *testing.T, f *fakeWeCom) Options {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" || sdkMissing != "" {
		t.Skip("the bundled Finance SDK is for linux/amd64 with cgo")
	}
	library, err := FindBundledLibrary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		CorpID: "ww0123456789abcdef", Secret: "SECRET-for/test+x=", Library: library,
		Proxy: "http://" + f.ProxyAddr, CAFile: f.CAFile, Relay: true, Workers: 2,
	}
}

func openSDK(t *testing.T, o Options) Client {
	t.Helper()
	c, err := OpenSDK(t.Context(), o)
	if err != nil {
		t.Fatalf("OpenSDK: %v", err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return c
}

func TestSDKGetChatData(t *testing.T) {
	f := newFakeWeCom(t)
	f.chat = func(seq uint64, limit int) string {
		return fmt.Sprintf(`{"errcode":0, "errmsg":"ok","chatdata":[{"seq":%d}],"limit":%d}`, seq+1, limit)
	}
	c := openSDK(t, sdkOptions(t, f))
	got, err := c.GetChatData(t.Context(), 1<<40, 7)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"errcode":0, "errmsg":"ok","chatdata":[{"seq":%d}],"limit":7}`, uint64(1<<40+1))
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("GetChatData (-want +got):\n%s", diff)
	}
}

func TestSDKDecryptData(t *testing.T) {
	f := newFakeWeCom(t)
	c := openSDK(t, sdkOptions(t, f))
	texts := [][]byte{
		[]byte(`{"msgtype":"text"}`), []byte("你好，会存。"), bytes.Repeat([]byte("会话"), 1<<20/6),
		[]byte("\x00\x01\n\t\x1f\"\\"), nil,
	}
	var items []Sealed
	for _, text := range texts {
		key, msg := wecomcrypt.EncryptLikeWeCom(text)
		items = append(items, Sealed{key, msg})
	}
	got, err := c.DecryptData(t.Context(), items)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		if got[i].Err != nil || !bytes.Equal(text, got[i].Data) {
			t.Errorf("item %d: %d bytes, %v", i, len(got[i].Data), got[i].Err)
		}
	}
}
