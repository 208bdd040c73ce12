package media

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// maxName bounds names of objects, in bytes; every store takes as much.
const maxName = 200

// CheckName reports what is wrong with a name of an object: the stores refuse
// whatever could name something else than an object.
func CheckName(name string) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("a name of an object has 1 to %d bytes, not %d", maxName, len(name))
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' || strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
			return fmt.Errorf("%q is not the name of an object", name)
		}
	}
	return nil
}

// CheckPrefix reports what is wrong with the beginning of names; "" begins all.
func CheckPrefix(prefix string) error {
	whole := strings.TrimSuffix(prefix, "/")
	if whole == "" && prefix == "" {
		return nil
	}
	return CheckName(whole)
}

// originalName and renditionName are the names of objects in Blobs: of the
// content sha (hex), and of a form of it. 256 folders keep a directory quick, and
// a new file rarely needs a new folder, which costs as much as the file.
func originalName(sha string) string { return "o/" + sha[:2] + "/" + sha }

func renditionName(sha, name string) string {
	return "r/" + sha[:2] + "/" + sha + "." + name
}

// SyncDir makes the names in a folder durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
