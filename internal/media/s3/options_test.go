package s3

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huicun/internal/fault"
)

func TestNewRefuses(t *testing.T) {
	text := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(text, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		change func(o *Options)
		want   string
	}{
		"nothing":                 {func(o *Options) { *o = Options{} }, "endpoint"},
		"plain http":              {func(o *Options) { o.Endpoint = "http://s3.example.com" }, "https"},
		"looks like loopback":     {func(o *Options) { o.Endpoint = "http://127.0.0.1.example.com" }, "https"},
		"no scheme":               {func(o *Options) { o.Endpoint = "s3.example.com" }, "endpoint"},
		"another scheme":          {func(o *Options) { o.Endpoint = "ftp://s3.example.com" }, "endpoint"},
		"a path":                  {func(o *Options) { o.Endpoint += "/files" }, "endpoint"},
		"keys in the address":     {func(o *Options) { o.Endpoint = "https://key:planted@s3.example.com" }, "endpoint"},
		"keys and no host":        {func(o *Options) { o.Endpoint = "https://key:planted@%zz" }, "endpoint"},
		"no bucket":               {func(o *Options) { o.Bucket = "" }, "bucket"},
		"a bucket with a slash":   {func(o *Options) { o.Bucket = "a/b" }, "bucket"},
		"no key":                  {func(o *Options) { o.AccessKey = "" }, "access_key"},
		"no secret":               {func(o *Options) { o.SecretKey = "" }, "secret_key"},
		"a prefix that climbs":    {func(o *Options) { o.Prefix = "../x" }, "prefix"},
		"a prefix that is rooted": {func(o *Options) { o.Prefix = "/x" }, "prefix"},
		"no CA file":              {func(o *Options) { o.CAFile = "/nowhere/ca.pem" }, "ca_file"},
		"a CA file without one":   {func(o *Options) { o.CAFile = text }, "ca_file"},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Endpoint: "https://s3.example.com", Bucket: "files", AccessKey: "k", SecretKey: "planted"}
			tt.change(&o)
			_, err := New(o)
			if err == nil || !strings.Contains(err.Error(), "media.s3."+tt.want) && !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("New: %v, want an error that names %s", err, tt.want)
			}
			if strings.Contains(err.Error(), "planted") {
				t.Errorf("the error tells the secret: %v", err)
			}
		})
	}
}

func TestOptionsShowNoKeys(t *testing.T) {
	o := Options{Endpoint: "https://s3.example.com", Bucket: "files", AccessKey: "planted-key", SecretKey: "planted-secret"}
	if text := fmt.Sprintf("%v %+v %#v %s", o, o, o, o); strings.Contains(text, "planted") {
		t.Error(text)
	}
}

// How the server is asked: where the bucket's name goes, by which kind of address.
func TestHowABucketIsNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		endpoint string
		path     bool
		want     string
	}{
		"its own server, path": {"https://s3.example.com", true, "https://s3.example.com/files/"},
		"cloud, host":          {"https://cos.ap-guangzhou.myqcloud.com", false, "https://files.cos.ap-guangzhou.myqcloud.com/"},
		"amazon":               {"https://s3.eu-west-1.amazonaws.com", false, "https://files.s3."},
		"an address":           {"http://127.0.0.1:9000", false, "http://127.0.0.1:9000/files/"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := New(Options{Endpoint: tt.endpoint, Bucket: "files", AccessKey: "k", SecretKey: "s", PathStyle: tt.path, Region: "eu-west-1"})
			if err != nil {
				t.Fatal(err)
			}
			u, err := s.client.PresignedGetObject(t.Context(), "files", "o/x", 1e9, nil)
			if err != nil || !strings.HasPrefix(u.String(), tt.want) {
				t.Errorf("it is asked for %v, %v; want %s…", u, err, tt.want)
			}
		})
	}
}

func TestCAFile(t *testing.T) {
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{Endpoint: srv.URL, Region: "us-east-1", Bucket: "files", AccessKey: "k", SecretKey: "s", CAFile: ca})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), "o/x", 0, -1); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("Open: %v, want the server's not found", err)
	}
}
