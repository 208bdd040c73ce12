// Package estest gives tests a real Elasticsearch: one node that all test
// processes of this clone share, or nodes of the test's own to kill and pause;
// and a gate in front of a node that asks for a key and makes trouble on demand.
//
// The nodes are run by deploy/dev/elasticsearch/elasticsearch.sh, which says
// what they lack of an installed Elasticsearch. The shared one lives in
// .cache/testelastic and ends by itself when nobody has used it for a while.
package estest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	envURL = "HUICUN_TEST_ELASTIC_URL"

	setupTimeout   = 5 * time.Minute // the first test of a machine fetches the jars
	cleanupTimeout = time.Minute

	hint = "the tests need Elasticsearch: run 'deploy/dev/elasticsearch/elasticsearch.sh install', which installs " +
		"a JDK, Maven and the jars, or set " + envURL + " to a node that asks for no password"
)

// shared is the node of this process, found on first use.
var shared = sync.OnceValues(func() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	url := os.Getenv(envURL)
	if url == "" {
		var err error
		if url, err = privateNode(ctx); err != nil {
			return "", err
		}
	}
	return url, sweep(ctx, url)
})

// Node gives the address of a node, such as http://127.0.0.1:19200, that other
// tests use at the same time: what a test makes there bears its Prefix.
func Node(t testing.TB) string {
	t.Helper()
	url, err := shared()
	if err != nil {
		t.Fatalf("no test Elasticsearch: %v\n%s", err, hint)
	}
	return url
}

const (
	testPrefix = "huicun-test-"
	abandoned  = 6 * time.Hour // age at which an index belongs to no running test
)

var counter atomic.Int64

// Prefix gives the beginning of the names of a test's indices, aliases and
// index templates on the shared node, unique across processes. What bears it
// is removed when the test and its subtests are over.
func Prefix(t testing.TB) string {
	t.Helper()
	url := Node(t)
	// It tells the time, for sweep.
	prefix := fmt.Sprintf("%s%d-%d-%d-", testPrefix, time.Now().Unix(), os.Getpid(), counter.Add(1))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
		defer cancel()
		if err := remove(ctx, url, prefix); err != nil {
			t.Errorf("remove the test's indices: %v", err)
		}
	})
	return prefix
}

// remove removes indices (and with them their aliases) and index templates.
func remove(ctx context.Context, url, prefix string) error {
	names, err := indices(ctx, url, prefix)
	if err != nil {
		return err
	}
	for _, name := range names { // one by one: a node may refuse patterns
		if err := call(ctx, http.MethodDelete, url+"/"+name+"?ignore_unavailable=true", "", nil); err != nil {
			return err
		}
	}
	err = call(ctx, http.MethodDelete, url+"/_index_template/"+prefix+"*", "", nil)
	if refused, ok := errors.AsType[*answerError](err); ok && refused.status == http.StatusNotFound {
		return nil // there is none
	}
	return err
}

// indices lists those whose names begin with prefix.
func indices(ctx context.Context, url, prefix string) ([]string, error) {
	var rows []struct{ Index string }
	err := call(ctx, http.MethodGet, url+"/_cat/indices/"+prefix+"*?format=json&h=index&expand_wildcards=all", "", &rows)
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = row.Index
	}
	return names, err
}

// sweep removes what killed tests left behind long ago.
func sweep(ctx context.Context, url string) error {
	names, err := indices(ctx, url, testPrefix)
	if err != nil {
		return err
	}
	for _, name := range names {
		var at, pid, n int64
		if _, err := fmt.Sscanf(name, testPrefix+"%d-%d-%d-", &at, &pid, &n); err != nil || time.Since(time.Unix(at, 0)) < abandoned {
			continue
		}
		if err := remove(ctx, url, fmt.Sprintf("%s%d-%d-%d-", testPrefix, at, pid, n)); err != nil {
			return fmt.Errorf("remove an abandoned test's indices: %w", err)
		}
	}
	return nil
}

// ReadOnly blocks writing to the indices that match pattern, the way a node
// whose disk is full does it, or allows it again.
func ReadOnly(t testing.TB, url, pattern string, on bool) {
	t.Helper()
	value := "null"
	if on {
		value = "true"
	}
	body := `{"index.blocks.read_only_allow_delete": ` + value + `}`
	if err := call(t.Context(), http.MethodPut, url+"/"+pattern+"/_settings", body, nil); err != nil {
		t.Fatal(err)
	}
}

// answerError is an answer that tells of no success.
type answerError struct {
	status int
	text   string
}

func (e *answerError) Error() string { return e.text }

// call sends JSON and reads the answer into v, unless that is nil.
func call(ctx context.Context, method, url, body string, v any) error {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return &answerError{status: resp.StatusCode, text: fmt.Sprintf("%s %s: %s: %s", method, req.URL.Path, resp.Status, text)}
	}
	if v == nil {
		return nil
	}
	return json.Unmarshal(text, v)
}
