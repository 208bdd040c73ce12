package h5

import (
	"io/fs"
	"testing"
)

func TestFSIsRootedAtTheBuiltFiles(t *testing.T) {
	if _, err := fs.Stat(FS(), ".keep"); err != nil {
		t.Errorf("dist/.keep is not at the root of FS: %v", err)
	}
}
