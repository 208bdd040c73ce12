// Package s3 keeps objects in a bucket of an S3-compatible server: media.Blobs.
package s3

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"huicun/internal/media"
)

// Options say where the bucket is. Errors name them as the settings they are.
type Options struct {
	Endpoint  string // https://host[:port]; http:// on the loopback only
	Region    string // "": the server is asked for it
	Bucket    string
	Prefix    string // folder in the bucket, as names of objects are; "" none
	AccessKey string
	SecretKey string
	PathStyle bool          // host/bucket/name, not bucket.host/name
	CAFile    string        // authorities to trust instead of the system's (PEM); "" the system's
	Timeout   time.Duration // how long the server may be silent; 0: DefaultTimeout
}

// DefaultTimeout is long enough for a server that writes its disks before it answers.
const DefaultTimeout = time.Minute

// String names the bucket, without the keys.
func (o Options) String() string { return o.Endpoint + "/" + o.Bucket + "/" + o.Prefix }

// GoString is String: %#v shows no keys either.
func (o Options) GoString() string { return o.String() }

// Store is a bucket, or a folder in it. It is safe for concurrent use.
type Store struct {
	client   minio.Core
	host     string // as the settings say, for errors
	bucket   string
	prefix   string // "" or with "/" at its end
	secrets  []string
	timeout  time.Duration
	partSize int64 // of a multipart upload, bytes; what is not larger goes up at once
	stale    time.Duration
	now      func() time.Time
}

var _ media.Blobs = (*Store)(nil)

const (
	partSize = 8 << 20
	maxParts = 10_000
	// stale is the age from which an upload that was begun is nobody's any more.
	stale = 24 * time.Hour
	tries = 3 // of one call, before the caller is told
)

// New checks the options; it does not reach out to the server (Check does).
func New(o Options) (*Store, error) {
	u, err := o.endpoint()
	if err != nil {
		return nil, err
	}
	if err := o.checkPlace(); err != nil {
		return nil, err
	}
	timeout := cmp.Or(max(o.Timeout, 0), DefaultTimeout)
	transport, err := o.transport(timeout)
	if err != nil {
		return nil, err
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""), Secure: u.Scheme == "https",
		Region: o.Region, Transport: transport, BucketLookup: o.lookup(u), MaxRetries: tries,
	})
	if err != nil {
		return nil, errors.New("media.s3.endpoint: must be https://host[:port]")
	}
	s := &Store{
		client: minio.Core{Client: client}, host: u.Host, bucket: o.Bucket, secrets: []string{o.SecretKey, o.AccessKey},
		timeout: timeout, partSize: partSize, stale: stale, now: time.Now,
	}
	if o.Prefix != "" {
		s.prefix = strings.TrimSuffix(o.Prefix, "/") + "/"
	}
	return s, nil
}

func (o Options) endpoint() (*url.URL, error) {
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" ||
		u.Scheme != "https" && u.Scheme != "http" {
		// The value is not repeated: somebody may have put a key into it.
		return nil, errors.New("media.s3.endpoint: must be https://host[:port], nothing more")
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return nil, errors.New("media.s3.endpoint: plain http is for the loopback only; use https")
	}
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (o Options) checkPlace() error {
	if err := s3utils.CheckValidBucketName(o.Bucket); err != nil {
		return fmt.Errorf("media.s3.bucket: %w", err)
	}
	if o.AccessKey == "" || o.SecretKey == "" {
		return errors.New("media.s3.access_key and media.s3.secret_key: both must be set")
	}
	if err := media.CheckPrefix(o.Prefix); err != nil {
		return errors.New("media.s3.prefix: lower-case letters, digits, \".\", \"-\" and \"/\" only, as in archive/media")
	}
	return nil
}

// lookup says how the bucket is named to the server: where a host cannot have
// names below it, in the path.
func (o Options) lookup(u *url.URL) minio.BucketLookupType {
	switch {
	case o.PathStyle, net.ParseIP(u.Hostname()) != nil, u.Hostname() == "localhost":
		return minio.BucketLookupPath
	case s3utils.IsAmazonEndpoint(*u):
		return minio.BucketLookupAuto // a bucket with dots has no certificate there
	}
	return minio.BucketLookupDNS
}

// transport speaks HTTP/1.1, where each connection is one request at a time, so
// that a silent one can be told from a slow one.
func (o Options) transport(timeout time.Duration) (*http.Transport, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("media.s3.ca_file: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("media.s3.ca_file: %s holds no certificate (PEM)", o.CAFile)
		}
	}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dialer(timeout), TLSClientConfig: conf,
		TLSHandshakeTimeout: timeout, IdleConnTimeout: timeout / 2, MaxIdleConnsPerHost: 16, DisableCompression: true,
	}, nil
}
