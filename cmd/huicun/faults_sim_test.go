package main

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"huicun/internal/wecomsim"
)

// What wecomsim does wrong on demand, one kind after the other, while messages
// flow; afterwards it is sound again and everything must be there once, byte
// for byte.
func TestFaultsOfWeComLoseNothing(t *testing.T) {
	t.Parallel()
	const pages = "message/getchatdata"
	for _, tt := range []struct {
		name   string
		faults []wecomsim.Fault
		says   string // what the operator reads; "" when there is nothing to do
	}{
		{"pages repeat and overlap", []wecomsim.Fault{
			{Kind: "page.duplicate", Every: 2}, {Kind: "page.overlap", Every: 2, Count: 7}, {Kind: "page.unsorted", Every: 3},
		}, ""},
		{"pages are short or empty", []wecomsim.Fault{{Kind: "page.short", Every: 2}, {Kind: "page.empty", Every: 3}}, ""},
		{"records are damaged", []wecomsim.Fault{
			{Kind: "page.bad_key", Every: 11, Times: 6}, {Kind: "page.bad_cipher", Every: 7, Times: 6},
		}, "a damaged message was asked for again and came whole"},
		{"answers are cut", []wecomsim.Fault{
			{Kind: "api.cut", Path: pages, Every: 4, Bytes: 10},
			{Kind: "api.cut_body", Path: pages, Every: 3, Bytes: 700},
			{Kind: "api.truncate", Path: pages, Every: 5, Bytes: 900},
		}, "pull failed"},
		{"answers are garbage or missing", []wecomsim.Fault{
			{Kind: "api.garbage", Path: pages, Every: 5},
			{Kind: "api.empty", Path: pages, Every: 4},
			{Kind: "api.http", Path: pages, Every: 3, Code: 502},
			{Kind: "api.drop", Path: pages, Every: 7},
			{Kind: "api.reset", Path: pages, Every: 8},
		}, "pull failed"},
		{"WeCom is busy", []wecomsim.Fault{{Kind: "api.error", Path: pages, Every: 2, Code: -1}}, "WeCom is busy"},
		{"the proxy fails", []wecomsim.Fault{
			{Kind: "proxy.refuse", Every: 3}, {Kind: "proxy.drop", Every: 4}, {Kind: "proxy.cut", Every: 2, Bytes: 3000},
		}, "pull failed"},
		{"numbers are left out", []wecomsim.Fault{{Kind: "stream.gap", Every: 5, Count: 9}}, ""},
		{"messages of every strange shape", strangeShapes, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, nil)
			l.ragged, l.cfg.Finance.PageSize = true, 10
			l.huicun = l.start()
			l.call(http.MethodPost, "/sim/faults", map[string]any{"seed": 7, "faults": tt.faults}, nil)
			l.say(120, "")
			l.await("the faults to strike", l.struck(tt.faults))
			if tt.says != "" {
				l.huicun.mustSay(t, tt.says)
			}
			l.call(http.MethodDelete, "/sim/faults", nil, nil)
			l.say(10, "")
			l.huicun.kill() // a fresh start also tries what is in quarantine
			l.restart()
			l.total = int64(len(l.simMessages()))
			l.finish()
			l.await("quarantine to open", func() error { // at a call a second
				if g := l.ledger(); g.Quarantined != 0 {
					return fmt.Errorf("%d messages stay in quarantine", g.Quarantined)
				}
				return nil
			})
			l.waitIdle()
			l.checkSums()
		})
	}
}

// strangeShapes are messages as nobody should send them.
var strangeShapes = []wecomsim.Fault{
	{Kind: "stream.unknown_type", Every: 9},
	{Kind: "stream.malformed", Every: 3},
	{Kind: "stream.control", Every: 8},
	{Kind: "stream.invalid_utf8", Every: 7},
	{Kind: "stream.lone_surrogate", Every: 6},
	{Kind: "stream.nul_escape", Every: 10},
	{Kind: "stream.nul_raw", Every: 11},
	{Kind: "stream.large", Every: 12},
	{Kind: "stream.huge", Every: 40},
	{Kind: "stream.many_receivers", Every: 15},
	{Kind: "stream.duplicate_keys", Every: 13},
	{Kind: "stream.duplicate_msgid", Every: 14},
	{Kind: "stream.wrong_types", Every: 16},
	{Kind: "stream.deep", Every: 30},
	{Kind: "stream.bad_time", Every: 5},
	{Kind: "stream.hostile_text", Every: 4},
	{Kind: "stream.media_expired", Every: 17},
	{Kind: "stream.media_md5", Every: 18},
	{Kind: "stream.media_bad_id", Every: 19},
}

// struck is nil when each kind has done its work.
func (l *lab) struck(faults []wecomsim.Fault) func() error {
	return func() error {
		var report struct{ Struck map[string]int }
		l.call(http.MethodGet, "/sim/faults", nil, &report)
		var missing error
		for _, f := range faults {
			if report.Struck[f.Kind] == 0 {
				missing = errors.Join(missing, fmt.Errorf("%s has not struck", f.Kind))
			}
		}
		return missing
	}
}
