package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"huicun/internal/archive"
	"huicun/internal/search"
)

// A document's version is the number of the change that made it: what is sent
// again, late or twice changes nothing.
const versionType = "external_gte"

// writeAlias ends the name by which an index is written: with it goes the index.
const writeAlias = "-w"

// action is one line, or two, of a bulk request.
type action struct {
	id, index string
	version   int64
	body      []byte // lines as they are sent
}

// put gives the action that has an index hold a document.
func put(index string, d search.Document) action {
	body := head("index", index+writeAlias, d.ID, d.Change)
	// Each character stands about three times in the body, with little around it.
	body = slices.Grow(body, 4*(len(d.Body)+len(d.Exact))+len(d.FromID)+256)
	return action{id: d.ID, index: index, version: d.Change, body: appendBody(body, d)}
}

// remove gives the action that has an index hold no document of the id, unless
// it has a newer version.
func remove(index, id string, version int64) action {
	return action{id: id, index: index, version: version, body: head("delete", index+writeAlias, id, version)}
}

// head is written by hand: names of indices are checked, ids are UUIDs or what
// somebody else has put into an index.
func head(verb, index, id string, version int64) []byte {
	quoted := `"` + id + `"`
	if !archive.ValidID(id) {
		quoted = strings.TrimSuffix(string(encode(id)), "\n")
	}
	return []byte(`{"` + verb + `":{"_index":"` + index + `","_id":` + quoted + `,"version":` + strconv.FormatInt(version, 10) + `,"version_type":"` + versionType + `"}}` + "\n")
}

// outcome is what became of the actions of one request.
type outcome struct {
	again   []action // not done, for a reason that may pass
	why     error    // of the first of again
	refused []refusal
	newer   []action // the index holds a newer document
}

type refusal struct {
	action
	why *Error
}

// post sends actions. An error is about the request as a whole.
func (c *Client) post(ctx context.Context, actions []action) (outcome, error) {
	var body bytes.Buffer
	for _, a := range actions {
		body.Write(a.body)
	}
	var answer struct {
		Errors bool                  `json:"errors"`
		Items  []map[string]bulkItem `json:"items"`
	}
	err := c.do(ctx, request{
		method: http.MethodPost, path: "_bulk", body: body.Bytes(), bulk: true, timeout: c.o.BulkTimeout,
		query: url.Values{
			"filter_path": {"errors,items.*.status,items.*.error"},
			// An index that is gone must not be made anew without its mapping.
			"require_alias": {"true"},
			// For a shard that is not there, half of the time is enough.
			"timeout": {fmt.Sprintf("%dms", (c.o.BulkTimeout / 2).Milliseconds())},
		},
	}, &answer)
	if err != nil {
		return outcome{}, err
	}
	if len(answer.Items) != len(actions) {
		return outcome{}, fmt.Errorf("elasticsearch: %d answers to %d documents", len(answer.Items), len(actions))
	}
	var o outcome
	for i, item := range answer.Items {
		for verb, it := range item {
			o.add(actions[i], verb, it)
		}
	}
	return o, nil
}

type bulkItem struct {
	Status int             `json:"status"`
	Error  json.RawMessage `json:"error"`
}

func (o *outcome) add(a action, verb string, it bulkItem) {
	switch {
	case it.Status == http.StatusConflict:
		if verb == "index" {
			o.newer = append(o.newer, a)
		}
		return
	case it.Status == http.StatusOK, it.Status == http.StatusCreated,
		verb == "delete" && it.Status == http.StatusNotFound && it.Error == nil:
		return
	}
	var said cause
	_ = json.Unmarshal(it.Error, &said) // the status is enough
	why := said.of(it.Status)
	if it.Status == http.StatusBadRequest {
		o.refused = append(o.refused, refusal{a, why})
		return
	}
	o.again = append(o.again, a)
	if o.why == nil {
		o.why = why
	}
}

// Pauses between attempts to write.
const (
	firstPause  = 200 * time.Millisecond
	longestWait = 10 * time.Second
	attempts    = 6 // then the feeder looks what is wrong
)

// pressure is how much is sent at once: half of it after a sign that it was too
// much, a quarter more after a success.
type pressure struct {
	docs, bytes int
	o           Options
}

func newPressure(o Options) *pressure { return &pressure{docs: o.BulkDocs, bytes: o.BulkBytes, o: o} }

const (
	fewestDocs  = 1
	fewestBytes = 64 << 10
)

func (p *pressure) less() {
	p.docs, p.bytes = max(fewestDocs, p.docs/2), max(fewestBytes, p.bytes/2)
}

func (p *pressure) more() {
	p.docs, p.bytes = min(p.o.BulkDocs, p.docs+p.docs/4+1), min(p.o.BulkBytes, p.bytes+p.bytes/4)
}

// take cuts off as many actions as may be sent at once, one at least.
func (p *pressure) take(actions []action) (now, later []action) {
	size := 0
	for i, a := range actions {
		size += len(a.body)
		if i > 0 && (i >= p.docs || size > p.bytes) {
			return actions[:i], actions[i:]
		}
	}
	return actions, nil
}

// write sends actions until all are done or refused, slower when Elasticsearch
// has too much to do. It gives up after some attempts without any progress. Of
// the outcome it gives what is refused and what is newer.
func (c *Client) write(ctx context.Context, p *pressure, actions []action, blocked func(error)) (all outcome, err error) {
	pause, failures := firstPause, 0
	for len(actions) > 0 {
		now, later := p.take(actions)
		o, err := c.post(ctx, now)
		all.refused, all.newer = append(all.refused, o.refused...), append(all.newer, o.newer...)
		if err == nil && o.why == nil {
			p.more()
			actions, pause, failures = later, firstPause, 0
			continue
		}
		if ctx.Err() != nil {
			return all, ctx.Err()
		}
		if len(now) == 1 && notTaken(err) {
			e, _ := errors.AsType[*Error](err)
			all.refused, actions = append(all.refused, refusal{now[0], e}), later
			continue
		}
		if err == nil {
			if len(o.again) < len(now) {
				failures = 0 // it goes on, slowly
			}
			actions, err = append(o.again, later...), o.why
		}
		if tooMuch(err) || notTaken(err) {
			p.less()
		}
		if failures++; failures >= attempts {
			return all, err
		}
		if failures > 1 {
			blocked(err)
		}
		if !wait(ctx, pause) {
			return all, ctx.Err()
		}
		pause = min(longestWait, 2*pause)
	}
	return all, nil
}

// notTaken reports whether a request as a whole is one that will never do.
func notTaken(err error) bool {
	status := statusOf(err)
	return status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge
}

// wait waits, unless ctx ends before.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
