package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"huicun/internal/fault"
	"huicun/internal/wecomsim"
)

// errUsage marks a wrong command line.
var errUsage = errors.New("run with -h for the list of flags")

const usage = `wecomsim is a WeCom that behaves like WeCom, for demonstrations and tests.

Usage: wecomsim [flags]

It prints one JSON line when it is ready and serves until it is interrupted.
A flag that takes [app=|archive=]VALUE sets both callbacks without the prefix.

`

// demoRate is how many messages a minute the made-up company sends.
const demoRate = 6

// parse reads the command line.
func parse(args []string, stderr io.Writer) (wecomsim.Config, error) {
	c := wecomsim.DefaultConfig()
	c.DataDir = "data/wecomsim"
	fs := flag.NewFlagSet("wecomsim", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // what is wrong is said once, without all the flags
	fs.Usage = func() {}
	corpFlags(fs, &c)
	streamFlags(fs, &c)
	faultFlags(fs, &c)
	fs.StringVar(&c.Listen, "listen", c.Listen, "`address` of API and pages; port 0 takes a free one")
	fs.StringVar(&c.ProxyListen, "proxy-listen", c.ProxyListen, "`address` of the CONNECT proxy for the Finance SDK")
	fs.StringVar(&c.ProxyPassword, "proxy-password", "", "`user:password` that the proxy asks for; empty = none")
	fs.StringVar(&c.DataDir, "data", c.DataDir, "`directory` for CA, keys and state; empty = a temporary one")
	fs.StringVar(&c.HuicunURL, "huicun-url", "", "`address` of huicun, for the links on the phone pages")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fs.SetOutput(stderr)
			_, _ = io.WriteString(stderr, usage) // nothing can be done about a closed stderr
			fs.PrintDefaults()
			return c, err
		}
		return c, fmt.Errorf("wecomsim: %w; %w", err, errUsage)
	}
	if fs.NArg() > 0 {
		return c, fmt.Errorf("wecomsim: unexpected argument %q; %w", fs.Arg(0), errUsage)
	}
	if c.Messages == 0 {
		c.Messages = -1 // none, rather than the default
	}
	if c.Load != "" && !given(fs, "rate") {
		c.Rate = 0 // a loaded stream gets nothing made up behind it unless asked
	}
	return c, nil
}

// corpFlags are the corp, its secrets and its callbacks.
func corpFlags(fs *flag.FlagSet, c *wecomsim.Config) {
	fs.StringVar(&c.CorpID, "corpid", c.CorpID, "`id` of the corp")
	fs.StringVar(&c.ArchiveSecret, "archive-secret", c.ArchiveSecret, "`secret` of the archive (会话内容存档)")
	fs.StringVar(&c.AppSecret, "app-secret", c.AppSecret, "`secret` of the self-built app")
	fs.StringVar(&c.ContactSecret, "contact-secret", c.ContactSecret, "`secret` of contact sync (通讯录同步)")
	fs.Int64Var(&c.AgentID, "agentid", c.AgentID, "`number` of the self-built app")
	fs.Func("trusted-domain", "`host[:port]` that OAuth may redirect to, repeatable; default every loopback address", func(v string) error {
		c.TrustedDomains = append(c.TrustedDomains, v)
		return nil
	})
	callbackFlag(fs, c, "callback-url", "`[app=|archive=]address` that events go to, repeatable; default none",
		func(cb *wecomsim.Callback) *string { return &cb.URL })
	callbackFlag(fs, c, "callback-token", "`[app=|archive=]token` of the callbacks, repeatable",
		func(cb *wecomsim.Callback) *string { return &cb.Token })
	callbackFlag(fs, c, "callback-aeskey", "`[app=|archive=]key` (EncodingAESKey) of the callbacks, repeatable",
		func(cb *wecomsim.Callback) *string { return &cb.AESKey })
}

// callbackFlag sets one field of one callback or of both.
func callbackFlag(fs *flag.FlagSet, c *wecomsim.Config, name, help string, field func(*wecomsim.Callback) *string) {
	fs.Func(name, help, func(v string) error {
		if rest, ok := strings.CutPrefix(v, "app="); ok {
			*field(&c.AppCallback) = rest
		} else if rest, ok := strings.CutPrefix(v, "archive="); ok {
			*field(&c.ArchiveCallback) = rest
		} else {
			*field(&c.AppCallback), *field(&c.ArchiveCallback) = v, v
		}
		return nil
	})
}

// streamFlags are the messages and the people.
func streamFlags(fs *flag.FlagSet, c *wecomsim.Config) {
	fs.IntVar(&c.Messages, "messages", c.Messages, "`number` of made-up messages that exist at the start")
	fs.Float64Var(&c.Rate, "rate", demoRate, "new made-up messages a minute, 0 = none; default 0 with -load")
	fs.Uint64Var(&c.Seed, "seed", c.Seed, "`number` from which the company is made up")
	fs.Uint64Var(&c.StartSeq, "start-seq", c.StartSeq, "`seq` of the first message")
	fs.BoolVar(&c.Gallery, "gallery", false, "begin the made-up history with the group 消息类型样例: every type of message and every variant; "+
		"a data directory that began without it goes on without it")
	fs.IntVar(&c.MediaBig, "media-big", 0, "`MiB` of a file that is sent first to a new data directory, for measurements; its bytes are held nowhere")
	fs.BoolVar(&c.Hold, "hold", false, "give no message out before POST /sim/release {\"to_seq\": N} lets it; for measurements")
	fs.StringVar(&c.Load, "load", "", "`file` with one decrypted message JSON a line, served instead of made-up ones; - = standard input; "+
		"a line that is no JSON is served too, with a warning; without -directory the directory is still that of the made-up company")
	fs.StringVar(&c.Directory, "directory", "",
		"JSON `file` {departments, users, external_contacts, groupchats} instead of the made-up company, which is served without this flag, with -load too")
	fs.StringVar(&c.PublicKey, "public-key", "", "PEM `file` of the company's own RSA-2048 public key; default: a pair is made in the data directory")
}

// faultFlags are what goes wrong on demand.
func faultFlags(fs *flag.FlagSet, c *wecomsim.Config) {
	fs.Func("fault", "`KIND[:key=value,...]` to switch on from the start, repeatable; the page /sim/faults lists the kinds", func(v string) error {
		f, err := wecomsim.ParseFault(v)
		c.Faults = append(c.Faults, f)
		return plain(err)
	})
	fs.Uint64Var(&c.FaultSeed, "fault-seed", c.FaultSeed, "`number` that decides when faults with a probability strike, and what they draw")
}

// plain says on a command line what is wrong with a fault: the parameter and why,
// without the codes of the API.
func plain(err error) error {
	var e *fault.Error
	switch {
	case !errors.As(err, &e):
		return err
	case e.Field == "" || e.Field == "kind":
		return errors.New(e.Message)
	default:
		return fmt.Errorf("parameter %s: %s", e.Field, e.Message)
	}
}

func given(fs *flag.FlagSet, name string) bool {
	found := false
	fs.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}
