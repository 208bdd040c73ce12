package search_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/search"
)

// keysOf lists the keys of a name, those that begin within it behind a "~".
func keysOf(name string) string {
	var out []string
	for _, k := range search.NameKeys(name) {
		key := strings.ReplaceAll(k.Key, " ", "_")
		if k.Inside {
			key = "~" + key
		}
		out = append(out, key+string("tpi"[k.Form]))
	}
	return strings.Join(out, " ")
}

func TestNameKeys(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"张三":          "张三t zhangsanp zsi ~三t ~sanp",
		" Ｔony　Wang ": "tony_wangt ~wangt",
		"王Tony":       "王tonyt wangtonyp wti yutonyp yti ~tonyt ~tonyp",
		"乐":           "乐t lep li yuep yi",
		"張":           "张t zhangp zi",
		"a-b_c":       "a-b_ct ~b_ct ~ct",
		"😀小王":         "😀小王t xiaowangp xwi xiaoyup xyi ~小王t ~王t ~xiaowangp ~wangp ~xiaoyup ~yup",
		"":            "",
		"\u200b":      "",
		"吕":           "吕t lvp li",
		"3M公司":        "3m公司t 3mgongsip 3gsi 3mgongcip 3gci ~公司t ~司t ~gongsip ~sip ~gongcip ~cip",
	} {
		if diff := cmp.Diff(want, keysOf(name)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", name, diff)
		}
	}
}

// A name of characters with many readings has bounds.
func TestNameKeysAreBounded(t *testing.T) {
	t.Parallel()
	for _, name := range []string{strings.Repeat("乐行重朝", 100), strings.Repeat("a ", 1000), strings.Repeat("😀", 1000)} {
		if n := len(search.NameKeys(name)); n > 60 {
			t.Errorf("%d keys of %.20q", n, name)
		}
	}
}
