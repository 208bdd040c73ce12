package corpus

// rng is a splitmix64 generator: eight bytes of state, so that every session,
// person and file can have one of its own for nothing.
type rng struct{ state uint64 }

// newRNG gives a generator whose stream depends on every key and their order.
func newRNG(keys ...uint64) *rng {
	r := rng{state: mix(keys...)}
	return &r
}

// mix folds keys into one well spread number.
func mix(keys ...uint64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, k := range keys {
		h = scramble(h ^ scramble(k+0x632be59bd9b4e019))
	}
	return h
}

func scramble(z uint64) uint64 {
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

func (r *rng) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	return scramble(r.state)
}

// intn is uniform in [0, n); 0 when n is not positive.
func (r *rng) intn(n int) int {
	if n <= 0 {
		return 0
	}
	return int(r.next() % uint64(n))
}

// between is uniform in [lo, hi], both included.
func (r *rng) between(lo, hi int) int { return lo + r.intn(hi-lo+1) }

// float is uniform in [0, 1).
func (r *rng) float() float64 { return float64(r.next()>>11) / (1 << 53) }

func (r *rng) chance(p float64) bool { return r.float() < p }

func pick[T any](r *rng, list []T) T { return list[r.intn(len(list))] }

// pickWeighted chooses an index with a probability proportional to its weight.
func pickWeighted(r *rng, weights []int) int {
	total := 0
	for _, w := range weights {
		total += w
	}
	n := r.intn(total)
	for i, w := range weights {
		if n < w {
			return i
		}
		n -= w
	}
	return len(weights) - 1
}

// shuffled gives the numbers 0..n-1 in random order.
func (r *rng) shuffled(n int) []int {
	order := make([]int, n)
	for i := range order {
		j := r.intn(i + 1)
		order[i] = order[j]
		order[j] = i
	}
	return order
}
