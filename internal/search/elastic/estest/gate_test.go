package estest

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// visitor is a client of a gate.
type visitor struct {
	t    *testing.T
	gate *Gate
	http *http.Client
}

func visit(t *testing.T) (*visitor, string) {
	t.Helper()
	g := Proxy(t, Node(t))
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(g.CA) {
		t.Fatal("the CA is no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}
	return &visitor{t: t, gate: g, http: &http.Client{Transport: transport}}, Prefix(t)
}

// send sends with the API key, unless change says otherwise, and gives the
// status and the body.
func (v *visitor) send(ctx context.Context, method, path, body string, change ...func(*http.Request)) (int, string, error) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, v.gate.URL+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "ApiKey "+v.gate.APIKey)
	for _, f := range change {
		f(req)
	}
	resp, err := v.http.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if resp.Header.Get("X-Elastic-Product") != "Elasticsearch" {
		v.t.Errorf("%s %s: no product header", method, path)
	}
	return resp.StatusCode, string(text), err
}

func (v *visitor) status(path string, change ...func(*http.Request)) int {
	v.t.Helper()
	status, _, err := v.send(v.t.Context(), http.MethodGet, path, "", change...)
	if err != nil {
		v.t.Fatal(err)
	}
	return status
}

const healthPath = "/_cluster/health"

func TestGateAsksWhoIsThere(t *testing.T) {
	t.Parallel()
	v, _ := visit(t)
	for _, tt := range []struct {
		name   string
		change func(*http.Request)
		want   int
	}{
		{"API key", func(*http.Request) {}, 200},
		{"password", func(r *http.Request) { r.SetBasicAuth(v.gate.User, v.gate.Password) }, 200},
		{"nothing", func(r *http.Request) { r.Header.Del("Authorization") }, 401},
		{"another key", func(r *http.Request) { r.Header.Set("Authorization", "ApiKey bm90OnRoaXM=") }, 401},
		{"another password", func(r *http.Request) { r.SetBasicAuth(v.gate.User, "guess") }, 401},
		{"another user", func(r *http.Request) { r.SetBasicAuth("guess", v.gate.Password) }, 401},
	} {
		if got := v.status(healthPath, tt.change); got != tt.want {
			t.Errorf("%s: status %d, want %d", tt.name, got, tt.want)
		}
	}
	v.gate.Lock(true)
	if got := v.status(healthPath); got != 401 {
		t.Errorf("locked: status %d", got)
	}
	v.gate.Lock(false)
	if got := v.status(healthPath); got != 200 {
		t.Errorf("open again: status %d", got)
	}
	if seen := v.gate.Seen(); len(seen) != 8 || seen[0] != "GET "+healthPath {
		t.Errorf("seen %v", seen)
	}
}

func TestGateIsTrustedThroughItsCAOnly(t *testing.T) {
	t.Parallel()
	v, _ := visit(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.gate.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		t.Error("trusted without the CA")
	}
	if len(v.gate.Seen()) != 0 {
		t.Error("a request came through")
	}
}

func TestGateAnswersInTheNodesStead(t *testing.T) {
	t.Parallel()
	v, _ := visit(t)
	v.gate.Answer("_cluster", 1, 429)
	v.gate.Answer("_cluster", 1, 503)
	v.gate.Answer("_cat", -1, 500)
	got := []int{v.status(healthPath), v.status(healthPath), v.status(healthPath), v.status("/_cat/health"), v.status("/_cat/health")}
	if diff := cmp.Diff([]int{429, 503, 200, 500, 500}, got); diff != "" {
		t.Error(diff)
	}
	v.gate.Clear()
	if got := v.status("/_cat/health"); got != 200 {
		t.Errorf("afterwards status %d", got)
	}
}

