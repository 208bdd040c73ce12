package elastic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// Error is an answer of Elasticsearch that tells of no success. It holds no text
// of chats: of reasons only those are kept that cannot quote one.
type Error struct {
	Status int    // HTTP
	Type   string // index_not_found_exception …; "" unknown
	Reason string // may be ""
}

func (e *Error) Error() string {
	s := fmt.Sprintf("elasticsearch: %d %s", e.Status, http.StatusText(e.Status))
	if e.Type != "" {
		s += ", " + e.Type
	}
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	return s
}

// cause is what Elasticsearch says of an error.
type cause struct {
	Type      string  `json:"type"`
	Reason    string  `json:"reason"`
	CausedBy  *cause  `json:"caused_by"`
	RootCause []cause `json:"root_cause"`
}

// quotable are the types whose reason tells of indices, nodes and fields only.
var quotable = []string{
	"cluster_block_exception", "index_not_found_exception", "unavailable_shards_exception", "no_shard_available_action_exception",
	"strict_dynamic_mapping_exception", "process_cluster_event_timeout_exception", "master_not_discovered_exception",
	"circuit_breaking_exception", "security_exception", "resource_already_exists_exception", "invalid_index_name_exception", "validation_exception",
}

const maxReason = 300

// of makes an Error of what was said.
func (c cause) of(status int) *Error {
	deep := c
	for deep.CausedBy != nil && !slices.Contains(quotable, deep.Type) {
		deep = *deep.CausedBy
	}
	e := &Error{Status: status, Type: c.Type}
	if slices.Contains(quotable, deep.Type) {
		e.Type, e.Reason = deep.Type, deep.Reason
		if r := []rune(e.Reason); len(r) > maxReason {
			e.Reason = string(r[:maxReason]) + "…"
		}
	}
	return e
}

func newError(status int, body []byte) error {
	var answer struct {
		Error json.RawMessage `json:"error"`
	}
	var c cause
	if json.Unmarshal(body, &answer) != nil || json.Unmarshal(answer.Error, &c) != nil {
		return &Error{Status: status} // a proxy's page, or a text that may quote
	}
	if c.Type == "search_phase_execution_exception" && len(c.RootCause) > 0 {
		return c.RootCause[0].of(status)
	}
	return c.of(status)
}

// statusOf gives the HTTP status of an error of Elasticsearch; 0: it is another
// error.
func statusOf(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Status
	}
	return 0
}

func missing(err error) bool { return statusOf(err) == http.StatusNotFound }

// tooMuch reports whether less at a time may help.
func tooMuch(err error) bool {
	switch statusOf(err) {
	case http.StatusTooManyRequests, http.StatusRequestEntityTooLarge:
		return true
	}
	return errors.Is(err, context.DeadlineExceeded)
}
