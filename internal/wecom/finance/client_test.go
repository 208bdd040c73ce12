package finance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/wecom/wecomcrypt"
)

// eachClient runs a test against both clients.
func eachClient(t *testing.T, test func(t *testing.T, f *fakeWeCom, c Client)) {
	t.Helper()
	t.Run("sdk", func(t *testing.T) {
		f := newFakeWeCom(t)
		test(t, f, openSDK(t, sdkOptions(t, f)))
	})
	t.Run("pure", func(t *testing.T) {
		f := newFakeWeCom(t)
		test(t, f, openPure(t, pureOptions(f)))
	})
}

func pureOptions(f *fakeWeCom) Options {
	return Options{CorpID: "ww0123456789abcdef", Secret: "SECRET-for/test+x=", Upstream: f.TLSAddr, CAFile: f.CAFile}
}

func openPure(t *testing.T, o Options) Client {
	t.Helper()
	c, err := OpenPure(t.Context(), o)
	if err != nil {
		t.Fatalf("OpenPure: %v", err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return c
}

func TestGetChatData(t *testing.T) {
	eachClient(t, func(t *testing.T, f *fakeWeCom, c Client) {
		f.chat = func(seq uint64, limit int) string {
			return fmt.Sprintf("{\"errcode\":0, \"errmsg\":\"ok\",\n\"chatdata\":[{\"seq\":%d}],\"limit\":%d}", seq+1, limit)
		}
		for range 2 {
			got, err := c.GetChatData(t.Context(), 1<<40, 7)
			if err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf("{\"errcode\":0, \"errmsg\":\"ok\",\n\"chatdata\":[{\"seq\":%d}],\"limit\":7}", uint64(1<<40+1))
			if diff := cmp.Diff(want, string(got)); diff != "" {
				t.Errorf("GetChatData (-want +got):\n%s", diff)
			}
		}
		if diff := cmp.Diff("corpid=ww0123456789abcdef&corpsecret=SECRET-for/test+x=", f.queries[0]); diff != "" {
			t.Errorf("query of gettoken (-want +got):\n%s", diff)
		}
		if f.tokens != 1 {
			t.Errorf("%d tokens were fetched for two calls, want 1", f.tokens)
		}
	})
}

func TestGetChatDataPassesErrcodesOn(t *testing.T) {
	eachClient(t, func(t *testing.T, f *fakeWeCom, c Client) {
		for _, code := range []int{301042, 48002, 45009, 301058, 301052, 301053, -1} {
			f.set(func(f *fakeWeCom) {
				f.chat = func(uint64, int) string { return fmt.Sprintf(`{"errcode":%d,"errmsg":"from ip: 1.2.3.4"}`, code) }
			})
			raw, err := c.GetChatData(t.Context(), 0, 1000)
			if err != nil {
				t.Fatalf("errcode %d: GetChatData: %v", code, err)
			}
			page, err := ParseChatData(raw)
			if err != nil {
				t.Fatalf("errcode %d: ParseChatData: %v", code, err)
			}
			if got := ClassOf(page.Err()); got != Classify(code) {
				t.Errorf("errcode %d: class %v, want %v", code, got, Classify(code))
			}
		}
	})
}

func TestGetChatDataRefusesLimit(t *testing.T) {
	eachClient(t, func(t *testing.T, f *fakeWeCom, c Client) {
		for _, limit := range []uint32{0, 1001, 1 << 31} {
			if _, err := c.GetChatData(t.Context(), 0, limit); ClassOf(err) != ClassConfig {
				t.Errorf("limit %d: %v, want an error of class config", limit, err)
			}
		}
		if f.chats != 0 {
			t.Errorf("%d calls arrived, want none", f.chats)
		}
	})
}

func TestDecryptData(t *testing.T) {
	eachClient(t, func(t *testing.T, _ *fakeWeCom, c Client) {
		texts := [][]byte{
			[]byte(`{"msgtype":"text"}`), []byte("你好，会存。"), bytes.Repeat([]byte("会话"), 1<<20/6),
			[]byte("\x00\x01\n\t\x1f\"\\"),
			{},
			{0xff, 0xfe},
		}
		for i := range 400 { // several requests' worth
			texts = append(texts, fmt.Appendf(nil, "消息 %d", i))
		}
		var items []Sealed
		var want []Opened
		for _, text := range texts {
			key, msg := wecomcrypt.EncryptLikeWeCom(text)
			items = append(items, Sealed{key, msg})
			want = append(want, Opened{Data: text})
		}
		got, err := c.DecryptData(t.Context(), items)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if got[i].Err != nil || !bytes.Equal(want[i].Data, got[i].Data) {
				t.Errorf("item %d: %d bytes, want %d, error %v", i, len(got[i].Data), len(want[i].Data), got[i].Err)
			}
		}
	})
}

func TestDecryptDataReportsBadItemsAlone(t *testing.T) {
	eachClient(t, func(t *testing.T, _ *fakeWeCom, c Client) {
		key, msg := wecomcrypt.EncryptLikeWeCom([]byte("good"))
		otherKey, _ := wecomcrypt.EncryptLikeWeCom([]byte("other"))
		got, err := c.DecryptData(t.Context(), []Sealed{
			{key, msg}, {otherKey, msg}, {key, msg + "\x00"}, {key, msg[:len(msg)-40]}, {key, msg},
		})
		if err != nil {
			t.Fatal(err)
		}
		var classes []Class
		for _, o := range got {
			if o.Err == nil {
				classes = append(classes, 0)
				continue
			}
			classes = append(classes, ClassOf(o.Err))
		}
		if diff := cmp.Diff([]Class{0, ClassKey, ClassKey, ClassKey, 0}, classes); diff != "" {
			t.Errorf("classes (-want +got):\n%s", diff)
		}
		if string(got[0].Data) != "good" || string(got[4].Data) != "good" {
			t.Errorf("the good items are %q and %q", got[0].Data, got[4].Data)
		}
	})
}

func TestGetMediaData(t *testing.T) {
	for _, tt := range []struct {
		name        string
		size, parts int
	}{
		{"empty", 0, 1},
		{"small", 13, 1},
		{"one block", 16, 1},
		{"one part less a byte", 524_287, 1},
		{"one part", 524_288, 2},
		{"three parts", 1_500_000, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachClient(t, func(t *testing.T, f *fakeWeCom, c Client) {
				file := bytes.Repeat([]byte("\x00\x10media\xff"), tt.size/8+1)[:tt.size]
				f.media["FILE"] = file
				var got []byte
				parts, indexBuf := 0, ""
				for finished := false; !finished; parts++ {
					part, err := c.GetMediaData(t.Context(), indexBuf, fileID("FILE"))
					if err != nil {
						t.Fatal(err)
					}
					got, indexBuf, finished = append(got, part.Data...), part.OutIndexBuf, part.Finished
				}
				if !bytes.Equal(file, got) {
					t.Errorf("%d bytes came, other than the %d of the file", len(got), len(file))
				}
				if parts != tt.parts {
					t.Errorf("%d parts, want %d", parts, tt.parts)
				}
			})
		})
	}
}

