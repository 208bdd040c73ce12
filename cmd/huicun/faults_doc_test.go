package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every row of docs/faults.md says something in each column, and names tests
// that exist.
func TestEveryFaultHasATest(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	page, err := os.ReadFile(filepath.Join(root, "docs", "faults.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests := testNames(t, root)
	named := regexp.MustCompile("`(Test[A-Za-z0-9_]*)`")
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ---") || strings.HasPrefix(line, "| fault ") {
			continue
		}
		rows++
		if len(cells) != 4 {
			t.Errorf("a row has %d columns, want 4: %s", len(cells), line)
			continue
		}
		names := named.FindAllStringSubmatch(cells[3], -1)
		if len(names) == 0 {
			t.Errorf("a row without a test: %s", cells[0])
		}
		for _, n := range names {
			if !tests[n[1]] {
				t.Errorf("%s: there is no test %s", cells[0], n[1])
			}
		}
		for _, c := range cells {
			if strings.TrimSpace(c) == "" {
				t.Errorf("a row with an empty column: %s", line)
			}
		}
	}
	if rows < 30 {
		t.Errorf("the page has %d rows", rows)
	}
}

// testNames are the tests of the module.
func testNames(t *testing.T, root string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9_]*)\(`)
	for _, dir := range []string{"cmd", "internal", "server"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			b, err := os.ReadFile(path)
			for _, m := range declared.FindAllSubmatch(b, -1) {
				names[string(m[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return names
}
