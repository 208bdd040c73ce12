package finance

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/wecom/wecomcrypt"
)

// TestMain lets the test binary be its own helper process.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "finance-helper":
			os.Exit(HelperMain(os.Args[2:], os.Stdin, os.Stdout))
		case "check-isolation":
			os.Exit(checkIsolation())
		case "odd-helper":
			os.Exit(oddHelper(os.Stdin, os.Stdout))
		}
	}
	inherited = append(inherited, "GORACE") // without it a helper with -race takes a second to end
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// bundledLibrary is the real SDK. It is missing on other machines than
// linux/amd64, and nowhere else.
func bundledLibrary(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" || sdkMissing != "" {
		t.Skip("the bundled Finance SDK is for linux/amd64 with cgo")
	}
	library, err := FindBundledLibrary(t.Context())
	if err != nil {
		t.Fatal(err) // says how to get it
	}
	return library
}

// sdkOptions are options for the real SDK against the fake.
func sdkOptions(t *testing.T, f *fakeWeCom) Options {
	t.Helper()
	return Options{
		CorpID: "ww0123456789abcdef", Secret: "SECRET-for/test+x=", Library: bundledLibrary(t),
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

// helperPIDs are the helper processes of this process.
func helperPIDs(t *testing.T) []int {
	t.Helper()
	files, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		for _, word := range strings.Fields(string(b)) {
			pid, err := strconv.Atoi(word)
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

func TestHelperKilledDuringPull(t *testing.T) {
	f := newFakeWeCom(t)
	c := openSDK(t, sdkOptions(t, f))
	entered, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	f.chat = func(seq uint64, _ int) string {
		once.Do(func() { close(entered); <-release })
		return fmt.Sprintf(`{"errcode":0,"chatdata":[{"seq":%d}]}`, seq+1)
	}
	killed := make(chan error, 1)
	go func() {
		<-entered
		killed <- killAll(helperPIDs(t))
		close(release)
	}()
	got, err := c.GetChatData(t.Context(), 41, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-killed; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"errcode":0,"chatdata":[{"seq":42}]}`, string(got)); diff != "" {
		t.Errorf("GetChatData (-want +got):\n%s", diff)
	}
	if f.chats != 2 {
		t.Errorf("%d requests arrived, want the killed one and its repetition", f.chats)
	}
}

func TestMessageThatAbortsTheLibrary(t *testing.T) {
	f := newFakeWeCom(t)
	c := openSDK(t, sdkOptions(t, f))
	key, msg := wecomcrypt.EncryptLikeWeCom([]byte("good"))
	items := []Sealed{{key, msg}, {key, msg}, {key, "short"}, {key, msg}, {key, ""}, {key, msg[:12]}, {key, msg}}
	got, err := c.DecryptData(t.Context(), items)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range got {
		switch {
		case len(items[i].Msg) < 13:
			if !errors.Is(o.Err, ErrCrashed) || ClassOf(o.Err) != ClassPermanent {
				t.Errorf("item %d: %v, want ErrCrashed", i, o.Err)
			}
		case o.Err != nil || string(o.Data) != "good":
			t.Errorf("item %d: %q, %v", i, o.Data, o.Err)
		}
	}
	if _, err := c.GetMediaData(t.Context(), "", "***"); ClassOf(err) != ClassPermanent {
		t.Errorf("a call after the crashes: %v", err)
	}
}

func TestTokenAnswerThatAbortsTheLibrary(t *testing.T) {
	f := newFakeWeCom(t)
	c := openSDK(t, sdkOptions(t, f))
	f.set(func(f *fakeWeCom) {
		f.token = `{"errcode":0,"errmsg":"ok","access_token":"T","expires_in":7200,"unknown":1}`
		f.chat = func(uint64, int) string { return "{}" }
	})
	_, err := c.GetChatData(t.Context(), 0, 1)
	if !errors.Is(err, ErrCrashed) || ClassOf(err) != ClassRetry {
		t.Fatalf("GetChatData: %v, want ErrCrashed of class retry", err)
	}
	if f.tokens != maxAttempts {
		t.Errorf("%d attempts, want %d", f.tokens, maxAttempts)
	}
	f.set(func(f *fakeWeCom) { f.token = "" })
	if _, err := c.GetChatData(t.Context(), 0, 1); err != nil {
		t.Errorf("GetChatData once the answer is good: %v", err)
	}
}

func TestHandleIsRenewedWhenTheTokenIsRefused(t *testing.T) {
	f := newFakeWeCom(t)
	c := openSDK(t, sdkOptions(t, f))
	f.chat = func(uint64, int) string {
		if f.tokens > 1 {
			return `{"errcode":0}`
		}
		return `{"errcode":40014,"errmsg":"invalid access_token"}`
	}
	var got []int
	for range 3 {
		raw, err := c.GetChatData(t.Context(), 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, errcodeOf(raw))
	}
	if diff := cmp.Diff([]int{0, 0, 0}, got); diff != "" {
		t.Errorf("errcodes (-want +got):\n%s", diff)
	}
	if f.tokens != 2 {
		t.Errorf("%d tokens were fetched, want one for each handle", f.tokens)
	}
}

func TestKeyRotation(t *testing.T) {
	f := newFakeWeCom(t)
	c := openSDK(t, sdkOptions(t, f))
	dir := t.TempDir()
	first, second := testKeys(t)
	writeKey(t, filepath.Join(dir, "1.pem"), first)
	ring, err := LoadKeyDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	item1, key1 := seal(t, 1, first, "old key")
	item2, key2 := seal(t, 2, second, "new key")
	f.chat = func(uint64, int) string { return `{"errcode":0,"chatdata":[` + item1 + "," + item2 + `]}` }
	raw, err := c.GetChatData(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	page, err := ParseChatData(raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.OpenKey(page.Items[1].PublicKeyVer, page.Items[1].EncryptRandomKey); !errors.Is(err, ErrKeyMissing) {
		t.Errorf("OpenKey before key 2 is there: %v, want ErrKeyMissing", err)
	}
	writeKey(t, filepath.Join(dir, "private-2.pem"), second)
	added, err := ring.Reload()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]uint32{2}, added); diff != "" {
		t.Errorf("Reload (-want +got):\n%s", diff)
	}
	var items []Sealed
	for i, item := range page.Items {
		key, err := ring.OpenKey(item.PublicKeyVer, item.EncryptRandomKey)
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{key1, key2}[i]; key != want {
			t.Errorf("key %d is %q, want %q", i, key, want)
		}
		items = append(items, Sealed{key, item.EncryptChatMsg})
	}
	got, err := c.DecryptData(t.Context(), items)
	if err != nil {
		t.Fatal(err)
	}
	want := []Opened{{Data: []byte("old key")}, {Data: []byte("new key")}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("DecryptData (-want +got):\n%s", diff)
	}
}

func TestMediaThatDoesNotAdvanceIsAnError(t *testing.T) {
	f := newFakeWeCom(t)
	f.rangeUnit = "bytes" // the library misreads it and would ask for the same part for ever
	f.media["FILE"] = make([]byte, 1_500_000)
	c := openSDK(t, sdkOptions(t, f))
	part, err := c.GetMediaData(t.Context(), "", fileID("FILE"))
	for range 3 {
		if err != nil {
			break
		}
		part, err = c.GetMediaData(t.Context(), part.OutIndexBuf, fileID("FILE"))
	}
	var e *Error
	if !errors.As(err, &e) || e.Code != 10002 {
		t.Errorf("GetMediaData again and again: %v, want code 10002", err)
	}
}
