package pgserver_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huicun/internal/pgserver"
)

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		prepare func(t *testing.T, o *pgserver.Options)
		want    []string // parts of the error
	}{
		{"no directory", func(_ *testing.T, o *pgserver.Options) { o.DataDir = "" }, []string{"no data directory"}},
		{"a file in the place of the directory", func(t *testing.T, o *pgserver.Options) {
			o.DataDir = filepath.Join(o.DataDir, "file")
			write(t, o.DataDir, "x")
		}, []string{"make the directory", "not a directory"}},
		{"someone else's files", func(t *testing.T, o *pgserver.Options) {
			write(t, filepath.Join(o.DataDir, "letter.txt"), "dear")
		}, []string{"not empty", "choose another"}},
		{"a directory where nothing can be made", func(_ *testing.T, o *pgserver.Options) {
			o.DataDir = "/proc/self/huicun"
		}, []string{"make the directory"}},
		{"no programs", func(t *testing.T, o *pgserver.Options) { o.BinDir = t.TempDir() }, []string{"no PostgreSQL server programs"}},
		{"programs that are none", func(t *testing.T, o *pgserver.Options) {
			o.BinDir = fakePrograms(t, "#!/bin/sh\necho hello\n")
		}, []string{"is not PostgreSQL"}},
		{"programs too old", func(t *testing.T, o *pgserver.Options) {
			o.BinDir = fakePrograms(t, "#!/bin/sh\necho 'postgres (PostgreSQL) 9.6.24'\n")
		}, []string{"PostgreSQL 9", "too old", "14"}},
		{"data of another version", func(t *testing.T, o *pgserver.Options) {
			write(t, filepath.Join(o.DataDir, "lock"), "")
			write(t, filepath.Join(o.DataDir, "pgdata", "PG_VERSION"), "12\n")
		}, []string{"written by PostgreSQL 12", "install PostgreSQL 12", "dump"}},
		{"data without a version", func(t *testing.T, o *pgserver.Options) {
			write(t, filepath.Join(o.DataDir, "lock"), "")
			write(t, filepath.Join(o.DataDir, "pgdata", "base"), "")
		}, []string{"damaged"}},
		{"data with a strange version", func(t *testing.T, o *pgserver.Options) {
			write(t, filepath.Join(o.DataDir, "lock"), "")
			write(t, filepath.Join(o.DataDir, "pgdata", "PG_VERSION"), "many")
		}, []string{"damaged"}},
		{"initdb that fails", func(t *testing.T, o *pgserver.Options) {
			o.BinDir = newTrap(t, "initdb", "echo no space left >&2; exit 1").dir
		}, []string{"initdb", "no space left"}},
		{"a server that ends at once", func(t *testing.T, o *pgserver.Options) {
			o.DataDir = madeDir(t)
			o.Settings = map[string]string{"no_such_setting": "1"}
		}, []string{"ended during its start", "no_such_setting"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := pgserver.Options{DataDir: t.TempDir(), Log: quiet()}
			tt.prepare(t, &o)
			s, err := pgserver.Start(deadline(t), o)
			if err == nil {
				s.Detach()
				t.Fatal("Start succeeded")
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q lacks %q", err, part)
				}
			}
		})
	}
}

func TestStartWithoutThePasswordFile(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	if err := os.Remove(filepath.Join(dir, "password")); err != nil {
		t.Fatal(err)
	}
	_, err := pgserver.Start(deadline(t), pgserver.Options{DataDir: dir, Log: quiet()})
	if err == nil || !strings.Contains(err.Error(), "password file") {
		t.Errorf("Start = %v, want an error about the password file", err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// fakePrograms makes a directory whose initdb and postgres are the script.
func fakePrograms(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"initdb", "postgres"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