func TestGetMediaDataResumes(t *testing.T) {
	eachClient(t, func(t *testing.T, f *fakeWeCom, c Client) {
		file := bytes.Repeat([]byte("resumed\n"), 100_000)
		f.media["FILE"] = file
		for _, tt := range []struct {
			indexBuf string
			want     MediaPart
		}{
			{"Range:bytes=0-32767", MediaPart{Data: file[:32768], OutIndexBuf: "Range:bytes=32768-557055"}},
			{"Range:bytes=524288-557055", MediaPart{Data: file[524288:557056], OutIndexBuf: "Range:bytes=557056-800015"}},
			{"Range:bytes=524288-800015", MediaPart{Data: file[524288:], Finished: true}},
			{"Range:bytes=524288-1048575", MediaPart{Data: file[524288:], Finished: true}},
		} {
			got, err := c.GetMediaData(t.Context(), tt.indexBuf, fileID("FILE"))
			if err != nil {
				t.Fatalf("%s: %v", tt.indexBuf, err)
			}
			if got.OutIndexBuf != tt.want.OutIndexBuf || got.Finished != tt.want.Finished || !bytes.Equal(got.Data, tt.want.Data) {
				t.Errorf("%s: %d bytes, next %q, finished %v; want %d bytes, next %q, finished %v", tt.indexBuf,
					len(got.Data), got.OutIndexBuf, got.Finished, len(tt.want.Data), tt.want.OutIndexBuf, tt.want.Finished)
			}
		}
	})
}

