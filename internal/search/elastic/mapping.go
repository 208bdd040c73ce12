package elastic

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// schemaVersion is in the name of the template and in every index. Indices of
// another version are built anew.
const schemaVersion = 2

// Fields of a document. Texts are tokens parted by blanks, made by package
// search: there is nothing to analyze.
//
//	u   each character of the body once
//	b   the pairs of neighbours of the body, in order, and the last character
//	eu, eb  the same of what is found with Query.Exact, where it differs; then flags has flagExact
const (
	fieldID, fieldConv, fieldFrom, fieldType, fieldTime, fieldSeq, fieldFlags, fieldLength = "id", "conv", "from", "type", "time", "seq", "flags", "len"

	fieldChange = "change" // number of the change that made it, as its version, whose largest cannot be asked for

	fieldSingles, fieldPairs, fieldExactSingles, fieldExactPairs = "u", "b", "eu", "eb"
)

type object = map[string]any

// mapping is what an index must be like. id is told apart from _id because not
// every cluster sorts by that.
func mapping() object {
	text := func(options string) object {
		return object{"type": "text", "analyzer": "whitespace", "norms": false, "index_options": options}
	}
	keyword := object{"type": "keyword", "norms": false, "doc_values": false}
	return object{
		"dynamic": "strict",
		"_source": object{"enabled": false},
		"_meta":   object{"huicun_schema": schemaVersion},
		"properties": object{
			fieldID:   object{"type": "keyword", "index": false},
			fieldConv: object{"type": "long"}, fieldTime: object{"type": "long"}, fieldSeq: object{"type": "long"},
			fieldChange: object{"type": "long"},
			fieldLength: object{"type": "integer", "index": false},
			fieldFrom:   keyword, fieldType: keyword, fieldFlags: keyword,
			fieldSingles: text("docs"), fieldPairs: text("positions"), fieldExactSingles: text("docs"), fieldExactPairs: text("positions"),
		},
	}
}

// settings of an index with so many shards. Nothing is refreshed but on demand:
// what was written is found once the cursor has moved, and a building index is not
// slowed down.
func (c *Client) settings(shards int) object {
	fields := []string{fieldTime, fieldSeq, fieldID}
	return object{"index": object{
		"number_of_shards": shards, "number_of_replicas": c.o.Replicas, "refresh_interval": "-1",
		"sort.field": fields, "sort.order": []string{"desc", "desc", "desc"},
	}}
}

// templatePriority: where one prefix begins with another one, the longer counts,
// and of one prefix the newer version. Elasticsearch refuses a template that has
// the patterns and the priority of another one.
func templatePriority(prefix string, version int) int { return 500 + 100*len(prefix) + version }

func (c *Client) templateName() string { return fmt.Sprintf("%s-v%d", c.o.Prefix, schemaVersion) }

// putTemplate says what indices of ours are like. Each is made with the same
// words again, so that a template changed by hand does no harm.
func (c *Client) putTemplate(ctx context.Context) error {
	body := encode(object{
		"index_patterns": []string{c.o.Prefix + "-*"}, "priority": templatePriority(c.o.Prefix, schemaVersion), "version": schemaVersion,
		"template": object{"settings": c.settings(c.o.Shards), "mappings": mapping()},
	})
	return c.do(ctx, request{method: http.MethodPut, path: "_index_template/" + c.templateName(), body: body, timeout: c.o.BulkTimeout}, nil)
}

// createIndex makes an index of so many shards, under the alias when one is given.
// That it is there is no error.
func (c *Client) createIndex(ctx context.Context, name, alias string, shards int) error {
	aliases := object{name + writeAlias: object{}}
	if alias != "" {
		aliases[alias] = object{}
	}
	body := object{"settings": c.settings(shards), "mappings": mapping(), "aliases": aliases}
	err := c.do(ctx, request{method: http.MethodPut, path: name, body: encode(body), timeout: c.o.BulkTimeout}, nil)
	if e, ok := errors.AsType[*Error](err); ok && e.Type == "resource_already_exists_exception" {
		return nil
	}
	return err
}

// errDamaged says that indices are gone, or not as they were made: what they
// answer cannot be trusted, and they have to be built again.
type errDamaged struct{ problem string }

func (e *errDamaged) Error() string { return e.problem }

