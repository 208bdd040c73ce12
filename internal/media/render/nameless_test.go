package render

import (
	"io"
	"os"
	"testing"
)

// Whether or not the system has files without names, none is left in the folder,
// and what is written can be read.
func TestTemporaryFilesHaveNoName(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(string) (*os.File, error){
		"as the system can": func(dir string) (*os.File, error) { return (&Renderer{tempDir: dir}).nameless() },
		"named first":       named,
	} {
		dir := t.TempDir()
		f, err := open(dir)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%s: %v, %v in the folder", name, left, err)
		}
		if _, err := f.WriteString("x"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := io.ReadAll(f); string(got) != "x" || err != nil {
			t.Errorf("%s: read %q, %v", name, got, err)
		}
		if err := f.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
