package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"huicun/internal/config"
	"huicun/internal/pgserver"
	"huicun/internal/store"
	"huicun/internal/wecom/finance"
	"huicun/internal/wecomsim"
)

// lab is a world of processes that can each be killed: wecomsim, Postgres,
// huicun and its SDK helpers.
type lab struct {
	*world
	settings  simSettings
	simulator *process
	pgOptions pgserver.Options
	pg        *pgserver.Server
	huicun    *process
	total     int64 // messages that the simulator serves
	ragged    bool  // the stream has gaps, or messages come twice
}

// newLab starts wecomsim and Postgres; change adjusts the simulator.
func newLab(t *testing.T, change func(*simSettings)) *lab {
	t.Helper()
	return newLabIn(t, t.TempDir(), change)
}

// newLabIn is newLab with the folder of Postgres.
func newLabIn(t *testing.T, pgDir string, change func(*simSettings)) *lab {
	t.Helper()
	l := &lab{world: &world{t: t, address: freeAddress(t)}}
	l.settings = simSettings{Listen: freeAddress(t), ProxyListen: freeAddress(t), DataDir: t.TempDir(), Messages: -1}
	if change != nil {
		change(&l.settings)
	}
	ready := l.startSimulator()
	l.simURL = ready.URL
	l.pgOptions = pgserver.Options{
		DataDir: pgDir, Log: slog.New(slog.DiscardHandler),
		Settings: map[string]string{"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB", "max_connections": "40"},
	}
	l.startPostgres()
	t.Cleanup(func() {
		if l.huicun != nil {
			l.huicun.kill()
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = l.pg.Stop(ctx) // it may have been killed
	})
	l.configureLab(ready)
	return l
}

// startSimulator starts wecomsim, again after a kill, on the same ports and
// data.
func (l *lab) startSimulator() simReady {
	l.t.Helper()
	b, err := json.Marshal(l.settings)
	if err != nil {
		l.t.Fatal(err)
	}
	r, w := io.Pipe()
	l.simulator = l.spawn("wecomsim", append(os.Environ(), simEnv+"="+string(b)), w)
	go func() {
		<-l.simulator.done
		_ = w.Close()
	}()
	line, err := bufio.NewReader(r).ReadBytes('\n')
	var ready simReady
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		l.t.Fatalf("wecomsim does not start: %v: %s", err, l.simulator.log.String())
	}
	return ready
}

// startPostgres starts the server, again after a kill.
func (l *lab) startPostgres() {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var err error
	if l.pg, err = pgserver.Start(ctx, l.pgOptions); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) configureLab(ready simReady) {
	l.t.Helper()
	sc := wecomsim.DefaultConfig()
	c := config.Default()
	c.DataDir, c.Server.Listen, c.Server.PublicURL = l.t.TempDir(), l.address, "http://"+l.address
	c.Database.URL, c.Database.MaxConns = l.pg.URL(), 8
	c.WeCom = config.WeCom{
		CorpID: sc.CorpID, AgentID: int(sc.AgentID), AppSecret: sc.AppSecret, ArchiveSecret: sc.ArchiveSecret,
		ContactSecret: sc.ContactSecret, APIBase: ready.URL, OAuthBase: ready.URL, WebLoginBase: ready.URL,
	}
	c.Finance = config.Finance{
		Client: "pure", KeysDir: l.t.TempDir(), Proxy: "http://" + ready.Proxy, CAFile: ready.CAFile, Relay: true,
		Interval: 100 * time.Millisecond, Workers: 2, Timeout: 3 * time.Second, PageSize: 1000,
	}
	if lib, err := finance.FindBundledLibrary(l.t.Context()); err == nil {
		c.Finance.Client, c.Finance.Library = "sdk", lib
	}
	pem, err := os.ReadFile(ready.PrivateKeyFile)
	if err == nil {
		err = os.WriteFile(filepath.Join(c.Finance.KeysDir, "private_key_v1.pem"), pem, 0o600)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	c.Callback.App = config.CallbackKey{Token: sc.AppCallback.Token, AESKey: sc.AppCallback.AESKey}
	c.Callback.Archive = config.CallbackKey{Token: sc.ArchiveCallback.Token, AESKey: sc.ArchiveCallback.AESKey}
	c.Access.Admins, c.Sync.Interval = []string{"ZhouMingkai"}, 0
	l.cfg = c
	l.look(c.Database.URL)
	if err := l.db.Migrate(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
}

// eyes is what the test's own connections are called.
const eyes = "eyes-of-the-test"

// look opens the eyes of the test on a database.
func (w *world) look(url string) {
	w.t.Helper()
	db, err := store.Open(w.t.Context(), store.Options{URL: url + "&application_name=" + eyes, MaxConns: 2})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = db.Close() })
	w.db = db
}

// ledger is what the database says of itself, in one snapshot.
type ledger struct {
	Seq         int64 `db:"seq"`
	Received    int64 `db:"received"`
	Stored      int64 `db:"stored"`
	Quarantined int64 `db:"quarantined"`
	MsgIDs      int64 `db:"msgids"`
	Messages    int64 `db:"messages"`
	Open        int64 `db:"open"` // rows of quarantine
	Batched     int64 `db:"batched"`
}