// verify looks whether the indices are there and as they were made. Fields that
// somebody has added do no harm.
func (c *Client) verify(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	// By pattern, as there may be too many names for an address.
	var found map[string]struct {
		Mappings object `json:"mappings"`
	}
	pattern := strings.TrimRight(names[0], "0123456789") + "*"
	q := url.Values{"expand_wildcards": {"open,hidden"}}
	if err := c.do(ctx, request{method: http.MethodGet, path: pattern + "/_mapping", query: q, timeout: c.o.BulkTimeout}, &found); err != nil {
		return err
	}
	var gone []string
	for _, name := range names {
		index, ok := found[name]
		if !ok {
			gone = append(gone, name)
			continue
		}
		if what := differs(mapping(), index.Mappings); what != "" {
			return &errDamaged{fmt.Sprintf("the mapping of the index %s was changed: %s", name, what)}
		}
	}
	switch {
	case len(gone) == len(names):
		return &errDamaged{fmt.Sprintf("all %d indices are gone", len(names))}
	case len(gone) > 0:
		return &errDamaged{fmt.Sprintf("%d of %d indices are gone, among them %s", len(gone), len(names), gone[0])}
	}
	return nil
}

// differs names the first part of want that got has not, or has otherwise; ""
// none. Elasticsearch leaves defaults out and writes values as texts or not.
func differs(want, got object) string {
	for _, k := range slices.Sorted(maps.Keys(want)) {
		switch w := want[k].(type) {
		case object:
			g, ok := got[k].(object)
			if !ok {
				return k
			}
			if in := differs(w, g); in != "" {
				return k + "." + in
			}
		default:
			g, ok := got[k]
			if !ok && isDefault(k, w) {
				continue
			}
			if !ok || fmt.Sprint(g) != fmt.Sprint(w) {
				return k
			}
		}
	}
	return ""
}

// isDefault reports whether Elasticsearch does not tell of an option's value.
func isDefault(option string, value any) bool {
	switch option {
	case "norms": // of keywords
		return value == false
	case "index_options":
		return value == "positions" // of texts
	}
	return false
}

// indexNames lists the indices there are of a generation.
func (c *Client) indexNames(ctx context.Context, generation string) ([]string, error) {
	var found map[string]struct{}
	q := url.Values{"expand_wildcards": {"all"}}
	err := c.do(ctx, request{method: http.MethodGet, path: generation + "-*/_alias", query: q, timeout: c.o.BulkTimeout}, &found)
	return slices.Sorted(maps.Keys(found)), err
}

// deleteGeneration deletes all indices of a generation, one by one: clusters may
// refuse patterns.
func (c *Client) deleteGeneration(ctx context.Context, generation string) error {
	names, err := c.indexNames(ctx, generation)
	if err != nil {
		return err
	}
	for _, name := range names {
		err := c.do(ctx, request{method: http.MethodDelete, path: name, timeout: c.o.BulkTimeout}, nil)
		if err != nil && !missing(err) {
			return err
		}
	}
	return nil
}

// refresh lets what was written to indices be found.
func (c *Client) refresh(ctx context.Context, names ...string) error {
	var a struct {
		Shards struct {
			Failed int `json:"failed"`
		} `json:"_shards"`
	}
	for part := range slices.Chunk(names, 50) {
		if err := c.do(ctx, request{method: http.MethodPost, path: strings.Join(part, ",") + "/_refresh", timeout: c.o.BulkTimeout}, &a); err != nil {
			return err
		}
		if a.Shards.Failed > 0 {
			return fmt.Errorf("elasticsearch: %d shards cannot be refreshed", a.Shards.Failed)
		}
	}
	return nil
}

// swapAlias lets the alias mean these indices and no others, all at once.
func (c *Client) swapAlias(ctx context.Context, indices []string) error {
	var found map[string]struct {
		Aliases map[string]struct{} `json:"aliases"`
	}
	q := url.Values{"expand_wildcards": {"all"}}
	if err := c.do(ctx, request{method: http.MethodGet, path: c.o.Prefix + "-*/_alias", query: q, timeout: c.o.BulkTimeout}, &found); err != nil {
		return err
	}
	var actions []object
	for _, name := range slices.Sorted(maps.Keys(found)) {
		_, has := found[name].Aliases[c.o.Prefix]
		wanted := slices.Contains(indices, name)
		if wanted && !has {
			actions = append(actions, object{"add": object{"index": name, "alias": c.o.Prefix}})
		}
		if !wanted && has {
			actions = append(actions, object{"remove": object{"index": name, "alias": c.o.Prefix}})
		}
	}
	if len(actions) == 0 {
		return nil
	}
	return c.do(ctx, request{method: http.MethodPost, path: "_aliases", body: encode(object{"actions": actions}), timeout: c.o.BulkTimeout}, nil)
}
