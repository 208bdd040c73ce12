package search_test

import (
	"slices"
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
		"王Tony":       "王tonyt wangtonyp wti ~tonyt ~tonyp",
		"乐":           "乐t lep li yuep yi",
		"張":           "张t zhangp zi",
		"a-b_c":       "a-b_ct ~b_ct ~ct",
		"😀小王":         "😀小王t xiaowangp xwi ~小王t ~王t ~xiaowangp ~wangp",
		"":            "",
		"\u200b":      "",
		"吕":           "吕t lvp li",
		"3M公司":        "3m公司t 3mgongsip 3gsi ~公司t ~司t ~gongsip ~sip",
	} {
		if diff := cmp.Diff(want, keysOf(name)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", name, diff)
		}
	}
}

// A name is found by what its characters are read as in names, and by no
// reading besides.
func TestNamesAreReadAsNames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		typed     string
		yes, none []string // names
	}{
		{"qzy", []string{"秦志远"}, []string{"秦姐-悦海园"}},
		{"qjyhy", []string{"秦姐-悦海园"}, nil},
		{"lxy", []string{"林晓雨"}, []string{"雷姐-悦海园", "雷姐"}},
		{"zhoum", []string{"周明恺", "周敏"}, []string{"教育", "教育美术"}},
		{"jiaoy", []string{"教育"}, nil},
		{"shan", []string{"单雄信"}, []string{"邓超"}},
		{"dan", []string{"单雄信"}, nil},
		{"zengg", []string{"曾国藩"}, nil},
		{"qiuy", []string{"仇英"}, nil},
		{"xiez", []string{"解珍"}, nil},
		{"zhal", []string{"查良镛"}, nil},
		{"oux", []string{"区小姐", "欧先生"}, nil},
		{"quw", []string{"区委"}, nil},
		{"piaox", []string{"朴信惠"}, nil},
		{"zhaiz", []string{"翟志刚"}, nil},
		{"miaor", []string{"缪荣"}, nil},
		{"xiam", []string{"厦门店"}, nil},
		{"chongq", []string{"重庆"}, nil},
		{"foshan", []string{"佛山"}, nil},
		{"shanx", []string{"單小姐"}, nil},
		{"yu", nil, []string{"王先生"}},
	} {
		found := func(name string) bool {
			return slices.ContainsFunc(search.NameKeys(name), func(k search.NameKey) bool { return strings.HasPrefix(k.Key, tt.typed) })
		}
		for _, name := range tt.yes {
			if !found(name) {
				t.Errorf("%q does not give %s, but %s", tt.typed, name, keysOf(name))
			}
		}
		for _, name := range tt.none {
			if found(name) {
				t.Errorf("%q gives %s", tt.typed, name)
			}
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
