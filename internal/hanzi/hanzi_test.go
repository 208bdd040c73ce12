package hanzi

import "testing"

func TestSimplify(t *testing.T) {
	for from, want := range map[rune]rune{'錢': '钱', '會': '会', '臺': '台', '群': '群', 'a': 'a', '😀': '😀'} {
		if got := Simplify(from); got != want {
			t.Errorf("Simplify(%c) = %c, want %c", from, got, want)
		}
	}
}

// What is simplified already stays as it is: folding twice changes nothing.
func TestSimplifyTwiceIsOnce(t *testing.T) {
	for from, to := range table() {
		if again := Simplify(to); again != to {
			t.Errorf("%c becomes %c, and that %c", from, to, again)
		}
	}
}
