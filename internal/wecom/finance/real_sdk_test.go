package finance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/wecomsim"
	"huicun/internal/wecomsim/corpus"
)

// sim is a wecomsim that runs until the test ends.
type sim struct {
	*wecomsim.Sim
	cfg wecomsim.Config
}

func startSim(t *testing.T, change func(*wecomsim.Config)) *sim {
	t.Helper()
	cfg := wecomsim.DefaultConfig()
	cfg.Listen, cfg.ProxyListen, cfg.ProxyPassword = "127.0.0.1:0", "127.0.0.1:0", "sim:hush"
	cfg.DataDir, cfg.Messages = t.TempDir(), 250
	cfg.Log = slog.New(slog.DiscardHandler)
	if change != nil {
		change(&cfg)
	}
	s, err := wecomsim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("wecomsim: %v", err)
		}
	})
	<-s.Ready()
	return &sim{Sim: s, cfg: cfg}
}

// options reach the simulator through its CONNECT proxy.
func (s *sim) options() Options {
	return Options{
		CorpID: s.cfg.CorpID, Secret: s.cfg.ArchiveSecret, CAFile: s.CAFile(),
		Proxy: "http://" + s.ProxyAddr(), ProxyPassword: s.cfg.ProxyPassword, Relay: true, Workers: 2,
	}
}

// post uses the control API.
func (s *sim) post(t *testing.T, path string, body any) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(s.URL()+path, "application/json", bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if answer, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d: %s", path, resp.StatusCode, answer)
	}
}

