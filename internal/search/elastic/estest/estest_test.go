package estest

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// must calls the node and gives its answer.
func must[T any](t *testing.T, method, url, body string) T {
	t.Helper()
	var v T
	if err := call(t.Context(), method, url, body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// do calls the node and forgets its answer.
func do(t *testing.T, method, url, body string) {
	t.Helper()
	must[any](t, method, url, body)
}

type bulkAnswer struct {
	Errors bool
	Items  []map[string]struct {
		ID     string `json:"_id"`
		Status int
		Error  struct{ Type string }
	}
}

type searchAnswer struct {
	PitID string `json:"pit_id"`
	Hits  struct {
		Total struct {
			Value    int
			Relation string
		}
		Hits []struct {
			ID   string `json:"_id"`
			Sort []int64
		}
	}
}

func (a searchAnswer) ids() []string {
	ids := []string{}
	for _, hit := range a.Hits.Hits {
		ids = append(ids, hit.ID)
	}
	return ids
}

// mapping is of the shape that huicun's index has.
const mapping = `{
	"settings": {"number_of_shards": 1, "number_of_replicas": %d,
		"index.unassigned.node_left.delayed_timeout": "0s",
		"index.sort.field": ["at", "seq"], "index.sort.order": ["desc", "desc"]},
	"mappings": {"dynamic": "strict", "_source": {"enabled": false}, "properties": {
		"at": {"type": "long"}, "seq": {"type": "long"},
		"u": {"type": "text", "analyzer": "whitespace", "norms": false, "index_options": "docs"},
		"b": {"type": "text", "analyzer": "whitespace", "norms": false, "index_options": "positions"}}}
}`

// documents makes a bulk body of n messages; each tenth says 今天下雨 and the others 明天下雪.
func documents(index string, n int) string {
	var b strings.Builder
	for i := range n {
		u, bi := "明 天 下 雪", "明天 天下 下雪 雪"
		if i%10 == 0 {
			u, bi = "今 天 下 雨", "今天 天下 下雨 雨"
		}
		fmt.Fprintf(&b, `{"index":{"_index":%q,"_id":"%d","version":7,"version_type":"external_gte"}}`+"\n", index, i)
		fmt.Fprintf(&b, `{"at":%d,"seq":%d,"u":%q,"b":%q}`+"\n", 1_000_000+i/4, i, u, bi)
	}
	return b.String()
}

func TestNodeDoesWhatTheEngineNeeds(t *testing.T) {
	t.Parallel()
	url, prefix := Node(t), Prefix(t)
	do(t, http.MethodPut, url+"/_index_template/"+prefix+"v1",
		`{"index_patterns": ["`+prefix+`v1-*"], "template": `+fmt.Sprintf(mapping, 0)+`}`)
	for range 2 { // the second changes nothing: same ids, same versions
		answer := must[bulkAnswer](t, http.MethodPost, url+"/_bulk?refresh=true", documents(prefix+"v1-2026-11", 200))
		if answer.Errors {
			t.Fatalf("bulk: %+v", answer)
		}
	}
	do(t, http.MethodPost, url+"/_aliases", `{"actions": [{"add": {"index": "`+prefix+`v1-*", "alias": "`+prefix+`now"}}]}`)

	t.Run("phrase, newest first", func(t *testing.T) {
		answer := must[searchAnswer](t, http.MethodPost, url+"/"+prefix+"now/_search", `{"size": 3, "sort": [{"at": "desc"}, {"seq": "desc"}],
			"query": {"constant_score": {"filter": {"match_phrase": {"b": "今天 天下 下雨"}}}}}`)
		if diff := cmp.Diff([]string{"190", "180", "170"}, answer.ids()); diff != "" {
			t.Error(diff)
		}
		if answer.Hits.Total.Value != 20 || answer.Hits.Total.Relation != "eq" {
			t.Errorf("total %+v", answer.Hits.Total)
		}
	})
	t.Run("words that are there in another order", func(t *testing.T) {
		answer := must[searchAnswer](t, http.MethodPost, url+"/"+prefix+"now/_search",
			`{"query": {"match_phrase": {"b": "天下 今天"}}}`)
		if len(answer.ids()) != 0 {
			t.Errorf("found %v", answer.ids())
		}
	})
	t.Run("pages of one point in time while more comes", func(t *testing.T) {
		pit := must[struct{ ID string }](t, http.MethodPost, url+"/"+prefix+"now/_pit?keep_alive=1m", "").ID
		do(t, http.MethodPost, url+"/_bulk?refresh=true", documents(prefix+"v1-2026-12", 1))
		after, pages := "", []string{}
		for range 3 {
			answer := must[searchAnswer](t, http.MethodPost, url+"/_search", `{"size": 8, "pit": {"id": "`+pit+`"},
				"query": {"term": {"u": "雨"}}, "sort": [{"at": "desc"}, {"seq": "desc"}]`+after+`}`)
			pages = append(pages, answer.ids()...)
			last := answer.Hits.Hits[len(answer.Hits.Hits)-1].Sort
			after = fmt.Sprintf(`, "search_after": [%d, %d]`, last[0], last[1])
			pit = answer.PitID
		}
		var want []string
		for i := 190; i >= 0; i -= 10 {
			want = append(want, fmt.Sprint(i))
		}
		if diff := cmp.Diff(want, pages); diff != "" {
			t.Error(diff)
		}
		do(t, http.MethodDelete, url+"/_pit", `{"id": "`+pit+`"}`)
	})
	t.Run("an older version is refused", func(t *testing.T) {
		old := strings.ReplaceAll(documents(prefix+"v1-2026-11", 1), `"version":7`, `"version":6`)
		answer := must[bulkAnswer](t, http.MethodPost, url+"/_bulk", old)
		if got := answer.Items[0]["index"].Status; got != http.StatusConflict {
			t.Errorf("status %d", got)
		}
	})
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	url, index := Node(t), Prefix(t)+"full"
	do(t, http.MethodPut, url+"/"+index, fmt.Sprintf(mapping, 0))
	status := func() int {
		return must[bulkAnswer](t, http.MethodPost, url+"/_bulk", documents(index, 1)).Items[0]["index"].Status
	}
	ReadOnly(t, url, index, true)
	if got := status(); got != http.StatusTooManyRequests {
		t.Errorf("blocked: status %d, want 429", got)
	}
	ReadOnly(t, url, index, false)
	if got := status(); got != http.StatusCreated {
		t.Errorf("allowed again: status %d, want 201", got)
	}
}

func TestWhatATestMadeIsRemoved(t *testing.T) {
	t.Parallel()
	url, prefix := Node(t), ""
	t.Run("test", func(t *testing.T) {
		prefix = Prefix(t)
		do(t, http.MethodPut, url+"/_index_template/"+prefix+"t", `{"index_patterns": ["`+prefix+`*"]}`)
		do(t, http.MethodPut, url+"/"+prefix+"a", "")
		do(t, http.MethodPut, url+"/"+prefix+"b", `{"aliases": {"`+prefix+`alias": {}}}`)
	})
	names, err := indices(t.Context(), url, prefix)
	if err != nil || len(names) != 0 {
		t.Errorf("indices %v, %v", names, err)
	}
	err = call(t.Context(), http.MethodGet, url+"/_index_template/"+prefix+"*", "", nil)
	if refused, ok := errors.AsType[*answerError](err); !ok || refused.status != http.StatusNotFound {
		t.Errorf("templates: %v, want 404", err)
	}
}

func TestSweepRemovesWhatIsOldOnly(t *testing.T) {
	t.Parallel()
	url, young := Node(t), Prefix(t)+"young"
	old := fmt.Sprintf("%s%d-%d-1-old", testPrefix, time.Now().Add(-2*abandoned).Unix(), os.Getpid())
	for _, name := range []string{young, old} {
		do(t, http.MethodPut, url+"/"+name, "")
	}
	if err := sweep(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{young: 1, old: 0} {
		if names, err := indices(t.Context(), url, name); err != nil || len(names) != want {
			t.Errorf("%s: found %v, %v", name, names, err)
		}
	}
}

// The watch sees the locks of this process as those of any other, so the test
// lets go of them itself.
func TestSharedNodeEndsWhenUnused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	t.Cleanup(func() {
		if err := script(t.Context(), "stop", dir); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	url, err := sharedNode(t.Context(), dir, 0, 200*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	again, err := sharedNode(t.Context(), dir, 0, 200*time.Millisecond)
	if err != nil || again != url {
		t.Errorf("a second call: %s, %v, want %s", again, err, url)
	}
	if err := script(t.Context(), "stop-unused", dir); err != nil {
		t.Fatal(err)
	}
	do(t, http.MethodGet, url+"/_cluster/health", "") // in use, so it stays
	letGo(t, dir)
	await(t, "the node's end", func() bool {
		return call(t.Context(), http.MethodGet, url+"/_cluster/health", "", nil) != nil
	})
	await(t, "the end of the watch", func() bool {
		_, err := os.Stat(filepath.Join(dir, "urls"))
		return os.IsNotExist(err)
	})
}

func letGo(t *testing.T, dir string) {
	t.Helper()
	inUse.Lock()
	defer inUse.Unlock()
	for _, f := range inUse.locks {
		if filepath.Dir(f.Name()) == dir {
			f.Close()
		}
	}
}

// await polls until ok, for at most a minute.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("%s does not come", what)
		}
	}
}
