package main

import (
	"context"
	"errors"

	"huicun/internal/config"
	"huicun/internal/media"
	"huicun/internal/wecom/finance"
)

// mediaSource fetches files over a Finance client of its own: a file that takes
// long, or ends a helper process, keeps no message waiting.
type mediaSource struct{ financeClient }

func newMediaSource(c config.Config) *mediaSource {
	n := c.Media.Workers
	if n > 1 {
		n++ // one process of several is kept for messages
	}
	return &mediaSource{financeClient{cfg: c, workers: n}}
}

// Part implements media.Source.
func (s *mediaSource) Part(ctx context.Context, index, sdkFileID string) (media.Part, error) {
	client, err := s.get(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return media.Part{}, ctx.Err()
		}
		class := media.ClassStop
		if finance.ClassOf(err) == finance.ClassRetry { // the helper died while it loaded the library
			class = media.ClassRetry
		}
		return media.Part{}, &media.Error{Class: class, Err: err}
	}
	part, err := client.GetMediaData(ctx, index, sdkFileID)
	if err != nil {
		if ctx.Err() != nil {
			return media.Part{}, ctx.Err()
		}
		return media.Part{}, &media.Error{Class: mediaClass(err), Err: err}
	}
	return media.Part{Data: part.Data, NextIndex: part.OutIndexBuf, Finished: part.Finished}, nil
}

// stopsAll are the codes with which WeCom refuses every file, until somebody
// mends the configuration (finance-sdk.md 3.1 and 6).
var stopsAll = map[int]bool{
	0: true, 10009: true, 10011: true, 40001: true, 40013: true, 41001: true, 48002: true, 60020: true, 301042: true, 301052: true, 301053: true,
}

// mediaClass says what a failure means for a file. What is not known to be about
// all files is about this one: it must not keep the others waiting.
func mediaClass(err error) media.Class {
	var e *finance.Error
	if !errors.As(err, &e) {
		return media.ClassRetry
	}
	switch e.Class {
	case finance.ClassWait:
		return media.ClassWait
	case finance.ClassExpired:
		return media.ClassExpired
	case finance.ClassPermanent:
		return media.ClassRefused
	case finance.ClassKey:
		return media.ClassBroken
	case finance.ClassConfig, finance.ClassTrustedIP:
		if stopsAll[e.Code] {
			return media.ClassStop
		}
		if e.Code == 10000 { // an id that the SDK does not take
			return media.ClassRefused
		}
	}
	return media.ClassRetry
}
