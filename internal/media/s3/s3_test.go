package s3

import (
	"testing"
	"time"

	"huicun/internal/media"
	"huicun/internal/media/blobtest"
	"huicun/internal/media/s3/s3test"
)

// openStore opens the bucket "files" of a server.
func openStore(t *testing.T, srv *s3test.Server, change func(o *Options)) *Store {
	t.Helper()
	return openAt(t, Options{
		Endpoint: srv.Endpoint, Bucket: srv.Bucket("files"), AccessKey: srv.AccessKey, SecretKey: srv.SecretKey,
	}, change)
}

func openAt(t *testing.T, o Options, change func(o *Options)) *Store {
	t.Helper()
	o.PathStyle, o.Timeout = true, 20*time.Second
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(t *testing.T) media.Blobs {
		return openStore(t, s3test.Start(t, ""), nil)
	})
}

func TestConformanceInAFolder(t *testing.T) {
	t.Parallel()
	srv := s3test.Start(t, "")
	other := openStore(t, srv, func(o *Options) { o.Prefix = "else" })
	put(t, other, "o/x", []byte("somebody else's"))
	blobtest.Run(t, func(t *testing.T) media.Blobs {
		return openStore(t, srv, func(o *Options) { o.Prefix, o.Region = "a/"+folder(t), "us-east-1" })
	})
	if got := get(t, other, "o/x"); string(got) != "somebody else's" {
		t.Errorf("the object of another folder holds %q", got)
	}
}
