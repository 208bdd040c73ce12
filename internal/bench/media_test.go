package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/archive"
)

func TestMediaCommand(t *testing.T) {
	t.Parallel()
	lines, err := runBench(t, &Media{Files: 60, Large: 20, Pairs: 2, Workers: 2})
	if err != nil || len(lines) != 1 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	want := map[string]any{
		"benchmark": "media", "files": 60.0, "ready": 60.0, "lost": 0.0, "differing": 0.0, "flagged": 0.0, "refused": 0.0,
		"unsound": "", "client": "pure", "workers": 2.0, "looked": false,
	}
	if diff := cmp.Diff(want, pick(lines[0], "benchmark", "files", "ready", "lost", "differing", "flagged", "refused", "unsound", "client", "workers", "looked")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	ratio := lines[0]["ratio"].(map[string]any)
	if ratio["pairs"] != 2.0 || ratio["min"].(float64) <= 0 || lines[0]["mib"].(float64) < 6 || lines[0]["cpu_huicun_per_100"] == 0.0 || lines[0]["cpu_copy_per_100"] == 0.0 {
		t.Errorf("figures that cannot be: %v", lines[0])
	}
}

// A benchmark that cannot say lost or differing is worth nothing.
func TestSpoiledFilesAreFound(t *testing.T) {
	t.Parallel()
	lines, err := runBench(t, &Media{Files: 20, Pairs: 1, Workers: 1, Before: func(ctx context.Context, w *World) error {
		for _, q := range []string{
			`UPDATE media SET state = 'expired', sha256 = NULL WHERE id = (SELECT id FROM media WHERE state = 'ready' ORDER BY id LIMIT 1)`,
			`UPDATE media SET flag = 'md5' WHERE id = (SELECT id FROM media WHERE state = 'ready' ORDER BY id DESC LIMIT 1)`,
		} {
			if _, err := w.DB.ExecContext(ctx, q); err != nil {
				return err
			}
		}
		return os.WriteFile(filepath.Join(w.Dir, "huicun", "media", "left.part"), []byte("x"), 0o600)
	}})
	if err == nil || len(lines) != 1 {
		t.Fatalf("%d lines, %v; want one and an error", len(lines), err)
	}
	want := map[string]any{"files": 20.0, "ready": 19.0, "lost": 1.0, "flagged": 1.0, "left_files": []any{"left.part"}}
	if diff := cmp.Diff(want, pick(lines[0], "files", "ready", "lost", "flagged", "left_files")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBigFileCommand(t *testing.T) {
	t.Parallel()
	lines, err := runBench(t, &Media{Big: 40, Workers: 1})
	if err != nil || len(lines) != 1 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	want := map[string]any{"benchmark": "media.big", "mib": 40.0, "files": 2.0, "ready": 2.0, "lost": 0.0, "differing": 0.0, "flagged": 0.0, "unsound": ""}
	if diff := cmp.Diff(want, pick(lines[0], "benchmark", "mib", "files", "ready", "lost", "differing", "flagged", "unsound")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if lines[0]["peak_rss_mb"].(map[string]any)["huicun"] == 0.0 {
		t.Errorf("huicun needs no memory: %v", lines[0])
	}
}

// The plain copy gets what the messages announce, of the real simulator, through
// WeCom's library where there is one and through our own client.
func TestPlainCopyGetsWhatIsAnnounced(t *testing.T) {
	t.Parallel()
	if err := buildPrograms(); err != nil {
		t.Fatal(err)
	}
	w, err := Start(t.Context(), Options{Huicun: filepath.Join(programDir, "huicun"), WeComSim: filepath.Join(programDir, "wecomsim")},
		Setup{SimFlags: []string{"-messages", "800"}, Settings: map[string]string{"HUICUN_MEDIA_WORKERS": "0"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	files, err := w.Sim.files(t.Context(), 30)
	if err != nil {
		t.Fatal(err)
	}
	announced := 0
	for _, f := range files {
		if f.MD5 != "" {
			announced++
		}
	}
	if announced < 10 {
		t.Errorf("only %d of 30 files have an MD5", announced)
	}
	for _, w.Client = range slices.Compact([]string{w.Client, "pure"}) {
		plainCopy(t, w, files)
	}
}

// plainCopy copies files, and one that is not there.
func plainCopy(t *testing.T, w *World, files []servedFile) {
	t.Helper()
	c, err := newCopier(t.Context(), w, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.close() }()
	r := &mediaRun{World: w, copier: c}
	unknown := servedFile{ID: archive.FileID("CgN4eHg="), SDKFileID: "CgN4eHg="}
	p, err := r.copy(t.Context(), append(slices.Clone(files), unknown))
	if err != nil {
		t.Fatalf("%s: %v", w.Client, err)
	}
	for _, f := range files {
		if got := c.sums[f.ID]; got.refused || got.size == 0 || f.MD5 != "" && got.md5 != f.MD5 {
			t.Errorf("%s: file %s: %d bytes, refused %v, md5 %s, announced %q", w.Client, f.ID, got.size, got.refused, got.md5, f.MD5)
		}
	}
	if !c.sums[unknown.ID].refused {
		t.Errorf("%s: the file that is not there: %+v", w.Client, c.sums[unknown.ID])
	}
	// Those of tests beside this one count as helpers of this process too.
	if p.cpu.Helpers <= 0 && w.Client == "sdk" || p.took <= 0 || p.simCPU < 0 {
		t.Errorf("%s: figures that cannot be: %+v", w.Client, p)
	}
	if left, _ := os.ReadDir(c.dir); len(left) > 0 {
		t.Errorf("%s: the plain copy left %v", w.Client, left)
	}
}

func TestFilesOfMessages(t *testing.T) {
	t.Parallel()
	body := `{"msgtype":"mixed","image":{"sdkfileid":"one","md5sum":"ABC"},"mixed":{"item":[
		{"type":"file","content":"{\"sdkfileid\":\"two\",\"more\":[{\"sdkfileid\":\"three\"}]}"},{"type":"text","content":"{no json"}]},
		"empty":{"sdkfileid":""},"odd":{"sdkfileid":7}}`
	var got []servedFile
	eachFileOf(Message{Body: []byte(body)}, func(f servedFile) { got = append(got, f) })
	want := []servedFile{{archive.FileID("one"), "one", "abc"}, {archive.FileID("two"), "two", ""}, {archive.FileID("three"), "three", ""}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	eachFileOf(Message{Body: []byte("{broken")}, func(f servedFile) { t.Errorf("found %v", f) })
}

func TestLargeFilesAreMixed(t *testing.T) {
	t.Parallel()
	list := func(names string) (files []servedFile) {
		for name := range strings.FieldsSeq(names) {
			files = append(files, servedFile{ID: name})
		}
		return files
	}
	for _, tt := range []struct{ small, large, want string }{
		{"a b c d", "X Y", "a b X c d Y"},
		{"a b c", "X Y", "a X b c Y"},
		{"a", "", "a"},
		{"", "X", "X"},
	} {
		if got := strings.Join(idsOf(mixed(list(tt.small), list(tt.large))), " "); got != tt.want {
			t.Errorf("mixed(%q, %q) = %q, want %q", tt.small, tt.large, got, tt.want)
		}
	}
}

func TestFilesAreCompared(t *testing.T) {
	t.Parallel()
	plain := copied{size: 3, sha256: sha256.Sum256([]byte("abc")), md5: "900150983cd24fb0d6963f7d28e17f72"}
	sha, other := hex.EncodeToString(plain.sha256[:]), strings.Repeat("0", 64)
	for _, tt := range []struct {
		name  string
		file  servedFile
		held  map[string]heldFile
		plain copied
		want  FileComparison
	}{
		{"held", servedFile{ID: "f", MD5: plain.md5}, map[string]heldFile{"f": {State: "ready", SHA256: sha}}, plain, FileComparison{Files: 1, Ready: 1}},
		{"no MD5 said", servedFile{ID: "f"}, map[string]heldFile{"f": {State: "ready", SHA256: sha}}, plain, FileComparison{Files: 1, Ready: 1}},
		{"no row", servedFile{ID: "f"}, nil, plain, FileComparison{Files: 1, Lost: 1}},
		{"still pending", servedFile{ID: "f"}, map[string]heldFile{"f": {State: "pending"}}, plain, FileComparison{Files: 1, Lost: 1}},
		{"given up", servedFile{ID: "f"}, map[string]heldFile{"f": {State: "broken"}}, plain, FileComparison{Files: 1, Lost: 1}},
		{"given to nobody", servedFile{ID: "f"}, map[string]heldFile{"f": {State: "expired"}}, copied{refused: true}, FileComparison{Files: 1, Refused: 1}},
		{"other bytes", servedFile{ID: "f"}, map[string]heldFile{"f": {State: "ready", SHA256: other}}, plain, FileComparison{Files: 1, Ready: 1, Differing: 1}},
		{"not as the message says", servedFile{ID: "f", MD5: "x"}, map[string]heldFile{"f": {State: "ready", SHA256: sha}}, plain, FileComparison{Files: 1, Ready: 1, Differing: 1}},
		{"flagged in vain", servedFile{ID: "f"}, map[string]heldFile{"f": {State: "ready", SHA256: sha, Flag: "md5"}}, plain, FileComparison{Files: 1, Ready: 1, Flagged: 1}},
	} {
		got := compare([]servedFile{tt.file}, tt.held, map[string]copied{"f": tt.plain})
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if bad := tt.want.Lost+tt.want.Differing+tt.want.Flagged > 0; bad != (got.Err() != nil) {
			t.Errorf("%s: error %v", tt.name, got.Err())
		}
	}
	if (FileComparison{Unsound: "x"}).Err() == nil || (FileComparison{LeftFiles: []string{"x"}}).Err() == nil {
		t.Error("an unsound store, or a file left, is no error")
	}
}

func TestObjectsAndOthers(t *testing.T) {
	t.Parallel()
	sha := strings.Repeat("ab", 32)
	for name, want := range map[string]bool{
		"objects/o/ab/ab/" + sha: true, "objects/r/ab/ab/" + sha + ".thumb": true,
		"fetching/x.part": false, "objects/.tmp/" + sha: false, sha: false, "objects/o/ab/ab/" + sha[:62]: false, "objects/o/ab/left": false,
	} {
		if isObject(name) != want {
			t.Errorf("%s is an object: %v", name, !want)
		}
	}
}