func TestGetMediaDataErrors(t *testing.T) {
	for _, tt := range []struct {
		name, indexBuf, fileID string
		errcode                int
		want                   Class
	}{
		{"unknown file", "", fileID("NONE"), 0, ClassRetry},
		{"not base64", "", "***", 0, ClassPermanent},
		{"no protobuf", "", "AAAA", 0, ClassPermanent},
		{"no file id", "", "", 0, ClassPermanent},
		{"NUL byte", "", "\x00", 0, ClassPermanent},
		{"range of no whole blocks", "Range:bytes=0-16", fileID("FILE"), 0, ClassConfig},
		{"address not trusted", "", fileID("FILE"), 301042, ClassTrustedIP},
		{"expired", "", fileID("FILE"), 301048, ClassExpired},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachClient(t, func(t *testing.T, f *fakeWeCom, c Client) {
				f.media["FILE"] = []byte("x")
				f.mediaErr = tt.errcode
				_, err := c.GetMediaData(t.Context(), tt.indexBuf, tt.fileID)
				if err == nil || ClassOf(err) != tt.want {
					t.Errorf("GetMediaData: %v (class %v), want class %v", err, ClassOf(err), tt.want)
				}
			})
		})
	}
}

func TestCallEndsWithItsContext(t *testing.T) {
	eachClient(t, func(t *testing.T, f *fakeWeCom, c Client) {
		entered, release := make(chan struct{}), make(chan struct{})
		f.chat = func(uint64, int) string { close(entered); <-release; return "{}" }
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-entered; cancel() }()
		if _, err := c.GetChatData(ctx, 0, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("GetChatData: %v, want context.Canceled", err)
		}
		close(release)
		f.set(func(f *fakeWeCom) { f.chat = func(uint64, int) string { return "{}" } })
		if _, err := c.GetChatData(t.Context(), 0, 1); err != nil {
			t.Errorf("the next GetChatData: %v", err)
		}
	})
}

func TestCloseEndsCalls(t *testing.T) {
	eachClient(t, func(t *testing.T, f *fakeWeCom, c Client) {
		entered, release := make(chan struct{}), make(chan struct{})
		f.chat = func(uint64, int) string { close(entered); <-release; return "{}" }
		defer close(release)
		closed := make(chan error)
		go func() { <-entered; closed <- c.Close() }()
		if _, err := c.GetChatData(t.Context(), 0, 1); !errors.Is(err, ErrClosed) {
			t.Errorf("GetChatData during Close: %v, want ErrClosed", err)
		}
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
		if _, err := c.GetChatData(t.Context(), 0, 1); !errors.Is(err, ErrClosed) {
			t.Errorf("GetChatData after Close: %v, want ErrClosed", err)
		}
		if _, err := c.DecryptData(t.Context(), []Sealed{{"k", "m"}}); !errors.Is(err, ErrClosed) {
			t.Errorf("DecryptData after Close: %v, want ErrClosed", err)
		}
		if _, err := c.GetMediaData(t.Context(), "", fileID("FILE")); !errors.Is(err, ErrClosed) {
			t.Errorf("GetMediaData after Close: %v, want ErrClosed", err)
		}
	})
}

func TestUntrustedCertificateIsRefused(t *testing.T) {
	other := newFakeWeCom(t) // another CA
	for _, tt := range []struct {
		name string
		open func(t *testing.T, f *fakeWeCom) Client
	}{
		{"sdk", func(t *testing.T, f *fakeWeCom) Client { return openSDK(t, withCA(sdkOptions(t, f), other.CAFile)) }},
		{"sdk, system roots", func(t *testing.T, f *fakeWeCom) Client { return openSDK(t, withCA(sdkOptions(t, f), "")) }},
		{"pure", func(t *testing.T, f *fakeWeCom) Client { return openPure(t, withCA(pureOptions(f), other.CAFile)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeWeCom(t)
			_, err := tt.open(t, f).GetChatData(t.Context(), 0, 1)
			if ClassOf(err) != ClassConfig || !strings.Contains(fmt.Sprint(err), "certificate signed by unknown authority") {
				t.Errorf("GetChatData: %v, want an error of class config that names the certificate", err)
			}
			if len(f.queries) > 0 {
				t.Errorf("the untrusted server was sent %d requests", len(f.queries))
			}
			if strings.Contains(fmt.Sprint(err), "SECRET") {
				t.Errorf("the error holds the secret: %v", err)
			}
		})
	}
}

func withCA(o Options, file string) Options {
	o.CAFile = file
	return o
}

func TestErrorsDoNotHoldSecrets(t *testing.T) {
	f := newFakeWeCom(t)
	o := pureOptions(f)
	o.Upstream = "127.0.0.1:1" // nobody listens there
	_, err := openPure(t, o).GetChatData(t.Context(), 0, 1)
	if err == nil || ClassOf(err) != ClassRetry {
		t.Errorf("GetChatData: %v, want an error of class retry", err)
	}
	if text := fmt.Sprint(err); strings.Contains(text, "SECRET") || strings.Contains(text, "corpsecret") {
		t.Errorf("the error holds the URL: %v", err)
	}
}
