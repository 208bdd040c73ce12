package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"huicun/internal/fault"
	"huicun/internal/media/s3/s3test"
)

// calls are all that go to the server, by name.
func calls(ctx context.Context, s *Store) map[string]error {
	open := func(offset int64) error {
		r, err := s.Open(ctx, "o/x", offset, -1)
		if err == nil {
			_, err = io.Copy(io.Discard, r)
			_ = r.Close()
		}
		return err
	}
	_, sizeErr := s.Size(ctx, "o/x")
	_, sweepErr := s.Sweep(ctx)
	return map[string]error{
		"put":   s.Put(ctx, "o/x", strings.NewReader("x"), 1),
		"large": s.Put(ctx, "o/x", bytes.NewReader(make([]byte, 9<<20)), 9<<20),
		"open":  open(0), "range": open(1), "size": sizeErr, "sweep": sweepErr,
		"delete": s.Delete(ctx, "o/x"),
		"list":   s.List(ctx, "", func(string, int64) error { return nil }),
		"check":  s.Check(ctx),
	}
}

// The real server refuses: each call says what to change, and no error or log
// line holds a key.
func TestRefused(t *testing.T) {
	srv := s3test.Start(t, "")
	put(t, openStore(t, srv, nil), "o/x", []byte("there"))
	const planted = "planted-wrong-secret/+="
	for name, tt := range map[string]struct {
		change func(o *Options)
		want   string
	}{
		"wrong secret":             {func(o *Options) { o.SecretKey = planted }, "media.s3.secret_key"},
		"wrong secret, no region":  {func(o *Options) { o.SecretKey, o.Region = planted, "" }, "media.s3.secret_key"},
		"unknown key":              {func(o *Options) { o.AccessKey = "nobody-s-key" }, "media.s3.access_key"},
		"unknown key, region":      {func(o *Options) { o.AccessKey, o.Region = "nobody-s-key", "us-east-1" }, "media.s3.access_key"},
		"bucket missing":           {func(o *Options) { o.Bucket = "nowhere" }, "media.s3.bucket"},
		"bucket missing, region":   {func(o *Options) { o.Bucket, o.Region = "nowhere", "us-east-1" }, "media.s3.bucket"},
		"another region":           {func(o *Options) { o.Region = "cn-north-1" }, "media.s3.region"},
		"another region and a key": {func(o *Options) { o.Region, o.SecretKey = "cn-north-1", planted }, "media.s3."},
		"bucket as a name of the host": {func(o *Options) {
			o.Endpoint, o.PathStyle = strings.Replace(o.Endpoint, "127.0.0.1", "localhost", 1), false
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			old := slog.Default()
			slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
			defer slog.SetDefault(old)
			s := openStore(t, srv, tt.change)
			for call, err := range calls(t.Context(), s) {
				if tt.want == "" && err != nil {
					t.Errorf("%s: %v", call, err)
				}
				if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || fault.Is(err, fault.CodeNotFound)) {
					t.Errorf("%s: %v, want an error that names %s", call, err, tt.want)
				}
				for _, secret := range []string{planted, srv.SecretKey, srv.AccessKey, "nobody-s-key"} {
					if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text+log.String(), secret) {
						t.Errorf("%s tells %q: %s\n%s", call, secret, text, &log)
					}
				}
			}
		})
	}
}

// answering is a server that answers everything the same.
func answering(t *testing.T, answer http.HandlerFunc) *Store {
	t.Helper()
	srv := httptest.NewServer(answer)
	t.Cleanup(srv.Close)
	return openAt(t, Options{
		Endpoint: srv.URL, Region: "us-east-1", Bucket: "files", AccessKey: "AKPLANTED", SecretKey: "planted-s3cret",
	}, nil)
}

func TestAnswersAreExplained(t *testing.T) {
	xml := func(code string) string {
		return "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>AKPLANTED planted-s3cret</Message></Error>"
	}
	for name, tt := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"no right":          {403, xml("AccessDenied"), "s3:PutObject"},
		"forbidden":         {403, "", "s3:PutObject"},
		"no space":          {507, xml("XMinioStorageFull"), "no space left"},
		"no space, bare":    {507, "", "no space left"},
		"quota":             {403, xml("QuotaExceeded"), "no space left"},
		"clock":             {403, xml("RequestTimeTooSkewed"), "clocks"},
		"moved":             {301, xml("PermanentRedirect"), "media.s3.region"},
		"busy":              {503, xml("SlowDown"), "503 SlowDown"},
		"broken":            {500, xml("InternalError"), "500 InternalError"},
		"a page":            {502, "<html>planted-s3cret</html>", "502"},
		"echoes the secret": {400, xml("planted-s3cret"), "400 …"},
		"lines and colours": {400, xml("a\nb\x1b[31m"), "400"},
		"very long":         {400, xml(strings.Repeat("x", 5000)), "400 xxx"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			})
			err := s.Put(t.Context(), "o/x", strings.NewReader("x"), 1)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Put: %v, want an error with %q", err, tt.want)
			}
			if text := fmt.Sprintf("%+v %#v", err, errors.Unwrap(err)); strings.ContainsAny(text, "\n\x1b") || len(text) > 500 ||
				strings.Contains(text, "s3cret") || strings.Contains(text, "AKPLANTED") {
				t.Errorf("the error is %q", text)
			}
		})
	}
}

// What leaves ranges out must not pass for the range that was asked for.
func TestServerWithoutRanges(t *testing.T) {
	s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
		_, _ = w.Write([]byte("the whole object"))
	})
	if _, err := s.Open(t.Context(), "o/x", 4, 5); err == nil || !strings.Contains(err.Error(), "range") {
		t.Errorf("Open: %v", err)
	}
}

func TestNobodyThere(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	s := openAt(t, Options{Endpoint: srv.URL, Bucket: "files", AccessKey: "k", SecretKey: "planted"}, nil)
	srv.Close()
	for call, err := range calls(t.Context(), s) {
		if err == nil || !strings.Contains(err.Error(), "connection refused") || fault.Is(err, fault.CodeNotFound) {
			t.Errorf("%s: %v", call, err)
		}
	}
}

func TestUntrustedCertificate(t *testing.T) {
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	srv.Config.ErrorLog = nil
	defer srv.Close()
	s := openAt(t, Options{Endpoint: srv.URL, Bucket: "files", AccessKey: "k", SecretKey: "planted"}, nil)
	if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "media.s3.ca_file") {
		t.Errorf("Check: %v, want an error that names media.s3.ca_file", err)
	}
}
