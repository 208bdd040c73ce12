package main

import (
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/config"
	"huicun/internal/fault"
	"huicun/internal/media"
)

// What stands beside the states of files in -state.
const (
	flagged    = "flagged"
	unreadable = "unreadable"
	waiting    = "waiting"
)

var retryStates = []string{
	string(archive.FileBroken), string(archive.FileRefused), string(archive.FileOverLimit), string(archive.FileExpired), flagged, unreadable, waiting,
}

// retryWhich reads the list of -state; looks: contents are looked into again, too.
func retryWhich(list string) (w media.Which, looks bool, err error) {
	for s := range strings.SplitSeq(list, ",") {
		switch s = strings.TrimSpace(s); {
		case !slices.Contains(retryStates, s):
			return w, false, fmt.Errorf("-state: %q is not one of %s", s, strings.Join(retryStates, ", "))
		case s == unreadable:
			looks = true
		case s == flagged:
			w.Flagged = true
		case s == waiting:
			w.Waiting = true
		default:
			w.States = append(w.States, archive.FileState(s))
		}
	}
	return w, looks, nil
}

func mediaRetry(ctx context.Context, args []string, environ map[string]string, stdout, stderr io.Writer) error {
	var asJSON bool
	var list string
	more := func(fs *flag.FlagSet) {
		jsonFlag(&asJSON)(fs)
		fs.StringVar(&list, "state", "broken,refused", "`states`, with commas between: "+strings.Join(retryStates, ", "))
	}
	return withMedia(ctx, args, environ, stderr, more, func(_ config.Config, d *database) error {
		which, looks, err := retryWhich(list)
		if err != nil {
			return err
		}
		var objects int
		if looks {
			if objects, err = d.RetryObjects(ctx); err != nil {
				return err
			}
		}
		n, err := d.RetryFiles(ctx, which, audit.System())
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

// badObject is a content, or a form of it, that cannot be read.
type badObject struct {
	SHA256  string `json:"sha256"`
	Form    string `json:"form,omitempty"` // name of the rendition; "": the file itself
	Problem string `json:"problem"`
}

// verifyReport is what huicun media verify -json prints.
type verifyReport struct {
	Contents int         `json:"contents"`
	Forms    int         `json:"forms"`
	Bad      []badObject `json:"bad"`
	Files    int         `json:"files"` // that are fetched again, with -repair
	Looks    int         `json:"looks"` // contents whose forms are made again, with -repair
}

// verifier reads everything that is stored.
type verifier struct {
	verifyReport
	db     *database
	vault  *media.Vault
	repair bool
	told   func(badObject) error
}

func mediaVerify(ctx context.Context, args []string, environ map[string]string, stdout, stderr io.Writer) error {
	var asJSON, repair bool
	more := func(fs *flag.FlagSet) {
		jsonFlag(&asJSON)(fs)
		fs.BoolVar(&repair, "repair", false, "let what is missing or damaged be fetched or made again")
	}
	return withMedia(ctx, args, environ, stderr, more, func(c config.Config, d *database) error {
		vault, err := openVault(ctx, c)
		if err != nil {
			return err
		}
		p := &printer{w: stdout}
		v := &verifier{verifyReport: verifyReport{Bad: []badObject{}}, db: d, vault: vault, repair: repair, told: func(o badObject) error {
			if !asJSON {
				p.line("%s  %s", strings.TrimSpace(o.SHA256+" "+o.Form), o.Problem)
			}
			return p.err
		}}
		if err := d.ObjectsInUse(ctx, func(o media.Stored) error { return v.object(ctx, o) }); err != nil {
			return err
		}
		if asJSON {
			p.err = printJSON(stdout, v.verifyReport)
		} else {
			v.print(p)
		}
		if p.err == nil && len(v.Bad) > 0 {
			return errUnwell
		}
		return p.err
	})
}

func (v *verifier) print(p *printer) {
	p.line("%d contents and %d forms of them, %d missing or damaged", v.Contents, v.Forms, len(v.Bad))
	if v.repair {
		p.line("%d files are fetched again, the forms of %d contents are made again", v.Files, v.Looks)
	} else if len(v.Bad) > 0 {
		p.line("huicun media verify -repair lets them be fetched or made again")
	}
}

// object verifies a content and its forms.
func (v *verifier) object(ctx context.Context, o media.Stored) error {
	v.Contents++
	err := v.vault.Verify(ctx, o.SHA256)
	if err := v.note(ctx, o, "", err); err != nil {
		return err
	}
	if v.repair && media.Unreadable(err) {
		n, err := v.db.RetryFiles(ctx, media.Which{SHA256: o.SHA256}, audit.System())
		if err != nil {
			return err
		}
		v.Files += n
	}
	return v.forms(ctx, o)
}

func (v *verifier) forms(ctx context.Context, o media.Stored) error {
	again := false
	for _, form := range o.Forms {
		v.Forms++
		err := v.vault.VerifyForm(ctx, o.SHA256, form)
		if err := v.note(ctx, o, form, err); err != nil {
			return err
		}
		again = again || media.Unreadable(err)
	}
	if !v.repair || !again {
		return nil
	}
	entry := audit.System().Entry(audit.FileRetried, "", map[string]any{"sha256": hex.EncodeToString(o.SHA256), "forms": true})
	ok, err := v.db.LookAgain(ctx, o.SHA256, entry)
	if ok {
		v.Looks++
	}
	return err
}

// note notes what is wrong with an object; the error says that nothing can be
// verified any more.
func (v *verifier) note(ctx context.Context, o media.Stored, form string, err error) error {
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	bad := badObject{SHA256: hex.EncodeToString(o.SHA256), Form: form, Problem: err.Error()}
	if fault.Is(err, fault.CodeNotFound) {
		bad.Problem = "it is not in the store"
	}
	v.Bad = append(v.Bad, bad)
	return v.told(bad)
}
