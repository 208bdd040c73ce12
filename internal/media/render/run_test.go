package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"huicun/internal/media"
)

// scripted gives a Renderer whose ffmpeg is a script.
func scripted(t *testing.T, script string) *Renderer {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ffmpeg")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return New(Options{FFmpeg: path, TempDir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
}

// runScript runs a script as ffmpeg, with input as its file.
func runScript(ctx context.Context, t *testing.T, r *Renderer, input string, max int64) (string, error) {
	t.Helper()
	in, err := r.spool(ctx, strings.NewReader(input))
	if err != nil {
		return "", err
	}
	defer in.Close()
	out, err := r.run(ctx, job{program: progFFmpeg, in: in, max: max})
	return string(out), err
}

func TestProgramsHaveLimits(t *testing.T) {
	t.Setenv("PLANTED_SECRET", "hunter2")
	r := scripted(t, `
echo "as $(ulimit -v) cpu $(ulimit -S -t) core $(ulimit -c) nice $(nice)"
prlimit --fsize --noheadings --output SOFT --pid $$
env | sort
wc -c </dev/fd/3
cat /dev/fd/3
readlink /proc/$$/fd/3
stat -L -c 'mode %a links %h' /proc/$$/fd/3
[ "$(ps -o pgid= -p $$ | tr -d ' ')" = $$ ] && echo "own group"
for f in /proc/$$/fd/*; do n=${f##*/}; [ $n -gt 3 ] && readlink $f | grep -v fd/ ; done
pwd
`)
	out, err := runScript(context.Background(), t, r, "what it reads\n", 1<<16)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"as 1048576 cpu 120 core 0 nice 10", "536870912", "PATH=/usr/bin:/bin", "\n14\nwhat it reads\n", "(deleted)", "mode 600 links 0", "own group", "\n/\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	if strings.Contains(out, "hunter2") {
		t.Error("a program sees the environment")
	}
}

func TestProgramsThatFail(t *testing.T) {
	for _, tt := range []struct {
		name, script string
		want         string
		temporary    bool
	}{
		{"an error", "echo 'first line' >&2; printf 'Invalid \\033[31mdata\\001 \\344\\275\\240\\n\\n' >&2; exit 1", "ffmpeg: Invalid [31mdata", false},
		{"a long line", "head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1", "ffmpeg: " + strings.Repeat("x", 160), false},
		{"no words", "exit 3", "ffmpeg failed", false},
		{"prints too much", "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyy; done", "ffmpeg: it is larger than allowed", false},
		{"killed by somebody", "kill -KILL $$", "ffmpeg: may work later: killed", true},
		{"too much CPU", "kill -XCPU $$", "ffmpeg: ended by signal: CPU time limit exceeded", false},
		{"crashed", "kill -SEGV $$", "ffmpeg: ended by signal: segmentation fault", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := runScript(context.Background(), t, scripted(t, tt.script), "", 1000)
			if err == nil || err.Error() != tt.want || errors.Is(err, media.ErrTemporary) != tt.temporary || out != "" {
				t.Errorf("%q, %v, want %s, temporary %v", out, err, tt.want, tt.temporary)
			}
		})
	}
}

func TestProgramsEndWithTheirTime(t *testing.T) {
	r := scripted(t, "sleep 1000 & sleep 1000")
	r.limits.program = 50 * time.Millisecond
	if _, err := runScript(context.Background(), t, r, "", 1000); !errors.Is(err, errTooLong) || errors.Is(err, media.ErrTemporary) {
		t.Errorf("%v, want %v", err, errTooLong)
	}
}

