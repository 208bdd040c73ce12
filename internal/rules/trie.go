package rules

// trie holds the words as paths of units, in one open hash of edges.
type trie struct {
	keys     []uint64 // node and unit, plus one so that zero is free
	child    []int32
	used     int
	first    []int32 // by node: a word that ends there, -1 for none
	nextWord []int32 // by word: the next one that ends at the same node, -1 for none
}

func newTrie() trie {
	return trie{keys: make([]uint64, 64), child: make([]int32, 64), first: []int32{-1}}
}

func edge(node int32, u rune) uint64 { return uint64(node)<<21 | uint64(u) + 1 }

// spread mixes the bits of a key (Fibonacci hashing).
func spread(key uint64) uint64 {
	key *= 0x9E3779B97F4A7C15
	return key ^ key>>29
}

// slot finds the place of a key: where it is, or where it would be.
func (t *trie) slot(key uint64) int {
	mask := uint64(len(t.keys) - 1)
	for i := spread(key) & mask; ; i = (i + 1) & mask {
		if t.keys[i] == key || t.keys[i] == 0 {
			return int(i)
		}
	}
}

func (t *trie) next(node int32, u rune) (int32, bool) {
	i := t.slot(edge(node, u))
	return t.child[i], t.keys[i] != 0
}

// add puts word w, spelt by units, into the trie.
func (t *trie) add(units []rune, w int) {
	node := int32(0)
	for _, u := range units {
		node = t.step(node, u)
	}
	for len(t.nextWord) <= w {
		t.nextWord = append(t.nextWord, -1)
	}
	t.nextWord[w] = t.first[node]
	t.first[node] = int32(w)
}

// step gives the child of node, made when there is none.
func (t *trie) step(node int32, u rune) int32 {
	if 2*t.used >= len(t.keys) {
		t.grow()
	}
	i := t.slot(edge(node, u))
	if t.keys[i] == 0 {
		t.keys[i] = edge(node, u)
		t.child[i] = int32(len(t.first))
		t.first = append(t.first, -1)
		t.used++
	}
	return t.child[i]
}

func (t *trie) grow() {
	keys, child := t.keys, t.child
	t.keys, t.child = make([]uint64, 2*len(keys)), make([]int32, 2*len(keys))
	for i, key := range keys {
		if key != 0 {
			at := t.slot(key)
			t.keys[at], t.child[at] = key, child[i]
		}
	}
}

// bitmap is a set that may say yes to what is not in it, never no to what is.
type bitmap []uint64

// newBitmap makes room for n members: at least 64K bits, at most 4M.
func newBitmap(n int) bitmap {
	bits := 1 << 16
	for bits < 32*n && bits < 1<<22 {
		bits <<= 1
	}
	return make(bitmap, bits/64)
}

func (b bitmap) place(key rune) (word, bit uint64) {
	h := uint64(uint32(key)) & uint64(len(b)*64-1)
	return h >> 6, 1 << (h & 63)
}

func (b bitmap) set(key rune) {
	word, bit := b.place(key)
	b[word] |= bit
}

func (b bitmap) has(key rune) bool {
	word, bit := b.place(key)
	return b[word]&bit != 0
}

// pair mixes two units into one key.
func pair(a, b rune) rune {
	h := uint32(a)*0x9E3779B1 ^ uint32(b)*0x85EBCA77
	return rune(h>>7 ^ h)
}
