package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
)

// backends are the Postgres processes that serve a program.
type backends []int

const sqlBackends = `
SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = current_database()`

// findBackends lists the processes behind all connections to a database. Those
// that do nothing use no CPU and disturb no sum.
func findBackends(ctx context.Context, db *sqlx.DB) (backends, error) {
	var pids backends
	err := db.SelectContext(ctx, &pids, sqlBackends)
	return pids, err
}

// cpu is the time that the processes have spent on the CPU so far. One that
// has ended counts as zero.
func (b backends) cpu() time.Duration {
	var sum time.Duration
	for _, pid := range b {
		sum += onCPU(pid)
	}
	return sum
}

// onCPU reads the first field of schedstat, nanoseconds.
func onCPU(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	if err != nil {
		return 0
	}
	first, _, _ := bytes.Cut(text, []byte(" "))
	n, err := strconv.ParseInt(string(first), 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(n)
}
