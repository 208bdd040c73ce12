package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// clusterDefaults go into the new cluster's postgresql.conf, where the operator
// may change them.
const clusterDefaults = `
# Huicun's defaults. Edit freely; sockets, ports and logging are set by huicun.
timezone = 'UTC'
log_timezone = 'UTC'
shared_buffers = 256MB
max_connections = 100
max_wal_size = 2GB
effective_cache_size = 1GB
jit = off
`

// initCluster makes a new cluster beside its final place and moves it there
// when it is complete. What an earlier attempt left behind is removed.
func initCluster(ctx context.Context, d *dataDir, bin binaries, password string, extra ...string) error {
	if err := d.clearStages(); err != nil {
		return err
	}
	stage, err := os.MkdirTemp(d.path, stagePattern)
	if err != nil {
		return fmt.Errorf("write to the directory: %w", err)
	}
	if err := d.acc.own(stage); err != nil {
		return err
	}
	pwFile := filepath.Join(stage, "pw")
	if err := errors.Join(os.WriteFile(pwFile, []byte(password+"\n"), 0o600), d.acc.own(pwFile)); err != nil {
		return err
	}
	name := filepath.Base(stage)
	if err := runInitdb(ctx, d, bin, name, extra); err != nil {
		_ = os.RemoveAll(stage) // the next start tries again
		return err
	}
	return d.finishCluster(name)
}

// clearStages removes clusters that were never finished.
func (d *dataDir) clearStages() error {
	stages, err := filepath.Glob(d.file(stagePattern))
	if err != nil {
		return err
	}
	for _, stage := range stages {
		// An initdb that outlived its owner may still be writing there: then
		// its rest stays until the next time.
		_ = os.RemoveAll(stage)
	}
	return nil
}

// runInitdb makes the cluster in the stage, with the C.UTF-8 character type
// where the system has it and plain C elsewhere. Order is by code point.
func runInitdb(ctx context.Context, d *dataDir, bin binaries, stage string, extra []string) error {
	err := initdb(ctx, d, bin, stage, "C.UTF-8", extra)
	if err != nil && strings.Contains(err.Error(), "invalid locale") {
		if err := os.RemoveAll(d.file(stage, clusterName)); err != nil {
			return err
		}
		err = initdb(ctx, d, bin, stage, "C", extra)
	}
	return err
}

func initdb(ctx context.Context, d *dataDir, bin binaries, stage, ctype string, extra []string) error {
	args := append([]string{
		"--pgdata=" + d.seenByServer(stage, clusterName),
		"--username=" + roleName,
		"--pwfile=" + d.seenByServer(stage, "pw"),
		"--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=C", "--lc-ctype=" + ctype,
		"--data-checksums",
	}, extra...)
	cmd := command(ctx, d, bin.path("initdb"), args...)
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return fmt.Errorf("initdb: %w", ctx.Err())
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return fmt.Errorf("initdb: %w: %s", err, lastLines(out, 5))
	}
	if err != nil {
		return fmt.Errorf("run initdb: %w%s", err, d.acc.hint(err))
	}
	return nil
}

// finishCluster settles the cluster's configuration and moves it into place.
func (d *dataDir) finishCluster(stage string) error {
	conf := d.file(stage, clusterName, "postgresql.conf")
	f, err := os.OpenFile(conf, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(clusterDefaults)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("configure the cluster: %w", err)
	}
	if err := os.Rename(d.file(stage, clusterName), d.file(clusterName)); err != nil {
		return err
	}
	if err := os.RemoveAll(d.file(stage)); err != nil {
		return err
	}
	return syncDir(d.path)
}

// command prepares a PostgreSQL program: as the right user, with the directory
// as an open descriptor and nothing of the caller's environment but PATH.
func command(ctx context.Context, d *dataDir, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = "/"
	cmd.WaitDelay = 5 * time.Second // for output of what a killed program started
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = d.acc.sysProcAttr()
	cmd.ExtraFiles = []*os.File{d.self} // descriptor childFD
	return cmd
}

// lastLines gives the last n lines of a program's output as one line.
func lastLines(out []byte, n int) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, " | ")
}