const sqlLedger = `
SELECT seq, received, stored, quarantined,
	(SELECT count(*) FROM message_ids) AS msgids,
	(SELECT count(*) FROM messages) AS messages,
	(SELECT count(*) FROM quarantine WHERE released_at IS NULL) AS open,
	(SELECT COALESCE(sum(added), 0) FROM batches) AS batched
FROM pull_state`

// ledger reads the counters and the rows, and checks that they agree: as long
// as the stream has no gaps and begins at 1, the messages held are exactly
// those up to the cursor.
func (l *lab) ledger() ledger {
	l.t.Helper()
	var g ledger
	l.await("the database to answer", func() error { return l.db.Get(&g, sqlLedger) })
	if g.Received != g.Stored+g.Quarantined || g.MsgIDs != g.Received || g.Messages != g.Stored || g.Open != g.Quarantined || g.Seq != g.Received && !l.ragged || g.Batched != g.Stored {
		l.t.Fatalf("the books do not balance: %+v", g)
	}
	return g
}

// received is how far the pulling has come; 0 while the database is away.
func (l *lab) received() int64 {
	s, err := l.db.PullState(context.Background())
	if err != nil {
		return 0
	}
	return s.Received
}

// waitUntil waits until n messages are held; huicun must live meanwhile.
func (l *lab) waitUntil(n int64) {
	l.t.Helper()
	l.await(fmt.Sprintf("%d messages", n), func() error {
		select {
		case <-l.huicun.done:
			l.t.Fatalf("huicun ended by itself: %v", l.huicun.ProcessState)
		default:
		}
		if got := l.received(); got < n {
			return fmt.Errorf("%d are there", got)
		}
		return nil
	})
}

// letTimePass does to the database what some minutes without a process do:
// leases expire, and claimed work counts as abandoned.
func (l *lab) letTimePass() {
	l.t.Helper()
	l.await("time to pass", func() error {
		if _, err := l.db.Exec(`UPDATE leases SET expires_at = LEAST(expires_at, clock_timestamp())`); err != nil {
			return err
		}
		for _, q := range []string{
			`UPDATE outbox SET claimed_at = claimed_at - interval '5 minutes' WHERE state = 'running'`,
			`UPDATE media SET due_at = due_at - interval '5 minutes' WHERE state = 'pending'`,
			`UPDATE media_objects SET work_due_at = work_due_at - interval '15 minutes' WHERE work = 'pending'`,
		} {
			if _, err := l.db.Exec(q); err != nil {
				return err
			}
		}
		return nil
	})
}

// killHuicun kills huicun and starts it again minutes later, by the clock of
// the database.
func (l *lab) killHuicun() {
	l.t.Helper()
	l.huicun.kill()
	l.restart()
}

func (l *lab) restart() {
	l.t.Helper()
	l.ledger()
	l.letTimePass()
	l.huicun = l.start()
}

// helpers are the SDK helper processes of the running huicun.
func (l *lab) helpers() []int {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		l.t.Fatal(err)
	}
	var pids []int
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(b), ") ")
		fields := strings.Fields(rest)
		cmdline, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		if len(fields) > 1 && fields[1] == strconv.Itoa(l.huicun.Process.Pid) && strings.Contains(string(cmdline), "finance-helper") {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// backends are the server processes that work for huicun.
func (l *lab) backends() []int {
	var pids []int
	l.await("the list of backends", func() error {
		return l.db.Select(&pids, `SELECT pid FROM pg_stat_activity
WHERE backend_type = 'client backend' AND datname = current_database() AND application_name <> $1 ORDER BY pid`, eyes)
	})
	return pids
}

// killPostmaster kills the main process of Postgres; its children end by
// themselves. The server is started again at once.
func (l *lab) killPostmaster() {
	l.t.Helper()
	if err := syscall.Kill(l.pg.PID(), syscall.SIGKILL); err != nil {
		l.t.Fatal(err)
	}
	<-l.pg.Done()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = l.pg.Stop(ctx) // gives the directory up; there is nothing to stop
	l.startPostgres()
}

// killSimulator kills wecomsim and starts it again.
func (l *lab) killSimulator() {
	l.t.Helper()
	l.simulator.kill()
	l.startSimulator()
}

// processState is the letter of /proc/PID/stat: T for stopped.
func processState(pid int) string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	state, _, _ := strings.Cut(rest, " ")
	return state
}

// takeAllConnections cuts huicun's connections off and takes the places of all
// of them, as a role without the places that are kept for superusers.
func (l *lab) takeAllConnections() []io.Closer {
	l.t.Helper()
	var hogs []io.Closer
	for {
		if _, err := l.db.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND application_name NOT IN ($1, 'hog') AND pid <> pg_backend_pid()`, eyes); err != nil {
			l.t.Fatal(err)
		}
		hog, err := sqlx.Open("postgres", l.pg.URL()+"&application_name=hog")
		if err != nil {
			l.t.Fatal(err)
		}
		if err := hog.Ping(); err != nil {
			_ = hog.Close()
			if strings.Contains(err.Error(), "too many clients") {
				return hogs
			}
			l.t.Fatal(err)
		}
		hogs = append(hogs, hog)
		l.t.Cleanup(func() { _ = hog.Close() })
	}
}
