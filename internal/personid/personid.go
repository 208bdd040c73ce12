// Package personid knows how WeCom writes the ids of people and robots, and
// gives the one key under which huicun stores and compares them.
package personid

import "strings"

// minExternalLen is the shortest length of an id that WeCom hands out itself
// for somebody outside the corp; real ones have 32 bytes and userids that an
// administrator chooses are rarely that long.
const minExternalLen = 24

// External reports whether id is one that WeCom hands out itself: customers
// ("wm", "wo") and robots ("wb"). Such ids are case-sensitive.
func External(id string) bool {
	if len(id) < minExternalLen {
		return false
	}
	switch id[:2] {
	case "wm", "wo", "wb":
		return true
	}
	return false
}

// Key gives the canonical form of a person's id. WeCom compares userids of
// employees without regard to case (and answers with another case than it was
// asked with), so they are lower-cased; external ids stay as they are. Only
// ASCII letters change: a userid has no others. Key(Key(id)) == Key(id).
// Source: developer.work.weixin.qq.com/document/path/90196.
func Key(id string) string {
	if External(id) {
		return id
	}
	return strings.Map(lowerASCII, id)
}

// Keys gives the canonical form of each id, in the same order.
func Keys(ids []string) []string {
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = Key(id)
	}
	return keys
}

func lowerASCII(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}
