package corpus

import (
	"embed"
	"fmt"
	"io/fs"
	"sync"
)

//go:embed scripts/*.txt
var scriptFiles embed.FS

// library is every script, by what it is for.
type library struct {
	scripts []*script
	pools   map[poolKey][]int // indices into scripts
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
	lib := &library{pools: map[poolKey][]int{}}
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
			k := poolKey{s.kind, s.stage}
			lib.pools[k] = append(lib.pools[k], len(lib.scripts))
			lib.scripts = append(lib.scripts, s)
		}
	}
	return lib, nil
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
)

// slipRate is how often somebody sends a text, recalls it and sends it right.
const slipRate = 0.0085

// cues plays a script's branches and gives the turns.
func (s *script) cues(r *rng, now circumstance, dst []cue) []cue {
	return appendCues(dst, s.body, r, now)
}

func appendCues(dst []cue, body []step, r *rng, now circumstance) []cue {
	for i := range body {
		st := &body[i]
		switch st.choice {
		case justLine:
			if st.line.kind == "text" && r.chance(slipRate) {
				dst = append(dst, cue{st.line, slip}, cue{st.line, takeBack})
			}
			dst = append(dst, cue{st.line, said})
		case byChance:
			dst = appendCues(dst, st.branches[b2i(r.intn(100) >= st.percent)], r, now)
		case byPick:
			dst = appendCues(dst, pick(r, st.branches), r, now)
		case byCircumstance:
			dst = appendCues(dst, st.branches[b2i(now&st.when == 0)], r, now)
		}
	}
	return dst
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
