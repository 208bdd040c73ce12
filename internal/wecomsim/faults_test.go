package wecomsim

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// setFaults replaces the faults through the control API.
func setFaults(t *testing.T, s *Sim, body string) answerOf {
	t.Helper()
	status, a := request(t, http.MethodPost, s.URL()+"/sim/faults", body)
	if status != http.StatusOK {
		t.Fatalf("POST /sim/faults %s = %d %v", body, status, a)
	}
	return a
}

// strokes makes n calls and gives a letter each: x where the call was refused.
func strokes(t *testing.T, s *Sim, path string, n int) string {
	t.Helper()
	out := ""
	for range n {
		if app(t, s, path, "").code() == 0 {
			out += "."
		} else {
			out += "x"
		}
	}
	return out
}

func TestFaultsStrikeWhenTheyAreTold(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	const path = `"path":"department/simplelist"`
	for _, tt := range []struct{ name, fault, want string }{
		{"each time", `{"kind":"api.error",` + path + `}`, "xxxxxxxx"},
		{"after", `{"kind":"api.error",` + path + `,"after":3}`, "...xxxxx"},
		{"every", `{"kind":"api.error",` + path + `,"every":3}`, "..x..x.."},
		{"times", `{"kind":"api.error",` + path + `,"times":2}`, "xx......"},
		{"after, every and times", `{"kind":"api.error",` + path + `,"after":1,"every":2,"times":2}`, "..x.x..."},
		{"a prefix", `{"kind":"api.error","path":"department/*"}`, "xxxxxxxx"},
		{"another call", `{"kind":"api.error","path":"user/get"}`, "........"},
		{"two at once", `{"kind":"api.error",` + path + `,"times":1},{"kind":"api.error",` + path + `,"after":2,"times":1}`, "x.x....."},
	} {
		setFaults(t, s, `{"faults":[`+tt.fault+`]}`)
		if got := strokes(t, s, "department/simplelist", len(tt.want)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestFaultsAreTheSameFromTheSameSeed(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	run := func(seed int) string {
		setFaults(t, s, fmt.Sprintf(`{"seed":%d,"faults":[{"kind":"api.error","path":"department/*","probability":0.5}]}`, seed))
		return strokes(t, s, "department/simplelist", 40)
	}
	first := run(7)
	if diff := cmp.Diff(first, run(7)); diff != "" {
		t.Errorf("the same seed (-first +again):\n%s", diff)
	}
	if first == run(8) {
		t.Errorf("another seed gives the same strokes: %s", first)
	}
}

func TestWrongFaultsAreNamed(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	for _, tt := range []struct{ name, body, field string }{
		{"unknown kind", `{"faults":[{"kind":"api.eror"}]}`, "kind"},
		{"no kind", `{"faults":[{"code":1}]}`, "kind"},
		{"unknown parameter", `{"faults":[{"kind":"api.error","codes":1}]}`, "codes"},
		{"parameter of another kind", `{"faults":[{"kind":"api.error","bytes":1}]}`, "bytes"},
		{"zero", `{"faults":[{"kind":"api.error","code":0}]}`, "code"},
		{"out of range", `{"faults":[{"kind":"api.http","code":200}]}`, "code"},
		{"negative", `{"faults":[{"kind":"api.error","after":-1}]}`, "after"},
		{"a word", `{"faults":[{"kind":"api.error","every":"x"}]}`, "every"},
		{"a broken number", `{"faults":[{"kind":"api.error","every":1.5}]}`, "every"},
		{"probability", `{"faults":[{"kind":"api.error","probability":1.5}]}`, "probability"},
		{"no call", `{"faults":[{"kind":"api.error","path":"message/sent"}]}`, "path"},
		{"path is no string", `{"faults":[{"kind":"api.error","path":1}]}`, "path"},
		{"no object", `{"faults":[1]}`, "faults"},
		{"unknown name", `{"fault":[]}`, ""},
		{"no JSON", `{`, ""},
		{"two values", `{} {}`, ""},
	} {
		status, a := request(t, http.MethodPost, s.URL()+"/sim/faults", tt.body)
		code, field := errorCode(a)
		if status != http.StatusBadRequest || code != "invalid" || field != tt.field {
			t.Errorf("%s: %d %q %q (%v), want 400 invalid %q", tt.name, status, code, field, a, tt.field)
		}
	}
	cfg := testConfig(t)
	cfg.Faults = []Fault{{Kind: "api.eror"}}
	if _, err := New(cfg); err == nil {
		t.Error("New takes an unknown kind")
	}
}