func TestGateCutsConnections(t *testing.T) {
	t.Parallel()
	v, prefix := visit(t)
	put := func(name string) error {
		_, _, err := v.send(t.Context(), http.MethodPut, "/"+prefix+name, "{}")
		return err
	}
	v.gate.Cut(prefix, 1)
	if put("unheard") == nil {
		t.Error("Cut: answered")
	}
	v.gate.CutAnswer(prefix, 1)
	if put("heard") == nil {
		t.Error("CutAnswer: answered")
	}
	if err := put("through"); err != nil {
		t.Error(err)
	}
	names, err := indices(t.Context(), Node(t), prefix)
	slices.Sort(names)
	if diff := cmp.Diff([]string{prefix + "heard", prefix + "through"}, names); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestGateHoldsAndSlowsRequests(t *testing.T) {
	t.Parallel()
	v, _ := visit(t)
	release := v.gate.Hold("_cluster")
	answered := make(chan int)
	for range 2 {
		go func() {
			status, _, _ := v.send(t.Context(), http.MethodGet, healthPath, "")
			answered <- status
		}()
	}
	await(t, "both requests wait", func() bool { return v.gate.Waiting() == 2 })
	select {
	case <-answered:
		t.Error("a held request was answered")
	default:
	}
	release()
	for range 2 {
		if status := <-answered; status != 200 {
			t.Errorf("released: status %d", status)
		}
	}
	v.gate.Slow("", 1, time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, _, err := v.send(ctx, http.MethodGet, healthPath, ""); err == nil {
		t.Error("a slow request was answered at once")
	}
	v.gate.Slow("", 1, time.Millisecond)
	if got := v.status(healthPath); got != 200 {
		t.Errorf("a little slow: status %d", got)
	}
}

func TestGateRejectsItemsOfABulk(t *testing.T) {
	t.Parallel()
	v, prefix := visit(t)
	index := prefix + "some"
	if status, text, err := v.send(t.Context(), http.MethodPut, "/"+index, fmt.Sprintf(mapping, 0)); err != nil || status != 200 {
		t.Fatal(status, text, err)
	}
	pack := func(r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = w.Write(text)
		_ = w.Close()
		r.Header.Set("Content-Encoding", "gzip")
		r.Body, r.ContentLength = io.NopCloser(&packed), int64(packed.Len())
	}
	body := documents(index, 4) + fmt.Sprintf(`{"delete":{"_index":%q,"_id":"0","version":8,"version_type":"external"}}`+"\n", index)
	bulk := func(change ...func(*http.Request)) (statuses []int) {
		t.Helper()
		status, text, err := v.send(t.Context(), http.MethodPost, "/_bulk?refresh=true", body, change...)
		var answer bulkAnswer
		if err != nil || status != 200 || json.Unmarshal([]byte(text), &answer) != nil {
			t.Fatal(status, text, err)
		}
		some := false
		for i, item := range answer.Items {
			for _, of := range item {
				statuses = append(statuses, of.Status)
				some = some || of.Status >= 300
				if want := []string{"0", "1", "2", "3", "0"}[i]; of.ID != want {
					t.Errorf("item %d has id %s, want %s", i, of.ID, want)
				}
			}
		}
		if some != answer.Errors {
			t.Errorf("errors is %v: %v", answer.Errors, statuses)
		}
		return statuses
	}
	v.gate.RejectItems(func(string) bool { return true })
	if diff := cmp.Diff([]int{429, 429, 429, 429, 429}, bulk()); diff != "" {
		t.Error(diff)
	}
	v.gate.RejectItems(func(id string) bool { return id == "1" || id == "2" })
	if diff := cmp.Diff([]int{201, 429, 429, 201, 200}, bulk(pack)); diff != "" {
		t.Error(diff)
	}
	v.gate.RejectItems(nil)
	if diff := cmp.Diff([]int{409, 201, 201, 200, 409}, bulk()); diff != "" {
		t.Error(diff)
	}
	if _, text, err := v.send(t.Context(), http.MethodGet, "/"+index+"/_count", ""); err != nil || !strings.Contains(text, `"count":3`) {
		t.Error(text, err)
	}
}
