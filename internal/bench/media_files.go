package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"huicun/internal/archive"
)

// servedFile is a file that a message names.
type servedFile struct {
	ID        string // as huicun names it
	SDKFileID string
	MD5       string // as the message says; "" unknown
}

func idsOf(files []servedFile) []string {
	ids := make([]string, len(files))
	for i, f := range files {
		ids[i] = f.ID
	}
	return ids
}

// files lists the first n files of the archive, each once, as they stand in the
// messages: read here by the one rule that a file has an sdkfileid, not by
// huicun's decoder.
func (s *Sim) files(ctx context.Context, n int) ([]servedFile, error) {
	var all []servedFile
	seen := map[string]bool{}
	err := s.EachMessage(ctx, func(m Message) error {
		eachFileOf(m, func(f servedFile) {
			if !seen[f.ID] && len(all) < n {
				seen[f.ID] = true
				all = append(all, f)
			}
		})
		return nil
	})
	if err == nil && len(all) < n {
		err = fmt.Errorf("wecomsim's messages name %d files only, not %d", len(all), n)
	}
	return all, err
}

// eachFileOf calls do with each file that a message names. Some are no JSON.
func eachFileOf(m Message, do func(servedFile)) {
	var v any
	if json.Unmarshal(m.Body, &v) == nil {
		eachFile(v, do)
	}
}

// eachFile goes through a JSON value, and through JSON inside of its texts.
func eachFile(v any, do func(servedFile)) {
	switch v := v.(type) {
	case map[string]any:
		if id, _ := v["sdkfileid"].(string); id != "" {
			md5, _ := v["md5sum"].(string)
			do(servedFile{archive.FileID(id), id, strings.ToLower(md5)})
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			eachFile(v[name], do)
		}
	case []any:
		for _, x := range v {
			eachFile(x, do)
		}
	case string:
		var inner any
		if strings.HasPrefix(v, "{") && json.Unmarshal([]byte(v), &inner) == nil {
			eachFile(inner, do)
		}
	}
}

// FileComparison is what huicun holds, against what the plain copy loop got.
type FileComparison struct {
	Files     int      `json:"files"`      // that messages name
	Ready     int      `json:"ready"`      // that huicun holds
	Lost      int      `json:"lost"`       // the plain copy got them, huicun has not
	Differing int      `json:"differing"`  // other bytes, by SHA-256, or not as the message says by MD5
	Flagged   int      `json:"flagged"`    // fine, and marked by huicun as if they were not
	Refused   int      `json:"refused"`    // that WeCom gives to nobody
	Unsound   string   `json:"unsound"`    // what huicun media verify found in the store; "" nothing
	LeftFiles []string `json:"left_files"` // temporary ones, after everything was fetched
}

// Err says what is wrong, nil when every file is held once, byte for byte, and
// nothing else is there.
func (c FileComparison) Err() error {
	if c.Lost+c.Differing+c.Flagged+len(c.LeftFiles) == 0 && c.Unsound == "" && c.Ready+c.Refused == c.Files {
		return nil
	}
	return fmt.Errorf("%w: of %d files %d are held, %d lost, %d differing, %d flagged in vain, %d given to nobody; left over: %v; in the store: %s",
		errMissed, c.Files, c.Ready, c.Lost, c.Differing, c.Flagged, c.Refused, c.LeftFiles, c.Unsound)
}

const sqlHeldFiles = `
SELECT id, state, flag, COALESCE(encode(sha256, 'hex'), '') AS sha256 FROM media`

type heldFile struct {
	ID, State, Flag, SHA256 string
}

// compareFiles holds the files against what the plain copy loop got, and lets
// huicun read all that it stored.
func (w *World) compareFiles(ctx context.Context, files []servedFile, sums map[string]copied) (FileComparison, error) {
	var rows []heldFile
	if err := w.DB.SelectContext(ctx, &rows, sqlHeldFiles); err != nil {
		return FileComparison{}, err
	}
	held := make(map[string]heldFile, len(rows))
	for _, f := range rows {
		held[f.ID] = f
	}
	c := compare(files, held, sums)
	c.Unsound = w.verifyFiles(ctx)
	var err error
	c.LeftFiles, err = w.tempFiles()
	return c, err
}

func compare(files []servedFile, held map[string]heldFile, sums map[string]copied) FileComparison {
	c := FileComparison{Files: len(files)}
	for _, f := range files {
		have, plain := held[f.ID], sums[f.ID]
		switch {
		case have.State == string(archive.FileReady):
			c.Ready++
		case plain.refused:
			c.Refused++
			continue
		default:
			c.Lost++
			continue
		}
		asSaid := f.MD5 == "" || f.MD5 == plain.md5
		if have.SHA256 != hex.EncodeToString(plain.sha256[:]) || !asSaid {
			c.Differing++
		} else if have.Flag != "" {
			c.Flagged++
		}
	}
	return c
}

// verifyFiles lets huicun open and check every object of its store.
func (w *World) verifyFiles(ctx context.Context) string {
	cmd := exec.CommandContext(ctx, w.opts.Huicun, "media", "verify")
	cmd.Env = w.environ
	out, err := cmd.CombinedOutput()
	if err == nil {
		return ""
	}
	text := strings.TrimSpace(string(out))
	return fmt.Sprintf("%v: %s", err, text[max(0, len(text)-500):])
}

// tempFiles lists what is in the folder of the files and is no object.
func (w *World) tempFiles() ([]string, error) {
	dir := filepath.Join(w.Dir, "huicun", "media")
	left := []string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err == nil && !isObject(name) {
			left = append(left, name)
		}
		return err
	})
	return left, err
}

// isObject tells the files that stay: o/<sha256> and r/<sha256>.<form>, each in its
// folders.
func isObject(name string) bool {
	dir, file := filepath.Split(name)
	sha, _, _ := strings.Cut(file, ".")
	b, err := hex.DecodeString(sha)
	return err == nil && len(b) == sha256.Size && (strings.HasPrefix(dir, "objects/o/") || strings.HasPrefix(dir, "objects/r/"))
}
