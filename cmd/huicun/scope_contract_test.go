package main

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"huicun/server/api"
)

// scopeKnows is every operation of openapi.yaml with all that a caller can send
// it, as the fuzz knows it. Whoever adds an operation, a parameter or a field
// teaches the fuzz about it, and then adds it here.
var scopeKnows = map[string][]string{
	"GetMe": {}, "UpdateMe": {"body deletion_alerts", "header X-CSRF-Token"}, "DeleteSession": {"header X-CSRF-Token"},
	"GetSignature":    {"query kind", "query url"}, // of nobody's chats
	"ListDepartments": {},
	"ListEmployees":   {"query cursor", "query department", "query limit", "query q", "query state"},
	"GetEmployee":     {"path employee_id"},
	"ListConversations": {
		"path employee_id", "query cursor", "query limit", "query q", "query tab",
	},
	"GetConversation": {"path conversation_id", "query as"},
	"ListMessages": {
		"path conversation_id", "query around", "query at", "query limit", "query newer", "query older",
	},
	"FindInConversation": {
		"path conversation_id", "query cursor", "query exact", "query from", "query limit", "query q", "query to",
	},
	"ListDays":              {"path conversation_id", "query tz"},
	"GetMessage":            {"path message_id"},
	"GetRawMessage":         {"path message_id"},
	"ListConversationMedia": {"path conversation_id", "query around", "query cursor", "query limit", "query tab"},
	"GetMessageFile":        {"path file_id", "path message_id"},
	"RetryMessageFile":      {"header X-CSRF-Token", "path file_id", "path message_id"},
	"GetMedia":              {"header Range", "path token"},
	"StreamLive":            {"query conversation", "query last_event_id"},
	"ListViolations":        {"query conversation", "query cursor", "query limit", "query state", "query tab"},
	"GetViolation":          {"path violation_id"},
	"UpdateViolation":       {"body note", "body state", "header X-CSRF-Token", "path violation_id"},
	"ListAlerts":            {"query cursor", "query limit"},
	"ListRules":             {}, "GetRule": {"path rule_id"},
	"CreateRule": append([]string{"header X-CSRF-Token"}, ruleFields...),
	"UpdateRule": append([]string{"header X-CSRF-Token", "path rule_id"}, ruleFields...),
	"DeleteRule": {"header X-CSRF-Token", "path rule_id"},
	"TestRule":   {"body text", "body words", "header X-CSRF-Token"}, "ListViewers": {},
	"CreateViewer": append([]string{"header X-CSRF-Token"}, viewerFields...),
	"UpdateViewer": append([]string{"header X-CSRF-Token", "path viewer_id"}, viewerFields...),
	"Search":       append([]string{"query order"}, filterParams...), "SearchConversations": filterParams,
	"SuggestForSearch": {"query limit", "query q"}, "ListRecentSearches": {}, "DeleteRecentSearches": {"header X-CSRF-Token"}, "ListSavedSearches": {},
	"CreateSavedSearch":    append([]string{"header X-CSRF-Token"}, savedFields...),
	"UpdateSavedSearch":    append([]string{"header X-CSRF-Token", "path search_id"}, savedFields...),
	"DeleteSavedSearch":    {"header X-CSRF-Token", "path search_id"},
	"CreateRuleFromSearch": {"header X-CSRF-Token", "path search_id"},
	"DeleteRuleFromSearch": {"header X-CSRF-Token", "path search_id"},
	"GetStatus":            {},
	"ReportClientError":    {"body build", "body route", "body stack", "header X-CSRF-Token"},
}

var (
	ruleFields = []string{
		"body direction", "body enabled", "body name", "body scope_all", "body scope_departments", "body scope_employees",
		"body severity", "body subscribers", "body version", "body words",
	}
	filterParams = []string{
		"query chat", "query conversation", "query cursor", "query days", "query department", "query exact", "query from", "query has", "query limit",
		"query person", "query q", "query revoked", "query sender", "query sensitive", "query side", "query to", "query type",
	}
	savedFields = []string{
		"body name", "body query", "body query.chat", "body query.conversation", "body query.days", "body query.department", "body query.exact",
		"body query.from", "body query.has", "body query.order", "body query.person", "body query.q", "body query.revoked",
		"body query.sender", "body query.sensitive", "body query.side", "body query.to", "body query.type", "body shared", "body version",
	}
	viewerFields = []string{"body departments", "body disabled", "body employees", "body role", "body userid"}
)

// notFuzzed are operations that show and change nothing of others.
var notFuzzed = []string{"DeleteSession", "GetSignature", "ReportClientError"}

