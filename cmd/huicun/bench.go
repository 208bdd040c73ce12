package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"huicun/internal/bench"
)

// errUsage is a wrong command line; what is wrong has been said.
var errUsage = errors.New("wrong command line")

// benchCommand runs one benchmark.
func benchCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	command, ok := findBenchmark(args)
	if !ok {
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
	return b.Run(ctx, o)
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
