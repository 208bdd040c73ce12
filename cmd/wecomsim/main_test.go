package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/wecomsim"
)

func TestFlags(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		want func(c *wecomsim.Config)
	}{
		{"defaults", nil, func(*wecomsim.Config) {}},
		{"no messages", []string{"-messages", "0"}, func(c *wecomsim.Config) { c.Messages = -1 }},
		{"a loaded stream is quiet", []string{"-load", "-"}, func(c *wecomsim.Config) { c.Load, c.Rate = "-", 0 }},
		{"unless asked", []string{"-load", "-", "-rate", "3"}, func(c *wecomsim.Config) { c.Load, c.Rate = "-", 3 }},
		{"both callbacks", []string{"-callback-url", "http://h/x", "-callback-token", "T"}, func(c *wecomsim.Config) {
			c.AppCallback.URL, c.ArchiveCallback.URL = "http://h/x", "http://h/x"
			c.AppCallback.Token, c.ArchiveCallback.Token = "T", "T"
		}},
		{"one each", []string{"-callback-url", "app=http://h/a", "-callback-url=archive=http://h/b"}, func(c *wecomsim.Config) {
			c.AppCallback.URL, c.ArchiveCallback.URL = "http://h/a", "http://h/b"
		}},
		{"trusted domains", []string{"-trusted-domain", "a", "-trusted-domain", "b:1"}, func(c *wecomsim.Config) {
			c.TrustedDomains = []string{"a", "b:1"}
		}},
		{"sample chat and big file", []string{"-gallery", "-media-big", "7"}, func(c *wecomsim.Config) { c.Gallery, c.MediaBig = true, 7 }},
		{"faults", []string{"-fault", "api.drop", "-fault=api.slow:delay_ms=5,every=2", "-fault-seed", "9"}, func(c *wecomsim.Config) {
			c.Faults = []wecomsim.Fault{{Kind: "api.drop"}, {Kind: "api.slow", DelayMS: 5, Every: 2}}
			c.FaultSeed = 9
		}},
	} {
		want := wecomsim.DefaultConfig()
		want.DataDir, want.Rate = "data/wecomsim", demoRate
		tt.want(&want)
		got, err := parse(tt.args, io.Discard)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	for _, args := range [][]string{{"-nosuch"}, {"-rate", "x"}, {"extra"}, {"-fault", "api.nosuch"}, {"-fault", "api.slow:delay=5"}, {"-fault-seed", "x"}} {
		if _, err := parse(args, io.Discard); !errors.Is(err, errUsage) || exitCode(err) != 2 {
			t.Errorf("%v: err = %v", args, err)
		}
	}
}

func TestAWrongCommandLineIsOneLine(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]string{
		"api.nosuch":           `"api.nosuch" is no kind of fault; GET /sim/faults and docs/wecomsim.md list them`,
		"api.slow:delay_ms=x":  "parameter delay_ms: api.slow: must be a whole number",
		"api.drop:path=nosuch": `parameter path: api.drop: no call below /cgi-bin/ is meant by "nosuch", only by auth/getuserdetail, `,
	} {
		var said strings.Builder
		_, err := parse([]string{"-fault", flag}, &said)
		begin := `wecomsim: invalid value "` + flag + `" for flag -fault: ` + want
		if err == nil || !strings.HasPrefix(err.Error(), begin) || !strings.HasSuffix(err.Error(), "; run with -h for the list of flags") {
			t.Errorf("%s: %v, want %s…", flag, err, begin)
		}
		if said.Len() > 0 || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than a line is said: %s%v", flag, said.String(), err)
		}
	}
	var help strings.Builder
	if _, err := parse([]string{"-h"}, &help); exitCode(err) != 2 || !strings.Contains(help.String(), "Usage: wecomsim") || !strings.Contains(help.String(), "-fault-seed") {
		t.Errorf("-h: %v, %s", err, help.String())
	}
}

func TestRunAnnouncesAndStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	var log strings.Builder
	go func() {
		done <- run(ctx, []string{
			"-listen", "127.0.0.1:0", "-proxy-listen", "127.0.0.1:0", "-data", t.TempDir(), "-messages", "10", "-rate", "0",
		}, strings.NewReader(""), w, &log)
	}()
	var line struct {
		URL, Proxy string
		CA         string `json:"ca_file"`
		Key        string `json:"private_key_file"`
	}
	if err := json.NewDecoder(r).Decode(&line); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{line.CA, line.Key} {
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, line.URL+"/sim/stats", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK || line.Proxy == "" {
		t.Errorf("stats: status %d, proxy %q", resp.StatusCode, line.Proxy)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("run = %v\n%s", err, log.String())
	}
}
