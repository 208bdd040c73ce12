package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldestMajor is the oldest PostgreSQL that huicun's SQL runs on.
const oldestMajor = 14

// systemDirs are where distributions put the programs of each version.
var systemDirs = []string{
	"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
	"/usr/pgsql-*/bin",          // Red Hat and kin
	"/usr/local/pgsql/bin",      // built from source
}

// binaries is one installation of PostgreSQL.
type binaries struct {
	dir   string
	major int
}

func (b binaries) path(program string) string { return filepath.Join(b.dir, program) }

// findBinaries gives the installation to use: the one in dir when dir is set,
// else the newest, or the one of version major when major is not 0.
func findBinaries(ctx context.Context, dir string, major int) (binaries, error) {
	var found []binaries
	if dir != "" {
		b, err := inspect(ctx, dir)
		if err != nil {
			return binaries{}, err
		}
		found = append(found, b)
	} else {
		found = installed(ctx)
	}
	return choose(found, major)
}

// choose picks from the installations found.
func choose(found []binaries, major int) (binaries, error) {
	if len(found) == 0 {
		return binaries{}, errors.New("no PostgreSQL server programs (initdb, postgres) found: " +
			"install the postgresql package, or set HUICUN_DATABASE_URL to use a server that runs elsewhere")
	}
	best, versions := binaries{}, []string{}
	for _, b := range found {
		versions = append(versions, strconv.Itoa(b.major))
		if b.major > best.major && (major == 0 || b.major == major) {
			best = b
		}
	}
	switch {
	case best.major == 0:
		return binaries{}, fmt.Errorf("the data was written by PostgreSQL %d, installed is %s: install PostgreSQL %d, "+
			"or dump the data with version %[1]d and restore it into an empty directory",
			major, strings.Join(versions, ", "), major)
	case best.major < oldestMajor:
		return binaries{}, fmt.Errorf("PostgreSQL %d in %s is too old: version %d or newer is needed", best.major, best.dir, oldestMajor)
	}
	return best, nil
}

// installed lists the installations of this machine that can be used.
func installed(ctx context.Context) []binaries {
	var dirs []string
	for _, pattern := range systemDirs {
		matches, _ := filepath.Glob(pattern) // the patterns are well formed
		dirs = append(dirs, matches...)
	}
	dirs = append(dirs, pathDirs()...)
	var found []binaries
	for _, dir := range dirs {
		b, err := inspect(ctx, dir)
		if err == nil && !slices.Contains(found, b) {
			found = append(found, b)
		}
	}
	return found
}

// pathDirs gives the directory that PATH finds postgres in. Distributions link
// single programs into PATH, so the link is followed.
func pathDirs() []string {
	path, err := exec.LookPath("postgres")
	if err != nil {
		return nil
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil
	}
	return []string{filepath.Dir(real)}
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect checks that dir holds both programs, and asks for their version.
func inspect(ctx context.Context, dir string) (binaries, error) {
	for _, program := range []string{"initdb", "postgres"} {
		info, err := os.Stat(filepath.Join(dir, program))
		if err != nil {
			return binaries{}, fmt.Errorf("no PostgreSQL server programs in %s: %w", dir, err)
		}
		if info.IsDir() || info.Mode()&0o111 == 0 {
			return binaries{}, fmt.Errorf("%s in %s is not a program", program, dir)
		}
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return binaries{}, fmt.Errorf("ask the version of PostgreSQL in %s: %w", dir, err)
	}
	m := versionPattern.FindSubmatch(out)
	if m == nil {
		return binaries{}, fmt.Errorf("the postgres program in %s is not PostgreSQL", dir)
	}
	major, err := strconv.Atoi(string(m[1]))
	if err != nil {
		return binaries{}, fmt.Errorf("version of PostgreSQL in %s: %w", dir, err)
	}
	return binaries{dir: dir, major: major}, nil
}