// messages are the plaintexts that the simulator has.
func (s *sim) messages(t *testing.T) []string {
	t.Helper()
	resp, err := http.Get(s.URL() + "/sim/messages?limit=10000")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var page struct {
		Messages []struct{ Body []byte } `json:"messages"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, m := range page.Messages {
		texts = append(texts, string(m.Body))
	}
	return texts
}

// eachSimClient runs a test with each client against the simulator.
func eachSimClient(t *testing.T, s *sim, test func(t *testing.T, c Client)) {
	t.Helper()
	t.Run("sdk", func(t *testing.T) {
		o := s.options()
		o.Library = bundledLibrary(t)
		test(t, openSDK(t, o))
	})
	t.Run("pure", func(t *testing.T) { test(t, openPure(t, s.options())) })
}

// pull fetches and decrypts everything after seq 0.
func pull(t *testing.T, c Client, ring *KeyRing) []string {
	t.Helper()
	var texts []string
	for seq := uint64(0); ; {
		raw, err := c.GetChatData(t.Context(), seq, 100)
		if err != nil {
			t.Fatal(err)
		}
		page, err := ParseChatData(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := page.Err(); err != nil {
			t.Fatal(err)
		}
		if len(page.Items) == 0 {
			return texts
		}
		texts = append(texts, decryptPage(t, c, ring, page)...)
		seq = page.Items[len(page.Items)-1].Seq
	}
}

func decryptPage(t *testing.T, c Client, ring *KeyRing, page Page) []string {
	t.Helper()
	var items []Sealed
	for _, item := range page.Items {
		key, err := ring.OpenKey(item.PublicKeyVer, item.EncryptRandomKey)
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, Sealed{key, item.EncryptChatMsg})
	}
	opened, err := c.DecryptData(t.Context(), items)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, o := range opened {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		texts = append(texts, string(o.Data))
	}
	return texts
}

func TestSimulatorMessages(t *testing.T) {
	s := startSim(t, nil)
	ring, err := LoadKeyDir(filepath.Dir(s.PrivateKeyFile(1)))
	if err != nil {
		t.Fatal(err)
	}
	s.post(t, "/sim/messages", map[string]any{"raw": `{"msgid":"zh","msgtype":"text","text":{"content":"你好，会存。😀"}}`})
	s.post(t, "/sim/messages", map[string]any{"raw": `{"msgid":"large","text":{"content":"` + strings.Repeat("长", 1<<20/3) + `"}}`})
	s.post(t, "/sim/messages", map[string]any{"raw": "{\"msgid\":\"control\",\"text\":{\"content\":\"\x00\x01\n\x1f\"}}"})
	s.post(t, "/sim/keys", struct{}{})
	s.post(t, "/sim/messages", map[string]any{"raw": `{"msgid":"rotated","msgtype":"text"}`})
	added, err := ring.Reload()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]uint32{2}, added); diff != "" {
		t.Errorf("keys that arrived (-want +got):\n%s", diff)
	}
	want := s.messages(t)
	if len(want) != 254 {
		t.Errorf("the simulator has %d messages, want 254", len(want))
	}
	eachSimClient(t, s, func(t *testing.T, c Client) {
		if got := pull(t, c, ring); !slices.Equal(want, got) {
			t.Errorf("%d messages came, other than the %d of the simulator", len(got), len(want))
		}
	})
}

func TestSimulatorHelperKilledDuringPull(t *testing.T) {
	var calls atomic.Int32
	killed := make(chan error, 1)
	s := startSim(t, func(cfg *wecomsim.Config) {
		cfg.Middleware = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/getchatdata") && calls.Add(1) == 2 {
					killed <- killAll(helperPIDs(t))
				}
				next.ServeHTTP(w, r)
			})
		}
	})
	o := s.options()
	o.Library = bundledLibrary(t)
	c := openSDK(t, o)
	ring, err := LoadKeyFiles(map[uint32]string{1: s.PrivateKeyFile(1)})
	if err != nil {
		t.Fatal(err)
	}
	want, got := s.messages(t), pull(t, c, ring)
	if err := <-killed; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	if got := calls.Load(); got != 5 {
		t.Errorf("%d calls arrived, want those of 3 pages, of the end and of the one that was killed", got)
	}
}

func TestSimulatorRevokesTokens(t *testing.T) {
	s := startSim(t, nil)
	eachSimClient(t, s, func(t *testing.T, c Client) {
		var errcodes []int
		call := func() {
			raw, err := c.GetChatData(t.Context(), 1<<40, 1)
			if err != nil {
				t.Fatal(err)
			}
			errcodes = append(errcodes, errcodeOf(raw))
		}
		call()
		s.post(t, "/sim/tokens/revoke", struct{}{})
		call()
		if diff := cmp.Diff([]int{0, 0}, errcodes); diff != "" {
			t.Errorf("errcodes before and after the token was revoked (-want +got):\n%s", diff)
		}
	})
}

func TestSimulatorMediaInThreeParts(t *testing.T) {
	eachSimClient(t, startSim(t, nil), func(t *testing.T, c Client) {
		const id = "xh-amr-59-0-0000000000000001" // 92 KiB of voice
		want, ok := new(corpus.Corpus).Media(id)
		if !ok {
			t.Fatalf("the simulator has no file %s", id)
		}
		authKey, aesKey := corpus.MediaKeys(id)
		sdkFileID := corpus.SDKFileID(id, authKey, aesKey)
		var got []byte
		for i, indexBuf := range []string{"Range:bytes=0-32767", "Range:bytes=32768-65535", "Range:bytes=65536-98303"} {
			part, err := c.GetMediaData(t.Context(), indexBuf, sdkFileID)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, part.Data...)
			if last := i == 2; part.Finished != last {
				t.Errorf("part %d: finished is %v, want %v", i+1, part.Finished, last)
			}
		}
		if !bytes.Equal(want, got) {
			t.Errorf("%d bytes came, other than the %d of the file", len(got), len(want))
		}
	})
}

func TestSimulatorRefusesWrongSecret(t *testing.T) {
	s := startSim(t, nil)
	o := s.options()
	o.Secret = "wrong"
	t.Run("pure", func(t *testing.T) {
		_, err := openPure(t, o).GetChatData(t.Context(), 0, 1)
		if ClassOf(err) != ClassConfig {
			t.Errorf("GetChatData: %v, want an error of class config", err)
		}
	})
	t.Run("sdk", func(t *testing.T) {
		o.Library = bundledLibrary(t)
		raw, err := openSDK(t, o).GetChatData(t.Context(), 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		page, err := ParseChatData(raw)
		if err != nil {
			t.Fatal(err)
		}
		if ClassOf(page.Err()) != ClassConfig {
			t.Errorf("the answer says %v, want an error of class config", page.Err())
		}
	})
}

// killAll ends processes at once.
func killAll(pids []int) error {
	for _, pid := range pids {
		p, err := os.FindProcess(pid)
		if err != nil {
			return err
		}
		if err := p.Kill(); err != nil {
			return err
		}
	}
	if len(pids) == 0 {
		return fmt.Errorf("there is no helper process")
	}
	return nil
}
