package wecomsim

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the table of docs/wecomsim.md")

// faultTable is the table of the kinds in Markdown.
func faultTable() string {
	var b strings.Builder
	b.WriteString("| kind | a chance is | parameters | what happens |\n| --- | --- | --- | --- |\n")
	for _, k := range kinds() {
		var params []string
		for _, p := range k.Params {
			params = append(params, fmt.Sprintf("`%s` %d…%d (%d)", p.Name, p.Least, p.Most, p.Usual))
		}
		if k.Path {
			params = append(params, "`path`")
		}
		chance := "each " + string(k.Chance)
		if k.Chance == always {
			chance = "none: it lasts"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Kind, chance, strings.Join(params, ", "), strings.ReplaceAll(k.Effect, "|", `\|`))
	}
	fmt.Fprintf(&b, "\nWhat `path` may name: `%s`.\n", strings.Join(shortPaths(), "`, `"))
	return b.String()
}

func TestFaultTable(t *testing.T) {
	t.Parallel()
	const file, end = "../../docs/wecomsim.md", "<!-- /faults -->"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(b), "-update -->\n")
	old, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s lacks the marks around the table", file)
	}
	if *update {
		if err := os.WriteFile(file, []byte(head+"-update -->\n"+faultTable()+end+tail), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(faultTable(), old); diff != "" {
		t.Errorf("%s is behind the code, run with -update (-want +got):\n%s", file, diff)
	}
}

// TestEveryKindHasATest looks for each kind in the tests of the faults.
func TestEveryKindHasATest(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasPrefix(path, "faults_") || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		all.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds() {
		if !strings.Contains(all.String(), `"`+k.Kind+`"`) {
			t.Errorf("%s: no test", k.Kind)
		}
		if k.About == "" || k.Effect == "" || k.Group == "" {
			t.Errorf("%s: not described", k.Kind)
		}
	}
}

func TestParseFault(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Fault{
		"api.drop":                               {Kind: "api.drop"},
		"api.slow":                               {Kind: "api.slow", DelayMS: 1000},
		"api.error:code=45009,path=message/send": {Kind: "api.error", Code: 45009, Path: "message/send"},
		"api.cut: bytes=17 , every=3,after=2,times=4,probability=0.25": {
			Kind: "api.cut", Bytes: 17, Every: 3, After: 2, Times: 4, Probability: 0.25,
		},
		"clock.skew:seconds=-60": {Kind: "clock.skew", Seconds: -60},
		"stream.gap:count=7":     {Kind: "stream.gap", Count: 7},
	} {
		got, err := ParseFault(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("ParseFault(%q): %v (-want +got):\n%s", text, err, diff)
		}
	}
	for text, names := range map[string]string{
		"": "kind", "api": "kind", "api.error:code": "code", "api.error:cod=1": "cod", "api.error:code=x": "code",
		"clock.skew:after=1": "after", "api.drop:bytes=1": "bytes", "api.slow:delay_ms=0": "delay_ms", "api.slow:path=x": "path",
		"proxy.cut:path=gettoken": "path", "api.drop:probability=NaN": "probability", "api.drop:probability=0": "probability",
	} {
		if _, err := ParseFault(text); err == nil || !strings.Contains(err.Error(), "("+names+")") {
			t.Errorf("ParseFault(%q) = %v, want an error that names %s", text, err, names)
		}
	}
}

func TestFaultsAreAddedAndTakenAwayOneByOne(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	names := func(a answerOf) (all []string) {
		list, _ := a["faults"].([]any)
		for _, f := range list {
			m := f.(map[string]any)
			all = append(all, fmt.Sprint(m["id"], m["kind"], m["struck"]))
		}
		return all
	}
	setFaults(t, s, `{"seed":3,"faults":[{"kind":"api.error","path":"user/get"}]}`)
	app(t, s, "user/get?userid=LinXiaoyu", "")
	_, a := request(t, http.MethodPost, s.URL()+"/sim/faults/add", `{"kind":"api.slow","delay_ms":1,"path":"gettoken"}`)
	if diff := cmp.Diff([]string{"1api.error1", "2api.slow0"}, names(a)); diff != "" || a["seed"] != 3. {
		t.Errorf("added: seed %v (-want +got):\n%s", a["seed"], diff)
	}
	_, a = request(t, http.MethodDelete, s.URL()+"/sim/faults?id=1", "")
	if diff := cmp.Diff([]string{"2api.slow0"}, names(a)); diff != "" {
		t.Errorf("one taken away (-want +got):\n%s", diff)
	}
	for query, want := range map[string]int{"?id=1": http.StatusNotFound, "?id=x": http.StatusBadRequest} {
		if status, a := request(t, http.MethodDelete, s.URL()+"/sim/faults"+query, ""); status != want {
			t.Errorf("DELETE %s: %d %v, want %d", query, status, a, want)
		}
	}
	if status, _ := request(t, http.MethodPost, s.URL()+"/sim/faults/add", `{"kind":"x"}`); status != http.StatusBadRequest {
		t.Errorf("adding an unknown kind: %d", status)
	}
	if status, _ := request(t, http.MethodPost, s.URL()+"/sim/faults/add", ``); status != http.StatusBadRequest {
		t.Errorf("adding nothing: %d", status)
	}
	_, a = request(t, http.MethodDelete, s.URL()+"/sim/faults", "")
	if got := names(a); got != nil || app(t, s, "user/get?userid=LinXiaoyu", "").code() != 0 {
		t.Errorf("all taken away: %v", got)
	}
	if struck, _ := a["struck"].(map[string]any); struck["api.error"] != 1. {
		t.Errorf("struck since the start: %v", struck)
	}
}

func TestTheReportListsWhatThereIs(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Faults, cfg.FaultSeed = []Fault{{Kind: "clock.message"}}, 5
	s := start(t, cfg)
	_, a := request(t, http.MethodGet, s.URL()+"/sim/faults", "")
	list, _ := a["kinds"].([]any)
	want := map[string]bool{}
	for _, k := range kinds() {
		want[k.Kind] = true
	}
	got := map[string]bool{}
	for _, k := range list {
		got[k.(map[string]any)["kind"].(string)] = true
	}
	if diff := cmp.Diff(want, got); diff != "" || a["seed"] != 5. {
		t.Errorf("seed %v, kinds (-want +got):\n%s", a["seed"], diff)
	}
	paths, _ := a["paths"].([]any)
	codes, _ := a["codes"].([]any)
	if !slices.Contains(paths, any("message/send")) || len(codes) != len(slices.Collect(maps.Keys(errorTexts))) {
		t.Errorf("%d paths, %d codes", len(paths), len(codes))
	}
	active := a["faults"].([]any)[0].(map[string]any)
	if active["kind"] != "clock.message" || active["seconds"] != 600. {
		t.Errorf("from the configuration: %v", active)
	}
}

func TestSetFaultsOfGo(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	if err := s.SetFaults(2, Fault{Kind: "api.error", Code: 48002, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if err := s.SetFaults(2, Fault{Kind: "api.drop"}, Fault{Kind: "api.error", Bytes: 1}); err == nil || !strings.Contains(err.Error(), "bytes") {
		t.Errorf("a parameter that the kind does not take: %v", err)
	}
	_, a := request(t, http.MethodGet, s.URL()+"/cgi-bin/gettoken", "")
	_, b := request(t, http.MethodGet, s.URL()+"/cgi-bin/gettoken", "")
	if a.code() != 48002 || b.code() != 40013 {
		t.Errorf("errcodes %d and %d, want the set that was right to stay: 48002, then 40013", a.code(), b.code())
	}
}

func TestTheFaultsPageIsThere(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	b := newBrowser(t)
	for path, want := range map[string]string{
		"/sim/faults.html": "/assets/faults.js", "/assets/faults.js": "/sim/faults/add", "/sim/": `href="/sim/faults.html"`,
	} {
		if status, page, _ := b.open(http.MethodGet, s.URL()+path, nil); status != http.StatusOK || !strings.Contains(page, want) {
			t.Errorf("%s: status %d, lacks %s", path, status, want)
		}
	}
}
