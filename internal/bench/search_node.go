package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// elasticNode is an Elasticsearch of one node.
type elasticNode struct {
	url    string
	dir    string // "" for one that somebody else runs
	script string
	pid    int // 0: not known
}

// nodeScript is where it stands in a clone of the repository.
const nodeScript = "deploy/dev/elasticsearch/elasticsearch.sh"

// findNodeScript looks above the working directory and above the program.
func findNodeScript(program string) (string, error) {
	var begin []string
	if dir, err := os.Getwd(); err == nil {
		begin = append(begin, dir)
	}
	for _, dir := range append(begin, filepath.Dir(program)) {
		for ; ; dir = filepath.Dir(dir) {
			path := filepath.Join(dir, nodeScript)
			if _, err := os.Stat(path); err == nil {
				return path, nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return "", fmt.Errorf("%s is not above this folder or this program; run it in a clone of the repository or give -elastic-url", nodeScript)
}

// startNode starts a node with its data below dir, or takes the one at url.
func startNode(ctx context.Context, program, dir, heap, url string) (*elasticNode, error) {
	if url != "" {
		n := &elasticNode{url: strings.TrimSuffix(url, "/")}
		return n, n.call(ctx, http.MethodGet, "/_cluster/health", nil, nil)
	}
	script, err := findNodeScript(program)
	if err != nil {
		return nil, err
	}
	n := &elasticNode{dir: dir, script: script}
	// Options for a quick start would cost speed later.
	if err := n.run(ctx, "start", "ELASTICSEARCH_HEAP="+heap, "ES_JAVA_OPTS="); err != nil {
		return nil, errors.Join(err, n.stop(ctx))
	}
	text, err := os.ReadFile(filepath.Join(dir, "urls"))
	if err != nil {
		return nil, errors.Join(err, n.stop(ctx))
	}
	n.url = strings.TrimSpace(string(text))
	if text, err = os.ReadFile(filepath.Join(dir, "1", "pid")); err == nil {
		n.pid, _ = strconv.Atoi(strings.TrimSpace(string(text))) // without it there are no figures of its CPU
	}
	return n, nil
}

func (n *elasticNode) run(ctx context.Context, command string, environ ...string) error {
	cmd := exec.CommandContext(ctx, n.script, command, n.dir)
	cmd.Env = append(os.Environ(), environ...)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s Elasticsearch: %w: %s", command, err, bytes.TrimSpace(said))
	}
	return nil
}

// stop ends a node of our own, also when ctx has ended.
func (n *elasticNode) stop(ctx context.Context) error {
	if n.dir == "" {
		return nil
	}
	return n.run(context.WithoutCancel(ctx), "stop")
}

// cpu is the time in seconds that a node of our own has spent on the CPU.
func (n *elasticNode) cpu() (float64, error) {
	if n.pid == 0 {
		return 0, nil
	}
	return treeCPU(n.pid)
}

// call asks the node. out is filled from its answer unless nil.
func (n *elasticNode) call(ctx context.Context, method, path string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, n.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(path, "/_bulk") {
		req.Header.Set("Content-Type", "application/x-ndjson")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return err
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("elasticsearch: %s %s: %s: %.300s", method, req.URL.Path, res.Status, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// remove removes all indices and the template of a prefix, one by one: a cluster
// may refuse patterns.
func (n *elasticNode) remove(ctx context.Context, prefix string) error {
	var rows []struct{ Index string }
	if err := n.call(ctx, http.MethodGet, "/_cat/indices/"+prefix+"-*?format=json&h=index&expand_wildcards=all", nil, &rows); err != nil {
		return err
	}
	for _, r := range rows {
		if err := n.call(ctx, http.MethodDelete, "/"+r.Index, nil, nil); err != nil {
			return err
		}
	}
	var found struct {
		Templates []struct{ Name string } `json:"index_templates"`
	}
	if err := n.call(ctx, http.MethodGet, "/_index_template", nil, &found); err != nil {
		return err
	}
	for _, t := range found.Templates {
		if strings.HasPrefix(t.Name, prefix+"-") {
			if err := n.call(ctx, http.MethodDelete, "/_index_template/"+t.Name, nil, nil); err != nil {
				return err
			}
		}
	}
	return nil
}