func TestDocumentsThatTakeTooLongHaveNoPages(t *testing.T) {
	slow := filepath.Join(t.TempDir(), "slow")
	if err := os.WriteFile(slow, []byte("#!/bin/sh\nexec sleep 1000\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	r := New(Options{PDFToPPM: slow, TempDir: t.TempDir()})
	r.limits.program, r.limits.file = time.Second, time.Second
	if l, made := look(t, r, pdf("", a4, a4, a4)); l.Pages != 3 || len(made) > 0 {
		t.Errorf("%d pages, %d shown", l.Pages, len(made))
	}
}

// firstWrite tells when a program has said something.
type firstWrite struct {
	said chan string
}

func (f firstWrite) Write(p []byte) (int, error) {
	f.said <- string(p)
	return len(p), nil
}

func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// until polls a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 1000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("not within 10 s: %s", what)
}

func TestProgramsAndTheirChildrenEndWithTheContext(t *testing.T) {
	r := scripted(t, "sleep 1000 & echo $$; sleep 1000")
	ctx, cancel := context.WithCancel(context.Background())
	said := firstWrite{make(chan string, 1)}
	in, err := r.nameless()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	done := make(chan error, 1)
	go func() {
		_, err := r.run(ctx, job{program: progFFmpeg, in: in, max: 1000, out: said})
		done <- temporary(ctx, err)
	}()
	pid, err := strconv.Atoi(strings.TrimSpace(<-said.said))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || !errors.Is(err, media.ErrTemporary) {
		t.Errorf("%v, want a temporary error", err)
	}
	until(t, "the whole group is gone", func() bool { return gone(-pid) })
}

// TestKilledProcess is what TestNothingIsLeftOfAProcessThatIsKilled kills.
func TestKilledProcess(t *testing.T) {
	dir := os.Getenv("RENDER_TEST_DIR")
	if dir == "" {
		t.Skip("not by itself")
	}
	r := New(Options{FFmpeg: filepath.Join(dir, "ffmpeg"), TempDir: filepath.Join(dir, "tmp")})
	in, err := r.spool(context.Background(), strings.NewReader("plain text"))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = r.run(context.Background(), job{program: progFFmpeg, in: in, max: 1000})
}

func TestNothingIsLeftOfAProcessThatIsKilled(t *testing.T) {
	dir := t.TempDir()
	pidFile := filepath.Join(dir, "pid")
	script := fmt.Sprintf("#!/bin/sh\necho $$ >%[1]s.new && mv %[1]s.new %[1]s\nexec sleep 1000\n", pidFile)
	if err := os.WriteFile(filepath.Join(dir, "ffmpeg"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$")
	cmd.Env = append(os.Environ(), "RENDER_TEST_DIR="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	until(t, "the program has started", func() bool {
		b, err := os.ReadFile(pidFile)
		pid, _ = strconv.Atoi(strings.TrimSpace(string(b)))
		return err == nil
	})
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	until(t, "the program is gone", func() bool { return pid == 0 || gone(pid) || zombie(pid) })
	if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// zombie tells whether a process has ended and only waits to be noticed.
func zombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && bytes.Contains(b, []byte(") Z "))
}

// connected tells whether anybody connected to l: those that wait come before
// the one that this makes itself.
func connected(t *testing.T, l net.Listener) bool {
	t.Helper()
	mine, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer mine.Close()
	first, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	return first.RemoteAddr().String() != mine.LocalAddr().String()
}

func TestFilesCannotMakeProgramsOpenOthers(t *testing.T) {
	r := newRenderer(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	url := "http://" + l.Addr().String() + "/x"
	canary := filepath.Join(t.TempDir(), "canary.wav")
	if err := os.WriteFile(canary, ffmpeg(t, "wav", tone("2")...), 0o600); err != nil {
		t.Fatal(err)
	}
	hls := func(target string) string {
		return "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n" + target + "\n#EXT-X-ENDLIST\n"
	}
	hostile := map[string]string{
		"playlist of the network": hls(url), "playlist of a file": hls(canary), "playlist of passwords": hls("/etc/passwd"), "playlist of file:": hls("file://" + canary),
		"concat": "ffconcat version 1.0\nfile '" + canary + "'\n", "concat of the network": "ffconcat version 1.0\nfile '" + url + "'\n",
		"dash": `<?xml version="1.0"?><MPD type="static"><Period><AdaptationSet><Representation><BaseURL>` + url + `</BaseURL></Representation></AdaptationSet></Period></MPD>`,
		"svg":  `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="` + url + `" width="9" height="9"/></svg>`,
		"sdp":  "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 5000 RTP/AVP 0\n",
	}
	formats := []format{formatMP3, formatWAV, formatMP4, formatADTS, formatOgg, formatFLAC, formatMKV, formatAVI, formatASF, formatFLV, formatAMR, formatHEIC, formatJPEG, formatTIFF}
	for name, text := range hostile {
		// By its bytes it is nothing that is looked into.
		if looked, made := look(t, r, []byte(text)); len(made) > 0 || looked.DurationMS != 0 {
			t.Errorf("%s: made %d forms, %d ms", name, len(made), looked.DurationMS)
		}
		// Behind the mark of another format it is only that.
		for _, mark := range []string{"ID3\x03\x00\x00\x00\x00\x00\x00", "\x00\x00\x00\x10ftypisom\x00\x00\x00\x00", "%PDF-1.4\n"} {
			_, made, _ := r.Render(context.Background(), media.Object{}, strings.NewReader(mark+text))
			if len(made) > 0 {
				t.Errorf("%s behind %q: made %d forms", name, mark, len(made))
			}
		}
	}
	for _, f := range formats {
		for _, name := range []string{"playlist of the network", "concat of the network", "concat"} {
			_, made, err := r.render(context.Background(), f, strings.NewReader(hostile[name]))
			if len(made) > 0 || err == nil {
				t.Errorf("%s as %s: made %d forms, %v", name, f.name, len(made), err)
			}
		}
	}
	if connected(t, l) {
		t.Error("somebody connected")
	}
	// ffmpeg without these precautions does connect: the test can fail.
	cmd := exec.Command("ffprobe", "-v", "quiet", "-rw_timeout", "1000000", "-protocol_whitelist", "file,http,tcp", "-f", "concat", "-safe", "0",
		"-i", write(t, []byte(hostile["concat of the network"])))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}
