package finance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestClassify(t *testing.T) {
	want := map[int]Class{
		10000: ClassConfig, 10001: ClassRetry, 10002: ClassRetry, 10003: ClassRetry, 10004: ClassPermanent, 10005: ClassPermanent,
		10006: ClassKey, 10007: ClassKey, 10008: ClassKey, 10009: ClassTrustedIP, 10010: ClassExpired, 10011: ClassConfig,
		10099: ClassRetry, -1: ClassRetry, 40001: ClassConfig, 40013: ClassConfig, 41001: ClassConfig, 40014: ClassRetry,
		45009: ClassWait, 48002: ClassConfig, 301042: ClassTrustedIP, 301052: ClassConfig, 301053: ClassConfig,
		301058: ClassTooLarge, 399999: ClassConfig,
	}
	for code, class := range want {
		if got := Classify(code); got != class {
			t.Errorf("Classify(%d) = %v, want %v", code, got, class)
		}
	}
}

func TestClassOf(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want Class
	}{
		{"wrapped", fmt.Errorf("pull: %w", &Error{Class: ClassWait}), ClassWait},
		{"unclassified", errors.New("x"), ClassRetry},
		{"cancelled", context.Canceled, ClassRetry},
	} {
		if got := ClassOf(tt.err); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestErrorText(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"code only", codeError(opGetMediaData, 10003), "finance: GetMediaData: code 10003: a system call failed"},
		{"unknown code", codeError(opGetChatData, 77), "finance: GetChatData: code 77"},
		{
			"cause and step", &Error{Op: opGetChatData, Code: 48002, Reason: "api forbidden"},
			"finance: GetChatData: code 48002: this secret may not use the archive: api forbidden; " +
				"configure the secret of 会话内容存档, not that of an app",
		},
		{
			"with what happened", &Error{Op: opDecryptData, Class: ClassPermanent, Err: ErrCrashed},
			"finance: DecryptData: the SDK aborted its process",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.err.Error()); diff != "" {
				t.Errorf("Error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestClassString(t *testing.T) {
	for class := ClassRetry; class <= ClassPermanent; class++ {
		if s := class.String(); strings.HasPrefix(s, "class(") {
			t.Errorf("class %d has no name", int(class))
		}
	}
	if got := Class(99).String(); got != "class(99)" {
		t.Errorf("Class(99) = %q", got)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := Options{CorpID: "ww1", Secret: "s/t+x="}
	for _, tt := range []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"no corp id", func(o *Options) { o.CorpID = "" }, "no corp id"},
		{"no secret", func(o *Options) { o.Secret = "" }, "no archive secret"},
		{"space in the secret", func(o *Options) { o.Secret = "hush hush" }, "archive secret contains a space"},
		{"line break in the corp id", func(o *Options) { o.CorpID = "ww1\n" }, "corp id contains a space"},
		{"parameter in the secret", func(o *Options) { o.Secret = "hush&x=1" }, "archive secret contains"},
		{"upstream without port", func(o *Options) { o.Upstream = "sim" }, `"sim" is not host:port`},
		{"negative timeout", func(o *Options) { o.Timeout = -1 }, "timeout"},
		{"too many workers", func(o *Options) { o.Workers = 17 }, "17 workers"},
		{"unknown proxy", func(o *Options) { o.Proxy = "ftp://h:1" }, `proxy of the kind "ftp"`},
		{"proxy without port", func(o *Options) { o.Proxy = "http://u:hush@h" }, "http://host:port"},
		{"missing CA file", func(o *Options) { o.CAFile = "/does/not/exist.pem" }, "/does/not/exist.pem"},
		{"CA file of another kind", func(o *Options) { o.CAFile = "errors_test.go" }, "holds no PEM certificate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := good
			tt.change(&o)
			_, err := OpenPure(t.Context(), o)
			if ClassOf(err) != ClassConfig || !strings.Contains(fmt.Sprint(err), tt.want) {
				t.Errorf("OpenPure: %v, want an error of class config with %q", err, tt.want)
			}
			if strings.Contains(fmt.Sprint(err), "hush") {
				t.Errorf("the error holds a secret: %v", err)
			}
		})
	}
}
