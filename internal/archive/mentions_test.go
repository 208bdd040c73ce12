package archive

import (
	"slices"
	"strings"
	"testing"
)

func TestMentionsInMarkdown(t *testing.T) {
	names := map[string]string{"linxiaoyu": "林晓雨", "evil": "[点我](https://example.com) **x**\n# y"}
	for _, tt := range []struct{ source, want string }{
		{"**今日** <@LinXiaoyu> 请看", "**今日** @林晓雨 请看"},
		{"<@linxiaoyu><@LINXIAOYU>", "@林晓雨@林晓雨"},
		{"<@Nobody> <@all>", "@Nobody @all"},
		{"<@> < @LinXiaoyu> <@Lin Xiaoyu> <@LinXiaoyu", "<@> < @LinXiaoyu> <@Lin Xiaoyu> <@LinXiaoyu"},
		{"<@evil>", "@［点我］（https://example.com） ＊＊x＊＊ ＃ y"},
		{"<@" + strings.Repeat("a", 65) + ">", "<@" + strings.Repeat("a", 65) + ">"},
		{"", ""},
	} {
		if got := WithMentions(tt.source, func(id string) string { return names[id] }); got != tt.want {
			t.Errorf("WithMentions(%q) = %q, want %q", tt.source, got, tt.want)
		}
	}
	if got := mentioned("<@A> x <@wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw> <@>"); !slices.Equal(got, []string{"a", "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw"}) {
		t.Errorf("mentioned: %v", got)
	}
	if got := mentioned(strings.Repeat("<@a>", 5000)); len(got) != mostMentions {
		t.Errorf("%d persons of one text", len(got))
	}
}
