package corpus

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"sync"
)

//go:embed scripts/*.txt
var scriptFiles embed.FS

// library is every script, by what it is for.
type library struct {
	scripts []*script
	pools   map[poolKey][]int  // indices into scripts
	asides  map[string][]*line // what the shop may send along, by stage
}

type poolKey struct{ kind, stage string }

// loadLibrary parses the embedded scripts once. They are part of the program,
// so a mistake in them is a bug and panics; a test reads them all.
var loadLibrary = sync.OnceValue(func() *library {
	lib, err := readLibrary(scriptFiles)
	if err != nil {
		panic(err)
	}
	return lib
})

func readLibrary(files fs.FS) (*library, error) {
	names, err := fs.Glob(files, "scripts/*.txt")
	if err != nil {
		return nil, fmt.Errorf("list scripts: %w", err)
	}
	lib := &library{pools: map[poolKey][]int{}, asides: map[string][]*line{}}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read scripts: %w", err)
		}
		list, err := parseScripts(name, string(text))
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			if s.kind == "aside" {
				lib.aside(s)
				continue
			}
			k := poolKey{s.kind, s.stage}
			lib.pools[k] = append(lib.pools[k], len(lib.scripts))
			lib.scripts = append(lib.scripts, s)
		}
	}
	return lib, nil
}

// aside files the lines of a script of kind aside under its stages.
func (lib *library) aside(s *script) {
	for _, stage := range strings.Split(s.stage, ",") {
		for i := range s.body {
			lib.asides[stage] = append(lib.asides[stage], s.body[i].line)
		}
	}
}

// chooser walks through the pools for one chat, so that no script returns
// before the others of its pool have been played.
type chooser struct {
	lib  *library
	key  uint64
	used map[poolKey]int
}

// next gives a script of a pool that suits, or -1 when there is none.
func (ch *chooser) next(k poolKey, suits func(*script) bool) int {
	pool := ch.lib.pools[k]
	if len(pool) == 0 {
		return -1
	}
	h := mix(ch.key, uint64(len(k.kind)), uint64(len(k.stage)), uint64(k.stage[0]))
	stride := strideOf(int(h>>32%uint64(len(pool))), len(pool))
	for range pool {
		n := ch.used[k]
		ch.used[k] = n + 1
		i := pool[(int(h%uint64(len(pool)))+n*stride)%len(pool)]
		if suits(ch.lib.scripts[i]) {
			return i
		}
	}
	return -1
}

// strideOf gives a step that visits each of n places, at or after want.
func strideOf(want, n int) int {
	for s := max(1, want); ; s++ {
		if gcd(s, n) == 1 {
			return s
		}
	}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// suits tells whether a script fits the circumstances.
func (s *script) suits(now circumstance) bool { return now&s.need == s.need && now&s.never == 0 }

// plays tells whether a may be the script's A and b its B.
func (s *script) plays(a, b *employee) bool {
	return (s.any[0] || a.can(s.pair[0])) && (s.any[1] || b.can(s.pair[1]))
}

// can tells whether an employee can stand for a role in a script.
func (e *employee) can(want role) bool {
	switch want {
	case sales:
		return e.role == sales || e.role == storeManager || e.role == keyAccount
	case storeManager:
		return e.role == storeManager || e.role == regionManager
	}
	return e.role == want
}

// cue is one turn of a played script.
type cue struct {
	line *line
	role cueRole
}

type cueRole uint8

const (
	said     cueRole = iota
	slip             // a first try that is taken back
	takeBack         // the recall of the slip before
	again            // one more picture of the same
	sticker          // a sticker or an emoticon after a text
)

// slipRate is how often somebody sends a text, recalls it and sends it right.
const slipRate = 0.0085

// cues plays a script's branches and gives the turns.
func (lib *library) cues(s *script, r *rng, now circumstance, dst []cue) []cue {
	return lib.appendCues(dst, s, s.body, r, now)
}

func (lib *library) appendCues(dst []cue, s *script, body []step, r *rng, now circumstance) []cue {
	for i := range body {
		st := &body[i]
		switch st.choice {
		case justLine:
			if st.line.kind == "text" && r.chance(slipRate) {
				dst = append(dst, cue{st.line, slip}, cue{st.line, takeBack})
			}
			dst = append(dst, cue{st.line, said})
			dst = lib.appendExtras(dst, s, st.line, r)
		case byChance:
			dst = lib.appendCues(dst, s, st.branches[b2i(r.intn(100) >= st.percent)], r, now)
		case byPick:
			dst = lib.appendCues(dst, s, pick(r, st.branches), r, now)
		case byCircumstance:
			dst = lib.appendCues(dst, s, st.branches[b2i(now&st.when == 0)], r, now)
		}
	}
	return dst
}

// appendExtras adds what no script spells out: a second picture, a sticker,
// a link that the shop sends along.
func (lib *library) appendExtras(dst []cue, s *script, l *line, r *rng) []cue {
	switch {
	case l.kind == "image":
		for n := 0; n < 4 && r.chance(0.47); n++ {
			dst = append(dst, cue{l, again})
		}
	case l.kind != "text" || s.stage == "sensitive" || s.stage == "complaint":
	case r.chance(0.022):
		dst = append(dst, cue{l, sticker})
	case l.who == 'E' && s.need&isEnglish == 0:
		if list := lib.asides[s.stage]; len(list) > 0 && r.chance(0.14) && !sentLink(dst) {
			dst = append(dst, cue{pick(r, list), said})
		}
	}
	return dst
}

// sentLink tells whether a session has its link already.
func sentLink(cues []cue) bool {
	for i := range cues {
		if k := cues[i].line.kind; k == "link" || k == "weapp" || k == "sph" {
			return true
		}
	}
	return false
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
