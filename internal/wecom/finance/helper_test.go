package finance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/wecom/wecomcrypt"
)

// checkIsolation is what a process does that is started by TestIsolate.
func checkIsolation() int {
	frames, err := isolate(os.Stdout)
	if err != nil {
		return 1
	}
	fmt.Println("noise of the library")
	_, err = io.WriteString(frames, "frame")
	if err != nil {
		return 1
	}
	return 0
}

func TestIsolateKeepsNoiseOutOfTheFrames(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no helper process on other systems than Linux")
	}
	cmd := exec.Command(os.Args[0], "check-isolation")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"frame", "noise of the library\n"}, []string{stdout.String(), stderr.String()}); diff != "" {
		t.Errorf("stdout and stderr (-want +got):\n%s", diff)
	}
}

func TestHelperEndsWithItsParent(t *testing.T) {
	f := newFakeWeCom(t)
	o, err := sdkOptions(t, f).normal()
	if err != nil {
		t.Fatal(err)
	}
	entered, release := make(chan struct{}), make(chan struct{})
	f.chat = func(uint64, int) string { close(entered); <-release; return "{}" }
	defer close(release)
	p, err := startProcess(t.Context(), []string{os.Args[0], "finance-helper"}, &stderrLog{log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s := setup{Library: o.Library, CorpID: "ww1", Secret: "s", Proxy: o.Proxy, Seconds: 600}
	if err := p.initialise(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if err := writeFrame(p.stdin, request{Op: doChat, Limit: 1}.encode()); err != nil {
		t.Fatal(err)
	}
	<-entered // now the library waits for an answer
	if err := p.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if how := p.wait(); how != "exit status 1" {
		t.Errorf("the helper ended with %s, want exit status 1", how)
	}
}

func TestHelperStoppedWhenIdle(t *testing.T) {
	f := newFakeWeCom(t)
	o := sdkOptions(t, f)
	p, err := startProcess(t.Context(), []string{os.Args[0], "finance-helper"}, &stderrLog{log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.initialise(t.Context(), setup{Library: o.Library, CorpID: "ww1", Secret: "s", Seconds: 5}); err != nil {
		t.Fatal(err)
	}
	if err := p.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if how := p.wait(); how != "exit status 0" {
		t.Errorf("the helper ended with %s, want exit status 0", how)
	}
}

func TestOpenSDKErrors(t *testing.T) {
	f := newFakeWeCom(t)
	good := sdkOptions(t, f)
	dir := t.TempDir()
	arm := filepath.Join(dir, "arm.so")
	library, err := os.ReadFile(good.Library)
	if err != nil {
		t.Fatal(err)
	}
	library[18] = 183 // e_machine: AArch64
	writeFile(t, arm, library)
	text := filepath.Join(dir, "text.so")
	writeFile(t, text, []byte("no library"))
	foreign, err := filepath.Glob("/lib*/*/libm.so.6")
	if err != nil || len(foreign) == 0 {
		t.Fatalf("this machine has no libm.so.6: %v", err)
	}
	for _, tt := range []struct {
		name   string
		change func(*Options)
		class  Class
		want   string
	}{
		{"no library", func(o *Options) { o.Library = "" }, ClassConfig, "download it from"},
		{"missing", func(o *Options) { o.Library = dir + "/none.so" }, ClassConfig, dir + "/none.so: no such file"},
		{"empty folder", func(o *Options) { o.Library = dir }, ClassConfig, dir + "/" + libraryName + ": no such file"},
		{"text file", func(o *Options) { o.Library = text }, ClassConfig, text + " is no Linux library"},
		{"other processor", func(o *Options) { o.Library = arm }, ClassConfig, "EM_AARCH64"},
		{"other library", func(o *Options) { o.Library = foreign[0] }, ClassConfig, "it has no function NewSdk"},
		{"helper does not exist", func(o *Options) { o.HelperCommand = []string{"/no/such/program"} }, ClassConfig, "/no/such/program"},
		{"helper is another program", func(o *Options) { o.HelperCommand = []string{"echo", "hello"} }, ClassConfig, "does not speak the protocol"},
		{"helper ends", func(o *Options) { o.HelperCommand = []string{"false"} }, ClassRetry, "exit status 1"},
		{"helper with arguments", func(o *Options) { o.HelperCommand = []string{os.Args[0], "finance-helper", "x"} }, ClassRetry, "exit status 1"},
		{"upstream without relay", func(o *Options) { o.Relay, o.Upstream = false, f.TLSAddr }, ClassConfig, "switch the relay on"},
		{"missing CA file", func(o *Options) { o.CAFile = dir + "/ca.pem" }, ClassConfig, dir + "/ca.pem"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := good
			tt.change(&o)
			c, err := OpenSDK(t.Context(), o)
			if err == nil {
				c.Close()
			}
			if err == nil || ClassOf(err) != tt.class || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("OpenSDK: %v (class %v), want class %v with %q", err, ClassOf(err), tt.class, tt.want)
			}
			if strings.Contains(fmt.Sprint(err), "SECRET") {
				t.Errorf("the error holds the secret: %v", err)
			}
		})
	}
	if pids := helperPIDs(t); len(pids) > 0 {
		t.Errorf("helper processes are left: %v", pids)
	}
}

func TestSDKLibraryFolder(t *testing.T) {
	f := newFakeWeCom(t)
	o := sdkOptions(t, f)
	o.Library = filepath.Dir(o.Library)
	openSDK(t, o)
}

func TestSDKWithoutRelay(t *testing.T) {
	f := newFakeWeCom(t)
	f.proxyUser = "wang:hush"
	f.chat = func(uint64, int) string { return `{"errcode":0}` }
	o := sdkOptions(t, f)
	o.Relay, o.ProxyPassword = false, "wang:hush"
	if _, err := openSDK(t, o).GetChatData(t.Context(), 0, 1); err != nil {
		t.Errorf("GetChatData: %v", err)
	}
	o.ProxyPassword = "wang:push"
	if _, err := openSDK(t, o).GetChatData(t.Context(), 0, 1); ClassOf(err) != ClassRetry || !strings.Contains(fmt.Sprint(err), "10001") {
		t.Errorf("GetChatData with a wrong proxy password: %v, want code 10001", err)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	f := newFakeWeCom(t)
	o := sdkOptions(t, f)
	f.chat = func(uint64, int) string { return `{"errcode":0}` }
	key, msg := wecomcrypt.EncryptLikeWeCom([]byte("good"))
	round := func() {
		c, err := OpenSDK(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.GetChatData(t.Context(), 0, 1); err != nil {
			t.Error(err)
		}
		if _, err := c.DecryptData(t.Context(), []Sealed{{key, msg}, {key, "short"}}); err != nil {
			t.Error(err)
		}
		if err := errors.Join(c.Close(), c.Close()); err != nil {
			t.Error(err)
		}
	}
	round() // what is made once is made now
	before := openFiles(t)
	round()
	waitFor(t, "goroutines of the client to end", func() bool { return !strings.Contains(stacks(), "finance.(*") })
	waitFor(t, "files to be closed", func() bool { return openFiles(t) <= before })
	if pids := helperPIDs(t); len(pids) > 0 {
		t.Errorf("helper processes are left: %v", pids)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// stacks are the goroutines of the code under test, without those of the fake.
func stacks() string {
	b := make([]byte, 1<<20)
	text := string(b[:runtime.Stack(b, true)])
	return strings.ReplaceAll(text, "finance.(*fakeWeCom)", "fake")
}

// waitFor waits until done, as long as the test may run.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for !done() {
		if t.Context().Err() != nil {
			t.Fatalf("waiting for %s", what)
		}
		runtime.Gosched()
	}
}

func TestHelperServe(t *testing.T) {
	frame := func(q request) string {
		var b bytes.Buffer
		if err := writeFrame(&b, q.encode()); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, tt := range []struct {
		name, stdin string
		open        bool   // the parent lives on
		want        string // in the error; "" for none
	}{
		{"nothing to do", "", false, ""},
		{"call before the library is open", frame(request{Op: doChat, Limit: 1}), true, "must open the library"},
		{"malformed frame", "hello, helper", true, "malformed frame"},
		{"unknown operation", frame(request{Op: 99}), true, "malformed frame"},
		{"cut frame", frame(request{Op: doReset})[:4], false, "unexpected EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &helper{out: io.Discard}
			stdin := io.Reader(strings.NewReader(tt.stdin))
			if tt.open {
				rest, parent := io.Pipe()
				defer parent.Close()
				stdin = io.MultiReader(stdin, rest)
			}
			err := h.serve(stdin)
			if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("serve: %v, want %q", err, tt.want)
			}
		})
	}
}
