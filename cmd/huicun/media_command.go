package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/config"
	"huicun/internal/fault"
	"huicun/internal/media"
)

const mediaUsage = `huicun media looks after the files of messages.

  huicun media status [-json]   how many there are, and how they stand
  huicun media retry [-json] [-state broken,refused]
                                let files be fetched again that were given up: broken, refused, over_limit,
                                expired; unreadable: look again into those of which no form could be made
  huicun media verify [-json]   read every file from the store and compare its SHA-256; exit status 1 when
                                one is missing or damaged
  huicun media key              print a line with a new key, for the end of media.key_file
  huicun media rekey [-json]    encrypt all files with the newest key; then older lines may leave the key file.
                                It goes on where it was stopped, beside a running huicun, and as its user:
                                what root writes huicun cannot read

`

// mediaCommands are the commands below huicun media.
var mediaCommands = map[string]func(ctx context.Context, args []string, environ map[string]string, stdout, stderr io.Writer) error{
	"status": mediaStatus, "retry": mediaRetry, "verify": mediaVerify, "rekey": mediaRekey,
	"key": func(_ context.Context, _ []string, _ map[string]string, stdout, _ io.Writer) error {
		_, err := io.WriteString(stdout, media.NewKeyLine())
		return err
	},
}

// mediaCommand carries out huicun media NAME.
func mediaCommand(ctx context.Context, args []string, environ map[string]string, stdout, stderr io.Writer) error {
	if len(args) < 2 || strings.HasPrefix(args[1], "-") && args[1] != "-h" && args[1] != "--help" {
		fmt.Fprint(stderr, mediaUsage)
		return errUsage
	}
	do, ok := mediaCommands[args[1]]
	switch {
	case ok:
		return do(ctx, append([]string{"media " + args[1]}, args[2:]...), environ, stdout, stderr)
	case args[1] == "-h" || args[1] == "--help" || args[1] == "help":
		fmt.Fprint(stdout, mediaUsage)
		return nil
	}
	fmt.Fprintf(stderr, "huicun media: unknown command %q\n\n%s", args[1], mediaUsage)
	return errUsage
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

// unreadable stands beside the states of files in -state.
const unreadable = "unreadable"

var retryStates = []string{string(archive.FileBroken), string(archive.FileRefused), string(archive.FileOverLimit), string(archive.FileExpired), unreadable}

func mediaRetry(ctx context.Context, args []string, environ map[string]string, stdout, stderr io.Writer) error {
	var asJSON bool
	var list string
	more := func(fs *flag.FlagSet) {
		jsonFlag(&asJSON)(fs)
		fs.StringVar(&list, "state", "broken,refused", "`states`, with commas between: "+strings.Join(retryStates, ", "))
	}
	return withMedia(ctx, args, environ, stderr, more, func(_ config.Config, d *database) error {
		var states []archive.FileState
		var objects int
		for _, s := range strings.Split(list, ",") {
			if s = strings.TrimSpace(s); !slices.Contains(retryStates, s) {
				return fmt.Errorf("-state: %q is not one of %s", s, strings.Join(retryStates, ", "))
			}
			if s != unreadable {
				states = append(states, archive.FileState(s))
				continue
			}
			var err error
			if objects, err = d.RetryObjects(ctx); err != nil {
				return err
			}
		}
		n, err := d.RetryFiles(ctx, states, audit.System())
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(stdout, map[string]int{"files": n, "contents": objects})
		}
		p := &printer{w: stdout}
		p.line("%d files are fetched again, %d contents are looked into again", n, objects)
		return p.err
	})
}

// badObject is a content that cannot be read.
type badObject struct {
	SHA256  string `json:"sha256"`
	Problem string `json:"problem"`
}

func mediaVerify(ctx context.Context, args []string, environ map[string]string, stdout, stderr io.Writer) error {
	var asJSON bool
	return withMedia(ctx, args, environ, stderr, jsonFlag(&asJSON), func(c config.Config, d *database) error {
		vault, err := openVault(ctx, c)
		if err != nil {
			return err
		}
		n, bad := 0, []badObject{}
		p := &printer{w: stdout}
		err = d.ObjectsInUse(ctx, func(sha []byte) error {
			n++
			err := vault.Verify(ctx, sha)
			if err == nil || ctx.Err() != nil {
				return ctx.Err()
			}
			o := badObject{SHA256: hex.EncodeToString(sha), Problem: err.Error()}
			if fault.Is(err, fault.CodeNotFound) {
				o.Problem = "it is not in the store"
			}
			bad = append(bad, o)
			if !asJSON {
				p.line("%s  %s", o.SHA256, o.Problem)
			}
			return p.err
		})
		if err != nil {
			return err
		}
		if asJSON {
			p.err = printJSON(stdout, map[string]any{"contents": n, "bad": bad})
		} else {
			p.line("%d contents, %d missing or damaged", n, len(bad))
		}
		if p.err == nil && len(bad) > 0 {
			return errUnwell
		}
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