func TestTheScopeFuzzKnowsTheContract(t *testing.T) {
	got := map[string][]string{}
	for _, op := range specOperations(t) {
		got[op.id] = op.takes
	}
	want := map[string][]string{}
	for id, takes := range scopeKnows {
		want[id] = append([]string{}, slices.Sorted(slices.Values(takes))...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("openapi.yaml has what the scope fuzz does not know: teach it (scope_*_test.go), then scopeKnows (-fuzz +contract):\n%s", diff)
	}
}

// specOperation is an operation of openapi.yaml.
type specOperation struct {
	id, method string
	match      *regexp.Regexp
	params     int      // of the path
	takes      []string // "query q", "body note", sorted
	forAdmins  bool
}

func specOperations(t *testing.T) []specOperation {
	t.Helper()
	spec, err := api.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	param := regexp.MustCompile(`\\\{\w+\\\}`)
	var ops []specOperation
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			o := specOperation{
				id: op.OperationID, method: method, params: strings.Count(path, "{"), takes: []string{},
				match:     regexp.MustCompile("^/api/v1" + param.ReplaceAllString(regexp.QuoteMeta(path), "[^/]+") + "$"),
				forAdmins: strings.Contains(op.Summary, "(admins)"),
			}
			for _, p := range append(slices.Clone(item.Parameters), op.Parameters...) {
				o.takes = append(o.takes, p.Value.In+" "+p.Value.Name)
			}
			if op.RequestBody != nil {
				for _, media := range op.RequestBody.Value.Content {
					o.takes = append(o.takes, fieldsOf("body ", media.Schema)...)
				}
			}
			slices.Sort(o.takes)
			ops = append(ops, o)
		}
	}
	return ops
}

// fieldsOf names the fields of an object, those of objects within too.
func fieldsOf(prefix string, ref *openapi3.SchemaRef) []string {
	if ref == nil || ref.Value == nil {
		return nil
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(ref.Value.Properties)) {
		out = append(out, prefix+name)
		out = append(out, fieldsOf(prefix+name+".", ref.Value.Properties[name])...)
	}
	return append(out, fieldsOf(prefix, ref.Value.Items)...)
}

// ownNames are ids of what the viewer may see, in paths.
var ownNames = regexp.MustCompile(`/(\d+|[0-9a-f]{8}-[0-9a-f-]{27})`)

// coverage counts what the fuzz asked for, so that a fuzz that asks for nothing
// fails.
type coverage struct {
	ops []specOperation

	mu     sync.Mutex
	counts map[string]int // "GetMessage viewer 200", "GetMessage query q", "pair /messages/{message}"
}

func newCoverage(t *testing.T) *coverage {
	return &coverage{ops: specOperations(t), counts: map[string]int{}}
}

func (u *coverage) count(v *refViewer, r *http.Request, status int) {
	var found *specOperation
	for i, op := range u.ops {
		if op.method == r.Method && op.match.MatchString(r.URL.Path) && (found == nil || op.params < found.params) {
			found = &u.ops[i]
		}
	}
	if found == nil {
		return
	}
	who := "viewer"
	if v.admin {
		who = "admin"
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.counts[found.id+" "+who+" "+http.StatusText(status)]++
	for name := range r.URL.Query() {
		u.counts[found.id+" query "+name]++
	}
}

func (u *coverage) pair(l scopeLink) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.counts["pair "+l.method+" "+ownNames.ReplaceAllString(l.path, "/own")]++
}

// told counts events of files that came as they must.
func (u *coverage) told() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.counts["event file"]++
}

// check fails when something was never asked for.
func (u *coverage) check(t *testing.T) {
	t.Helper()
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, op := range u.ops {
		if slices.Contains(notFuzzed, op.id) {
			continue
		}
		wanted := []string{" admin OK", " viewer OK"}
		if op.forAdmins {
			wanted[1] = " viewer Forbidden"
		} else if op.params > 0 {
			wanted = append(wanted, " viewer Not Found")
		}
		for prefix, status := range map[string]string{"Create": "Created", "Delete": "No Content"} {
			if strings.HasPrefix(op.id, prefix) {
				wanted[0] = " admin " + status
				if !op.forAdmins {
					wanted[1] = " viewer " + status
				}
			}
		}
		for _, w := range wanted {
			if u.counts[op.id+w] == 0 {
				t.Errorf("no answer%s of %s was checked", w, op.id)
			}
		}
		for _, p := range op.takes {
			if strings.HasPrefix(p, "query ") && u.counts[op.id+" "+p] == 0 {
				t.Errorf("%s was never asked with %s", op.id, p)
			}
		}
	}
	if u.counts["event file"] == 0 {
		t.Error("no event of a file was checked")
	}
	for _, l := range scopeLinks(&refChat{id: 1}) {
		place := "pair " + l.method + " " + ownNames.ReplaceAllString(l.path, "/own")
		if u.counts[place] == 0 {
			t.Errorf("hidden and missing were never compared by %s", place)
		}
	}
}
