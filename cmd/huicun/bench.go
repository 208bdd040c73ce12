package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"huicun/internal/bench"
)

// errUsage is a wrong command line; what is wrong has been said.
var errUsage = errors.New("wrong command line")

// benchCommand runs one benchmark.
func benchCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	command, ok := findBenchmark(args)
	if !ok {
		if len(args) > 1 {
			fmt.Fprintf(stderr, "huicun bench: unknown benchmark %q\n\n", args[1])
		}
		fmt.Fprint(stderr, benchUsage())
		return errUsage
	}
	b := command.New()
	o := bench.Options{Stdout: stdout, Progress: stderr}
	fs := flag.NewFlagSet("huicun bench "+command.Name, flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.BoolVar(&o.JSON, "json", false, "print results as JSON, one object a line")
	fs.StringVar(&o.WeComSim, "wecomsim", "", "`path` of the program wecomsim (default: beside this program)")
	fs.BoolVar(&o.Pure, "pure", false, "without WeCom's library, also where there is one")
	fs.BoolVar(&o.Keep, "keep", false, "leave the folder with data and logs")
	b.Flags(fs)
	if err := fs.Parse(args[2:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	ctx, hurry, release := patientSignals(ctx, stderr)
	defer release()
	o.Hurry = hurry
	err := b.Run(ctx, o)
	return afterInterrupt(ctx, err, o.Keep)
}

// errInterrupted is a benchmark that a person ended.
var errInterrupted = errors.New("interrupted")

// patientSignals keeps signals from ending the program before it has cleaned up:
// the first one ends ctx, a second one closes hurry.
func patientSignals(ctx context.Context, stderr io.Writer) (run context.Context, hurry <-chan struct{}, release func()) {
	run, cancel := context.WithCancel(ctx)
	signals, quick, over := make(chan os.Signal, 1), make(chan struct{}), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	var waiting sync.WaitGroup
	waiting.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-signals:
			case <-over:
				return
			}
			switch n {
			case 0:
				fmt.Fprintln(stderr, "interrupted: stopping huicun and wecomsim, then removing their data …")
				cancel()
			case 1:
				fmt.Fprintln(stderr, "again: killing them; a moment until their data is removed …")
				close(quick)
			}
		}
	})
	return run, quick, func() {
		signal.Stop(signals)
		close(over)
		waiting.Wait()
		cancel()
	}
}

// afterInterrupt says what an interrupted run left instead of what it missed.
func afterInterrupt(ctx context.Context, err error, keep bool) error {
	switch {
	case err == nil || ctx.Err() == nil:
		return err
	case errors.Is(err, bench.ErrLeft):
		return fmt.Errorf("%w: %w", errInterrupted, err)
	case keep:
		return fmt.Errorf("%w; data and logs are kept", errInterrupted)
	default:
		return fmt.Errorf("%w; everything removed", errInterrupted)
	}
}

// findBenchmark finds the benchmark that args name.
func findBenchmark(args []string) (bench.Command, bool) {
	for _, c := range bench.Commands() {
		if len(args) > 1 && args[1] == c.Name {
			return c, true
		}
	}
	return bench.Command{}, false
}

func benchUsage() string {
	var b strings.Builder
	b.WriteString("huicun bench measures this machine with a database of its own and a simulated WeCom.\n\n")
	for _, c := range bench.Commands() {
		fmt.Fprintf(&b, "  huicun bench %-8s %s\n", c.Name, c.Help)
	}
	b.WriteString("\nhuicun bench NAME -h lists the flags.\n")
	return b.String()
}
