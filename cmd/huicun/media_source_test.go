package main

import (
	"context"
	"errors"
	"testing"

	"huicun/internal/config"
	"huicun/internal/media"
	"huicun/internal/wecom/finance"
)

func TestMediaClassOfFinanceErrors(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want media.Class
	}{
		{"older than 5 days, from the SDK", &finance.Error{Code: 10010, Class: finance.Classify(10010)}, media.ClassExpired},
		{"older than 5 days, from WeCom", &finance.Error{Code: 301048, Class: finance.Classify(301048)}, media.ClassExpired},
		{"unknown file", &finance.Error{Code: 10005, Class: finance.Classify(10005)}, media.ClassRefused},
		{"an id that the SDK does not take", &finance.Error{Code: 10000, Class: finance.Classify(10000)}, media.ClassRefused},
		{"bytes that do not open", &finance.Error{Code: 10006, Class: finance.Classify(10006)}, media.ClassBroken},
		{"network", &finance.Error{Code: 10001, Class: finance.Classify(10001)}, media.ClassRetry},
		{"busy", &finance.Error{Code: -1, Class: finance.Classify(-1)}, media.ClassRetry},
		{"too many calls", &finance.Error{Code: 45009, Class: finance.Classify(45009)}, media.ClassWait},
		{"wrong secret", &finance.Error{Code: 40001, Class: finance.Classify(40001)}, media.ClassStop},
		{"address not trusted", &finance.Error{Code: 301042, Class: finance.Classify(301042)}, media.ClassStop},
		{"SDK does not start", &finance.Error{Op: "open", Class: finance.ClassConfig}, media.ClassStop},
		{"a code that nobody knows", &finance.Error{Code: 399999, Class: finance.Classify(399999)}, media.ClassRetry},
		{"the helper crashed", &finance.Error{Class: finance.ClassRetry, Err: finance.ErrCrashed}, media.ClassRetry},
		{"something else", errors.New("odd"), media.ClassRetry},
	} {
		if got := mediaClass(tt.err); got != tt.want {
			t.Errorf("%s: class %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestMediaSourceWithoutLibraryStops(t *testing.T) {
	c := config.Default()
	c.WeCom.CorpID, c.WeCom.ArchiveSecret, c.Finance.Library = "ww1", "s", "/nowhere/lib.so"
	s := newMediaSource(c)
	defer func() { _ = s.Close() }()
	_, err := s.Part(t.Context(), "", "x")
	var me *media.Error
	if !errors.As(err, &me) || me.Class != media.ClassStop {
		t.Errorf("Part = %v, want class %s", err, media.ClassStop)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Part(ctx, "", "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("Part of a cancelled context = %v", err)
	}
}
