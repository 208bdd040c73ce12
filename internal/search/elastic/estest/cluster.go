package estest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long nodes may take to become a cluster; tests run beside others.
const patience = 3 * time.Minute

// Cluster is some nodes of one test's own. They end with the test, also when
// its process is killed. Nodes are counted from 0.
type Cluster struct {
	t     testing.TB
	dir   string
	nodes []*node
}

type node struct {
	url    string // stays when the node is killed and started again
	dir    string // data/ and log
	cmd    *exec.Cmd
	stdin  io.Closer     // the node ends with it
	done   chan struct{} // the process is over
	paused bool
}

// Own starts n nodes that are one cluster. Settings are lines of
// elasticsearch.yml, such as "indices.breaker.total.limit: 10%", for each node.
func Own(t testing.TB, n int, settings ...string) *Cluster {
	t.Helper()
	c, err := own(t, n, settings)
	if err != nil {
		t.Fatalf("no Elasticsearch of the test's own: %v\n%s", err, hint)
	}
	return c
}

func own(t testing.TB, n int, settings []string) (*Cluster, error) {
	ctx, cancel := context.WithTimeout(t.Context(), setupTimeout)
	defer cancel()
	c := &Cluster{t: t, dir: t.TempDir()}
	t.Cleanup(c.end)
	if err := script(ctx, "prepare", c.dir, "--nodes", strconv.Itoa(n)); err != nil {
		return nil, err
	}
	all := make([]int, n)
	for i := range n {
		all[i] = i
		dir := filepath.Join(c.dir, strconv.Itoa(i+1))
		url, err := os.ReadFile(filepath.Join(dir, "url"))
		if err != nil {
			return nil, err
		}
		c.nodes = append(c.nodes, &node{url: strings.TrimSpace(string(url)), dir: dir})
		if err := addSettings(dir, settings); err != nil {
			return nil, err
		}
	}
	return c, c.start(ctx, all)
}

func addSettings(dir string, settings []string) error {
	f, err := os.OpenFile(filepath.Join(dir, "config", "elasticsearch.yml"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	for _, line := range settings {
		_, writeErr := fmt.Fprintln(f, line)
		err = errors.Join(err, writeErr)
	}
	return errors.Join(err, f.Close())
}

// URLs are the addresses of all nodes, also of those that do not run.
func (c *Cluster) URLs() []string {
	urls := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		urls[i] = n.url
	}
	return urls
}

// Kill ends a node without warning (SIGKILL).
func (c *Cluster) Kill(i int) { c.nodes[i].kill() }

// Pause lets a node keep its connections and answer nothing; Resume ends that.
func (c *Cluster) Pause(i int) { c.nodes[i].pause(true) }

// Resume lets a paused node go on.
func (c *Cluster) Resume(i int) { c.nodes[i].pause(false) }

// Restart kills these nodes where they run, starts them at their old addresses
// with the data they had, and waits until they form a cluster with the others
// that run.
func (c *Cluster) Restart(nodes ...int) {
	c.t.Helper()
	for _, i := range nodes {
		c.Kill(i)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	if err := c.start(ctx, nodes); err != nil {
		c.t.Fatal(err)
	}
}

// Wipe kills a node and removes its data. Restart starts it empty.
func (c *Cluster) Wipe(i int) {
	c.t.Helper()
	c.Kill(i)
	if err := os.RemoveAll(filepath.Join(c.nodes[i].dir, "data")); err != nil {
		c.t.Fatal(err)
	}
}

// Log gives what a node has logged: warnings and errors.
func (c *Cluster) Log(i int) string { return c.nodes[i].log() }

func (c *Cluster) end() {
	for _, n := range c.nodes {
		n.kill()
	}
}

// start starts some nodes side by side and waits for them.
func (c *Cluster) start(ctx context.Context, nodes []int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	path, err := scriptPath()
	if err != nil {
		return err
	}
	for _, i := range nodes {
		if err := c.nodes[i].run(path, c.dir, i+1); err != nil {
			return err
		}
	}
	for _, i := range nodes {
		if err := c.nodes[i].waitReady(ctx, c.running()); err != nil {
			return err
		}
	}
	return nil
}

// running counts the nodes that a cluster can be made of.
func (c *Cluster) running() int {
	count := 0
	for _, n := range c.nodes {
		if n.cmd != nil && !n.paused {
			count++
		}
	}
	return count
}

func (n *node) run(script, dir string, number int) error {
	log, err := os.OpenFile(filepath.Join(n.dir, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(script, "run", dir, strconv.Itoa(number)) //nolint:noctx // kill ends it
	cmd.Stdout, cmd.Stderr = log, log
	if n.stdin, err = cmd.StdinPipe(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	n.cmd, n.done, n.paused = cmd, make(chan struct{}), false
	go func(done chan struct{}) {
		defer close(done)
		_ = cmd.Wait() // a killed process is an error
	}(n.done)
	return nil
}

func (n *node) waitReady(ctx context.Context, nodes int) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := n.ready(ctx, nodes)
		if err == nil {
			return nil
		}
		select {
		case <-n.done:
			return fmt.Errorf("the node ended at once:\n%s", n.log())
		case <-ctx.Done():
			return fmt.Errorf("the node was not ready in time: %w\n%s", err, n.log())
		case <-tick.C:
		}
	}
}

// ready fails unless the node belongs to a cluster of so many, in which each
// shard that has data can be searched.
func (n *node) ready(ctx context.Context, nodes int) error {
	var health struct{ Status string }
	url := fmt.Sprintf("%s/_cluster/health?wait_for_nodes=>=%d&wait_for_no_initializing_shards=true&timeout=1s", n.url, nodes)
	if err := call(ctx, http.MethodGet, url, "", &health); err != nil || health.Status != "red" {
		return err
	}
	var why struct {
		CanAllocate string `json:"can_allocate"`
	}
	if err := call(ctx, http.MethodGet, n.url+"/_cluster/allocation/explain", "", &why); err != nil {
		return err
	}
	if why.CanAllocate != "no_valid_shard_copy" { // its data was wiped
		return errors.New("an index is not open yet")
	}
	return nil
}

func (n *node) log() string {
	text, err := os.ReadFile(filepath.Join(n.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (n *node) kill() {
	if n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Kill() // it may be over
	<-n.done
	_ = n.stdin.Close() // Wait has closed it
	n.cmd = nil
}

func (n *node) pause(on bool) {
	signal := syscall.SIGCONT
	if on {
		signal = syscall.SIGSTOP
	}
	if n.cmd != nil {
		_ = n.cmd.Process.Signal(signal) // it may be over
	}
	n.paused = on
}
