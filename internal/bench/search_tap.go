package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// tap stands between huicun's feed and Elasticsearch. It keeps some of the bulk
// requests, so that they can be sent again by a loop that does nothing else.
type tap struct {
	server   *http.Server
	url      string
	from     int // documents that go by before it keeps any
	mu       sync.Mutex
	seen     int
	first    time.Time // when the first request of all came
	last     time.Time // when the last one of all was answered
	kept     []keptBulk
	bytes    int
	keptEnds time.Time // when the request behind the kept ones came, or the last of them was answered
	closed   bool      // a request behind the kept ones came
}

// keptBulk is the body of a bulk request.
type keptBulk struct {
	body []byte
	docs int
	at   time.Time
}

const (
	mostKept      = 25
	mostKeptBytes = 200 << 20
)

// newTap listens on the loopback and passes everything on to a node.
func newTap(ctx context.Context, node string, from int) (*tap, error) {
	target, err := url.Parse(node)
	if err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &tap{url: "http://" + l.Addr().String(), from: from}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	t.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/_bulk") {
			proxy.ServeHTTP(w, r)
			return
		}
		at := time.Now()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		t.note(body, at)
		proxy.ServeHTTP(w, r)
		t.answered()
	})}
	go func() {
		_ = t.server.Serve(l) // until close
	}()
	return t, nil
}

func (t *tap) close() { _ = t.server.Close() }

func (t *tap) note(body []byte, at time.Time) {
	docs := bytes.Count(body, []byte("\n")) / 2
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.first.IsZero() {
		t.first = at
	}
	t.seen += docs
	switch {
	case t.seen <= t.from:
	case len(t.kept) < mostKept && t.bytes+len(body) <= mostKeptBytes:
		t.kept, t.bytes = append(t.kept, keptBulk{body, docs, at}), t.bytes+len(body)
	case !t.closed:
		t.keptEnds, t.closed = at, true
	}
}

func (t *tap) answered() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = time.Now()
	if !t.closed {
		t.keptEnds = t.last
	}
}

// rate is how many documents a second went by.
func (t *tap) rate() (docs int, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen, t.last.Sub(t.first)
}

// keptRate is the rate of the feed while the kept ones went by.
func (t *tap) keptRate() (float64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	docs := 0
	for _, k := range t.kept {
		docs += k.docs
	}
	if docs == 0 {
		return 0, errors.New("no bulk request went by")
	}
	return float64(docs) / t.keptEnds.Sub(t.kept[0].at).Seconds(), nil
}

// again sends the kept requests to indices of another generation, which are made
// for it and removed, and gives the documents a second.
func (t *tap) again(ctx context.Context, n *elasticNode, generation string, months []string, round int) (rate float64, err error) {
	other := fmt.Sprintf("%s%02d", generation[:len(generation)-2], round)
	if other == generation {
		other = generation[:len(generation)-2] + "xx"
	}
	defer func() {
		for _, m := range months {
			err = errors.Join(err, n.call(context.WithoutCancel(ctx), http.MethodDelete, "/"+other+"-"+m+"?ignore_unavailable=true", nil, nil))
		}
	}()
	for _, m := range months {
		name := other + "-" + m
		if err := n.call(ctx, http.MethodPut, "/"+name, []byte(`{"aliases":{"`+name+`-w":{}}}`), nil); err != nil {
			return 0, err
		}
	}
	docs := 0
	var took time.Duration
	for _, k := range t.kept {
		body := bytes.ReplaceAll(k.body, []byte(generation+"-"), []byte(other+"-"))
		begin := time.Now()
		var answer struct{ Errors bool }
		if err := n.call(ctx, http.MethodPost, "/_bulk?require_alias=true&filter_path=errors", body, &answer); err != nil {
			return 0, err
		}
		took += time.Since(begin)
		if answer.Errors {
			return 0, errors.New("elasticsearch refused documents that it took before")
		}
		docs += k.docs
	}
	return float64(docs) / took.Seconds(), nil
}
