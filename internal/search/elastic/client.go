// Package elastic finds messages with Elasticsearch 8, in indices that follow
// the documents which the database keeps (search_messages). It uses only what
// every 8.x offers: no license, no scripts, no plugins, no update or deletion by
// query. Nothing but documents goes into its indices, and nothing is read from
// them but ids.
package elastic

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/elastic/go-elasticsearch/v8"
)

// Options are the settings of a client.
type Options struct {
	URLs     []string // http(s)://host[:port][/path] of nodes or of a load balancer
	APIKey   string   // base64, as Elasticsearch gives it (encoded); "" none
	Username string   // with Password, when there is no APIKey
	Password string
	CAFile   string // authorities to trust instead of the system's (PEM); "" the system's

	Prefix   string // of indices, alias and template; the alias has this name
	Shards   int    // of each month's index; 0 means 1
	Replicas int

	Timeout     time.Duration // of a search; 0 means 5 s
	BulkTimeout time.Duration // of a write; 0 means 1 m
	BulkDocs    int           // documents sent at once; 0 means 4,000
	BulkBytes   int           // bytes sent at once, a longer document alone; 0 means 8 MiB
}

func (o Options) withDefaults() Options {
	or(&o.Shards, 1)
	or(&o.Timeout, 5*time.Second)
	or(&o.BulkTimeout, time.Minute)
	or(&o.BulkDocs, 4000)
	or(&o.BulkBytes, 8<<20)
	return o
}

func or[T comparable](v *T, fallback T) {
	var zero T
	if *v == zero {
		*v = fallback
	}
}

// Client talks to a cluster. It may be used by many at once.
type Client struct {
	o    Options
	es   *elasticsearch.BaseClient
	http *http.Transport
}

const (
	dialTimeout   = 5 * time.Second
	idleTimeout   = time.Minute
	connsPerHost  = 32
	minTLSVersion = tls.VersionTLS12
)

// NewClient makes a client; it asks nothing of the cluster yet.
func NewClient(o Options) (*Client, error) {
	o = o.withDefaults()
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext, TLSHandshakeTimeout: dialTimeout,
		IdleConnTimeout: idleTimeout, MaxIdleConnsPerHost: connsPerHost, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{MinVersion: minTLSVersion},
	}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("elasticsearch: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("elasticsearch: %s has no certificate", o.CAFile)
		}
		t.TLSClientConfig.RootCAs = pool
	}
	es, err := elasticsearch.NewBaseClient(elasticsearch.Config{
		Addresses: o.URLs, APIKey: o.APIKey, Username: o.Username, Password: o.Password, Transport: t, DisableMetaHeader: true,
	})
	if err != nil {
		return nil, errors.New("elasticsearch: an address is not of the form http(s)://host[:port]")
	}
	return &Client{o: o, es: es, http: t}, nil
}

// Close frees connections that are not in use.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// request is one call.
type request struct {
	method  string
	path    string // without a slash in front
	query   url.Values
	body    []byte // JSON; nil: none
	bulk    bool   // body is one JSON a line
	timeout time.Duration
}

// mostAnswer bounds what is read of an answer: 10,000 hits are some 3 MB.
const mostAnswer = 256 << 20

// do calls and reads the answer into out, unless it is nil. An answer that tells
// of no success is an *Error.
func (c *Client) do(ctx context.Context, r request, out any) error {
	if r.timeout == 0 {
		r.timeout = c.o.Timeout
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, "/"+r.path, body)
	if err != nil {
		return fmt.Errorf("elasticsearch: %w", err)
	}
	req.URL.RawQuery = r.query.Encode()
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
		if r.bulk {
			req.Header.Set("Content-Type", "application/x-ndjson")
		}
	}
	res, err := c.es.Perform(req)
	if err != nil {
		return c.transportError(ctx, err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer))
	switch {
	case err != nil:
		return c.transportError(ctx, err)
	case res.StatusCode >= http.StatusMultipleChoices:
		return newError(res.StatusCode, data)
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("elasticsearch: an answer to %s %s is not as expected", r.method, firstPart(r.path))
	}
	return nil
}

// firstPart leaves the names of indices out.
func firstPart(path string) string {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		path = path[i+1:]
	}
	return path
}

// transportError tells of a call without an answer. Addresses may be told,
// requests not: they hold words and texts.
func (c *Client) transportError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("elasticsearch does not answer in time: %w", ctx.Err())
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return fmt.Errorf("elasticsearch cannot be reached: %w", err)
}

func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // maps of texts and numbers
	}
	return b.Bytes()
}
