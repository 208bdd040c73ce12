package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/minio/minio-go/v7"

	"huicun/internal/fault"
)

// failure is an error whose text is for the operator, with a cause for errors.Is.
type failure struct {
	text  string
	cause error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.cause }

// code is what the server said; "" when it said nothing.
func code(err error) string {
	e, _ := errors.AsType[minio.ErrorResponse](err)
	return e.Code
}

// explain makes an error of a call one that tells what to change, without keys.
// Whatever it does not know may pass: callers try again.
func (s *Store) explain(op string, err error) error {
	if err == nil {
		return nil
	}
	answer, answered := errors.AsType[minio.ErrorResponse](err)
	switch {
	case answered && answer.Code == minio.NoSuchKey:
		return fault.NotFound("object")
	case answered:
		return s.failed(op, s.answered(answer), nil)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded) && !timedOut(err):
		return s.failed(op, "given up", err)
	}
	return s.failed(op, s.unreached(err), err)
}

// failed puts an error together. A server may say anything, also what it was sent.
func (s *Store) failed(op, why string, cause error) error {
	text := fmt.Sprintf("s3: cannot %s: %s (bucket %s at %s)", op, why, s.bucket, s.host)
	for _, secret := range s.secrets {
		text = strings.ReplaceAll(text, secret, "…")
	}
	if u, ok := errors.AsType[*url.Error](cause); ok {
		cause = u.Err
	}
	return &failure{text, cause}
}

// answered words what the server said.
func (s *Store) answered(e minio.ErrorResponse) string {
	if words, ok := remedies[e.Code]; ok {
		return words
	}
	switch {
	case e.Code == minio.AuthorizationHeaderMalformed, e.Code == minio.InvalidRegion, e.Code == "PermanentRedirect",
		e.StatusCode/100 == 3:
		if e.Region != "" {
			return "the bucket is in another region: set media.s3.region to " + short(e.Region)
		}
		return "the bucket is in another region or at another address: check media.s3.region and media.s3.endpoint"
	case e.StatusCode == http.StatusInsufficientStorage:
		return remedies["QuotaExceeded"]
	case e.StatusCode == http.StatusForbidden:
		return remedies[minio.AccessDenied]
	}
	return fmt.Sprintf("the server answers %d %s", e.StatusCode, short(e.Code))
}

// short bounds what came from the server.
func short(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, text)
	return text[:min(len(text), 60)]
}

// remedies say what to change, by the codes of S3.
var remedies = map[string]string{
	minio.NoSuchBucket:          "there is no such bucket: create it, or set media.s3.bucket to the one that is there",
	minio.InvalidBucketName:     "the server does not take this name of a bucket: check media.s3.bucket",
	minio.InvalidAccessKeyID:    "the server does not know the key: check media.s3.access_key",
	minio.SignatureDoesNotMatch: "the key is refused: media.s3.secret_key does not belong to media.s3.access_key",
	minio.RequestTimeTooSkewed:  "the clocks of this machine and of the server differ: set them right",
	minio.AllAccessDisabled:     "all access to the bucket is switched off: switch it on at the server",
	minio.AccessDenied: "the key has no right to do so: allow s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload, " +
		"s3:ListBucket and s3:ListBucketMultipartUploads for media.s3.access_key",
	"QuotaExceeded":      "there is no space left at the server: free some or raise its quota",
	"XMinioStorageFull":  "there is no space left at the server: free some or raise its quota",
	"XAdminUserNotFound": "the server does not know the key: check media.s3.access_key",
	"InvalidTokenId":     "the server does not know the key: check media.s3.access_key",
	"MethodNotAllowed":   "the server forbids it: it may be read-only, or media.s3.endpoint is no S3 server",
	"AccountProblem":     "there is a problem with the account of the key: see the console of the server's operator",
	"InvalidObjectState": "the object was moved to an archive: the bucket must not move objects of huicun to colder storage",
}

// unreached words why there was no answer.
func (s *Store) unreached(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "its certificate is of no trusted authority: set media.s3.ca_file"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "its certificate is for another name: check media.s3.endpoint and media.s3.path_style"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "its certificate is not valid: " + cause(err)
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok && e.IsNotFound {
		return "there is no host " + short(e.Name) + ": check media.s3.endpoint and media.s3.path_style"
	}
	if timedOut(err) {
		return fmt.Sprintf("it was silent for %s", s.timeout)
	}
	return cause(err)
}

func timedOut(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return errors.Is(err, os.ErrDeadlineExceeded) || ok && e.Timeout() && !errors.Is(err, context.DeadlineExceeded)
}

// cause leaves the address of the request out: it is the bucket and the name.
func cause(err error) string {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return err.Error()
}
