// Command wecomsim runs a simulated WeCom: API, login pages, callbacks, the
// Finance SDK's protocol behind a proxy, and the members' phones.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"huicun/internal/wecomsim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, err)
		}
		stop()
		os.Exit(exitCode(err))
	}
}

// exitCode is 2 for a wrong command line, as with other Go programs.
func exitCode(err error) int {
	if errors.Is(err, flag.ErrHelp) || errors.Is(err, errUsage) {
		return 2
	}
	return 1
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	cfg, err := parse(args, stderr)
	if err != nil {
		return err
	}
	cfg.Input = stdin
	cfg.Log = slog.New(slog.NewJSONHandler(stderr, nil))
	sim, err := wecomsim.New(cfg)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- sim.Run(ctx) }()
	<-sim.Ready()
	announced := announce(stdout, sim, cfg)
	return errors.Join(<-done, announced)
}

// announce prints one JSON line that tells where everything is.
func announce(w io.Writer, sim *wecomsim.Sim, cfg wecomsim.Config) error {
	version := sim.KeyVersion()
	line := map[string]any{
		"url":              sim.URL(),
		"control_page":     sim.URL() + "/sim/",
		"phones":           sim.URL() + "/phone/",
		"oauth_base":       sim.URL(),
		"web_login_base":   sim.URL(),
		"proxy":            sim.ProxyAddr(),
		"ca_file":          sim.CAFile(),
		"data_dir":         sim.DataDir(),
		"publickey_ver":    version,
		"corpid":           cfg.CorpID,
		"agentid":          cfg.AgentID,
		"private_key_file": nil,
	}
	if _, err := os.Stat(sim.PrivateKeyFile(version)); err == nil {
		line["private_key_file"] = sim.PrivateKeyFile(version)
	}
	return json.NewEncoder(w).Encode(line)
}
