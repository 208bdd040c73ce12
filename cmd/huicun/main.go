// Command huicun is the conversation archive: server, workers and tools in one
// binary.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"huicun/internal/config"
	"huicun/internal/wecom/finance"
)

const usage = `huicun keeps what was said on WeCom.

  huicun serve            serve the app, pull the archive, do the follow-up work
  huicun status [-json] [-recount]
                          where the archive stands; exit status 1 when something is wrong;
                          -recount counts the rows instead of trusting the counters
  huicun media NAME       look after the files of messages: status, retry, verify, key, rekey
  huicun search NAME      look after the index of searches: status, reindex, check
  huicun migrate          bring the database schema up to date
  huicun config [-table]  print huicun.example.toml (or the table of the README)
  huicun bench NAME       measure this machine with a simulated WeCom; huicun bench lists the names
  huicun version          print the version

Every command takes -config FILE (default: $HUICUN_CONFIG). Settings may also come from the
environment, HUICUN_SECTION_KEY; see huicun config.
`

func main() { os.Exit(program()) }

// program is main with an exit status.
func program() int {
	// The helper speaks frames over standard output: nothing may be set up before it.
	if len(os.Args) > 1 && os.Args[1] == "finance-helper" {
		return finance.HelperMain(os.Args[2:], os.Stdin, os.Stdout)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	return run(ctx, os.Args[1:], config.Environ(os.Environ()), os.Stdout, os.Stderr)
}

// errUnwell is a status that a person should look at.
var errUnwell = errors.New("the archive needs attention")

// run carries out one command and gives the exit status.
func run(ctx context.Context, args []string, environ map[string]string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return 2
	}
	var err error
	switch args[0] {
	case "serve":
		err = withConfig(args, environ, stderr, nil, func(c config.Config) error {
			if err := c.CheckServe(); err != nil {
				return err
			}
			collectLess(environ)
			return serve(ctx, c)
		})
	case "status":
		err = statusCommand(ctx, args, environ, stdout, stderr)
	case "media":
		err = mediaCommand(ctx, args, environ, stdout, stderr)
	case "search":
		err = searchCommand(ctx, args, environ, stdout, stderr)
	case "migrate":
		err = withConfig(args, environ, stderr, nil, func(c config.Config) error { return migrate(ctx, c) })
	case "config":
		err = configCommand(args, stdout, stderr)
	case "bench":
		err = benchCommand(ctx, args, stdout, stderr)
	case "version":
		_, err = fmt.Fprintln(stdout, buildVersion())
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
	default:
		fmt.Fprintf(stderr, "huicun: unknown command %q\n\n%s", args[0], usage)
		return 2
	}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUnwell):
		return 1
	case errors.Is(err, errUsage):
		return 2
	case errors.Is(err, errInterrupted):
		fmt.Fprintf(stderr, "huicun %s: %v\n", args[0], err)
		return 130
	}
	fmt.Fprintf(stderr, "huicun %s: %v\n", args[0], err)
	return 1
}

// gcPercent lets the heap grow to four times what lives in it before it is
// collected. Pages of messages are short-lived and what lives is small: a fifth
// of what an ingest did beside RSA was collecting, to save some 25 MiB.
const gcPercent = 300

// collectLess sets gcPercent unless the operator has set GOGC.
func collectLess(environ map[string]string) {
	if environ["GOGC"] == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// withConfig reads the flags and the configuration, sets the log up, and runs f.
func withConfig(args []string, environ map[string]string, stderr io.Writer, more func(*flag.FlagSet), f func(config.Config) error) error {
	fs := flag.NewFlagSet("huicun "+args[0], flag.ContinueOnError)
	fs.SetOutput(stderr)
	path := fs.String("config", environ["HUICUN_CONFIG"], "configuration `file` (TOML)")
	if more != nil {
		more(fs)
	}
	if err := fs.Parse(args[1:]); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	c, err := config.Load(*path, environ)
	if err != nil {
		return err
	}
	if err := setLog(c.Log, stderr); err != nil {
		return err
	}
	return f(c)
}

func setLog(c config.Log, w io.Writer) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return fmt.Errorf("log.level: must be debug, info, warn or error")
	}
	o := &slog.HandlerOptions{Level: level}
	switch c.Format {
	case "json":
		slog.SetDefault(slog.New(slog.NewJSONHandler(w, o)))
	case "text":
		slog.SetDefault(slog.New(slog.NewTextHandler(w, o)))
	default:
		return fmt.Errorf("log.format: must be json or text")
	}
	return nil
}

func configCommand(args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("huicun config", flag.ContinueOnError)
	fs.SetOutput(stderr)
	table := fs.Bool("table", false, "print the table of the README instead")
	if err := fs.Parse(args[1:]); err != nil {
		return err
	}
	text := config.Example()
	if *table {
		text = config.Table()
	}
	_, err := io.WriteString(stdout, text)
	return err
}

// version is set at link time; without it the build's revision is used.
var version string

func buildVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	rev := "development"
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			rev = s.Value[:min(12, len(s.Value))]
		}
	}
	return strings.TrimPrefix(rev, "v")
}
