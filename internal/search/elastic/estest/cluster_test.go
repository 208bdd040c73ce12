package estest

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

type health struct {
	Status string
	Nodes  int `json:"number_of_nodes"`
}

type count struct{ Count int }

func TestKilledNodeKeepsItsDataAndWipedOneDoesNot(t *testing.T) {
	t.Parallel()
	c := Own(t, 1)
	url := c.URLs()[0]
	do(t, http.MethodPut, url+"/kept", fmt.Sprintf(mapping, 0))
	do(t, http.MethodPost, url+"/_bulk", documents("kept", 50))
	c.Kill(0)
	if err := call(t.Context(), http.MethodGet, url+"/_cluster/health", "", nil); err == nil {
		t.Error("a killed node answers")
	}
	c.Restart(0)
	if got := must[count](t, http.MethodGet, url+"/kept/_count", "").Count; got != 50 {
		t.Errorf("after the kill %d documents, want 50", got)
	}

	c.Pause(0)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := call(ctx, http.MethodGet, url+"/_cluster/health", "", nil); err == nil || ctx.Err() == nil {
		t.Errorf("a paused node answers: %v", err)
	}
	c.Resume(0)
	if got := must[count](t, http.MethodGet, url+"/kept/_count", "").Count; got != 50 {
		t.Errorf("after the pause %d documents, want 50", got)
	}

	c.Wipe(0)
	c.Restart(0)
	if names, err := indices(t.Context(), url, ""); err != nil || len(names) != 0 {
		t.Errorf("a wiped node has %v, %v", names, err)
	}
}

func TestClusterSurvivesTheLossOfOneNode(t *testing.T) {
	t.Parallel()
	c := Own(t, 3)
	urls := c.URLs()
	if got := must[health](t, http.MethodGet, urls[2]+"/_cluster/health", "").Nodes; got != 3 {
		t.Fatalf("%d nodes, want 3", got)
	}
	do(t, http.MethodPut, urls[0]+"/held", fmt.Sprintf(mapping, 1))
	do(t, http.MethodPost, urls[1]+"/_bulk?refresh=true", documents("held", 50))
	do(t, http.MethodGet, urls[0]+"/_cluster/health/held?wait_for_status=green&timeout=60s", "")
	lost := holder(t, urls[0])
	c.Kill(lost)
	left := urls[(lost+1)%3]
	do(t, http.MethodGet, left+"/_cluster/health/held?wait_for_nodes=2&wait_for_status=yellow&timeout=60s", "")
	if got := must[count](t, http.MethodGet, left+"/held/_count", "").Count; got != 50 {
		t.Errorf("without the node of the primary %d documents, want 50", got)
	}
	c.Wipe(lost)
	c.Restart(lost)
	do(t, http.MethodGet, urls[lost]+"/_cluster/health/held?wait_for_nodes=3&wait_for_status=green&timeout=60s", "")
	if got := must[count](t, http.MethodGet, urls[lost]+"/held/_count", "").Count; got != 50 {
		t.Errorf("with an empty node in its place %d documents, want 50", got)
	}
}

// holder tells which node has the primary shard.
func holder(t *testing.T, url string) int {
	t.Helper()
	for _, shard := range must[[]struct{ Prirep, Node string }](t, http.MethodGet, url+"/_cat/shards/held?format=json&h=prirep,node", "") {
		if shard.Prirep == "p" {
			return int(shard.Node[len(shard.Node)-1] - '1') // node-1 is number 0
		}
	}
	t.Fatal("no primary shard")
	return 0
}

func TestNodeThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	_, err := own(t, 1, []string{"no.such.setting: 1"})
	if err == nil || !strings.Contains(err.Error(), "no.such.setting") {
		t.Errorf("got %v", err)
	}
}

// envOwner makes a test process one that starts a node and waits to be killed.
const envOwner = "HUICUN_TEST_ELASTIC_OWNER"

func TestOwnNodeEndsWithAKilledTest(t *testing.T) {
	if os.Getenv(envOwner) != "" {
		fmt.Println("running at", Own(t, 1).URLs()[0])
		<-t.Context().Done()
	}
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), envOwner+"=1", "TMPDIR="+t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var url string
	for lines := bufio.NewScanner(out); url == "" && lines.Scan(); {
		url, _ = strings.CutPrefix(lines.Text(), "running at ")
		if !strings.HasPrefix(url, "http") {
			url = ""
		}
	}
	if err := call(t.Context(), http.MethodGet, url+"/_cluster/health", "", nil); err != nil {
		t.Error(err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it was killed
	await(t, "the node's end", func() bool {
		return call(t.Context(), http.MethodGet, url+"/_cluster/health", "", nil) != nil
	})
}
