package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"huicun/internal/config"
	"huicun/internal/media"
)

const mediaUsage = `huicun media looks after the files of messages.

  huicun media status [-json]   how many there are, and how they stand
  huicun media retry [-json] [-state broken,refused]
                                let files be fetched again that were given up: broken, refused, over_limit,
                                expired; flagged: those that are not as their message says; unreadable: look
                                again into those of which no form could be made. What is held of a file stays
                                until what comes is whole
  huicun media verify [-json] [-repair]
                                read every file and every form of it from the store and compare its SHA-256;
                                exit status 1 when one is missing or damaged. -repair: let those files be
                                fetched again, for as long as WeCom keeps them, and those forms be made again
  huicun media key              print a line with a new key, for the end of media.key_file
  huicun media rekey [-json]    encrypt all files with the newest key; then older lines may leave the key file.
                                It goes on where it was stopped, beside a running huicun, and as its user:
                                what root writes huicun cannot read

`

// mediaCommands are the commands below huicun media.
var mediaCommands = map[string]command{
	"status": mediaStatus, "retry": mediaRetry, "verify": mediaVerify, "rekey": mediaRekey,
	"key": mediaKey,
}

// mediaKey prints a key only when nothing else was asked for: what stands behind
// would end up in the key file.
func mediaKey(_ context.Context, args []string, _ map[string]string, stdout, stderr io.Writer) error {
	if len(args) > 1 {
		if help := args[1]; len(args) == 2 && (help == "-h" || help == "-help" || help == "--help") {
			fmt.Fprint(stderr, mediaUsage)
			return nil
		}
		fmt.Fprintf(stderr, "huicun media key takes no arguments\n\n%s", mediaUsage)
		return errUsage
	}
	_, err := io.WriteString(stdout, media.NewKeyLine())
	return err
}

// mediaCommand carries out huicun media NAME.
func mediaCommand(ctx context.Context, args []string, environ map[string]string, stdout, stderr io.Writer) error {
	return commandOf(ctx, "media", mediaCommands, mediaUsage, args, environ, stdout, stderr)
}

// withMedia runs f with the archive's database.
func withMedia(ctx context.Context, args []string, environ map[string]string, stderr io.Writer, more func(*flag.FlagSet), f func(config.Config, *database) error) error {
	flags := func(fs *flag.FlagSet) {
		if more != nil {
			more(fs)
		}
		fs.Usage = func() {
			fmt.Fprint(fs.Output(), mediaUsage)
			fs.PrintDefaults()
		}
	}
	return withConfig(args, environ, stderr, flags, func(c config.Config) (err error) {
		d, err := peekDatabase(ctx, c)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, d.Close()) }()
		return f(c, d)
	})
}

func jsonFlag(asJSON *bool) func(*flag.FlagSet) {
	return func(fs *flag.FlagSet) { fs.BoolVar(asJSON, "json", false, "print JSON") }
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// mediaReport is what huicun media status -json prints, and huicun status -json
// under media.
type mediaReport struct {
	Files          int64      `json:"files"`
	Ready          int64      `json:"ready"`
	Pending        int64      `json:"pending"`
	Overdue        int64      `json:"overdue"` // of pending: sent more than 3 days ago
	Expired        int64      `json:"expired"`
	Refused        int64      `json:"refused"`
	Broken         int64      `json:"broken"`
	OverLimit      int64      `json:"over_limit"`
	Flagged        int64      `json:"flagged"` // of ready: not as the message says
	Bytes          int64      `json:"bytes"`   // of distinct contents, before encryption
	Unlooked       int64      `json:"unlooked"`
	Unreadable     int64      `json:"unreadable"`
	OldestPending  *time.Time `json:"oldest_pending_at"`
	LastError      string     `json:"last_error"`
	LastErrorClass string     `json:"last_error_class"`
}

func newMediaReport(c media.Counts) mediaReport {
	return mediaReport{
		Files: c.Files, Ready: c.Ready, Pending: c.Pending, Overdue: c.Overdue, Expired: c.Expired, Refused: c.Refused, Broken: c.Broken,
		OverLimit: c.OverLimit, Flagged: c.Flagged, Bytes: c.Bytes, Unlooked: c.Unlooked, Unreadable: c.Unreadable,
		OldestPending: c.OldestPending, LastError: c.LastError, LastErrorClass: string(c.LastClass),
	}
}

// print writes one line, and one for each thing that is not as it should be.
func (r mediaReport) print(p *printer) {
	p.line("media        %d of %d files fetched, %.1f MiB", r.Ready, r.Files, float64(r.Bytes)/(1<<20))
	if r.Pending > 0 {
		late := ""
		if r.Overdue > 0 {
			late = fmt.Sprintf(", %d of them sent more than 3 days ago; WeCom keeps them for 5", r.Overdue)
		}
		p.line("             %d wait, the oldest sent %s%s", r.Pending, moment(*r.OldestPending), late)
	}
	for _, n := range []struct {
		files int64
		words string
	}{
		{r.Expired, "came too late: WeCom does not keep them any more"},
		{r.Refused, "are not known to WeCom"},
		{r.Broken, "cannot be opened"},
		{r.OverLimit, "are larger than media.max_…_mb allows"},
		{r.Flagged, "are there, and not as their message says"},
		{r.Unlooked, "contents are still to be looked into"},
		{r.Unreadable, "contents cannot be shown, only downloaded"},
	} {
		if n.files > 0 {
			p.line("             %d %s", n.files, n.words)
		}
	}
	if r.LastError != "" {
		p.line("             last error: %s: %s", r.LastErrorClass, r.LastError)
	}
}

func mediaStatus(ctx context.Context, args []string, environ map[string]string, stdout, stderr io.Writer) error {
	var asJSON bool
	return withMedia(ctx, args, environ, stderr, jsonFlag(&asJSON), func(_ config.Config, d *database) error {
		c, err := d.CountMedia(ctx)
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(stdout, newMediaReport(c))
		}
		p := &printer{w: stdout}
		newMediaReport(c).print(p)
		return p.err
	})
}

func mediaRekey(ctx context.Context, args []string, environ map[string]string, stdout, stderr io.Writer) error {
	var asJSON bool
	return withConfig(args, environ, stderr, jsonFlag(&asJSON), func(c config.Config) error {
		vault, err := openVault(ctx, c)
		if err != nil {
			return err
		}
		r, err := vault.Rekey(ctx, nil)
		if asJSON {
			return errors.Join(err, printJSON(stdout, map[string]any{"key": r.Key, "objects": r.Objects, "rewritten": r.Rewritten, "failed": r.Failed}))
		}
		p := &printer{w: stdout}
		p.line("key %s: %d objects, %d of them written anew, %d failed", r.Key, r.Objects, r.Rewritten, r.Failed)
		return errors.Join(err, p.err)
	})
}
