package wecomsim

import (
	"bufio"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func TestCardHTML(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"known tags", `<div class="gray">一</div><div class="highlight">二</div><br>三`, `<div class="t-gray">一</div><div class="t-highlight">二</div><br>三`},
		{"unknown tags are text", `<script>x</script>`, `&lt;script&gt;x&lt;/script&gt;`},
		{"unknown class is text", `<div class="x">y`, `&lt;div class=&#34;x&#34;&gt;y`},
		{"unclosed", `<div class="gray">一`, `<div class="t-gray">一</div>`},
		{"closed too often", `一</div></a>`, `一`},
		{"link", "<a href=\"https://a.example.com/?x=1&y=2\">开</a>\n行", `<a rel="noopener noreferrer" href="https://a.example.com/?x=1&amp;y=2">开</a><br>行`},
		{"script link", `<a href="javascript:alert(1)">开</a>`, `<a>开</a>`},
		{"attribute breakout", `<a href="https://a.example.com/' onclick='x">开</a>`, `<a rel="noopener noreferrer" href="https://a.example.com/&#39; onclick=&#39;x">开</a>`},
	} {
		if got := string(cardHTML(tt.text)); got != tt.want {
			t.Errorf("%s: %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestMarkdownHTML(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"heading", "### 今日", `<div class="md-h">今日</div>`},
		{"quote with colour", `> 高:<font color="warning">3</font>`, `<div class="md-quote">高:<span class="md-warning">3</span></div>`},
		{"bold and code", "**粗** `码`", `<div><b>粗</b> <code>码</code>&nbsp;</div>`},
		{"link", "[开](https://a.example.com/)", `<div><a rel="noopener noreferrer" href="https://a.example.com/">开</a>&nbsp;</div>`},
		{"script link", "[开](javascript:alert)", `<div><a>开</a>&nbsp;</div>`},
		{"HTML", "<img src=x>", `<div>&lt;img src=x&gt;&nbsp;</div>`},
	} {
		if got := string(markdownHTML(tt.text)); got != tt.want {
			t.Errorf("%s: %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestPhoneShowsWhatItsMemberGot(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	s := start(t, cfg)
	for _, body := range []string{
		`{"touser":"LinXiaoyu","msgtype":"textcard","agentid":1000012,"textcard":{"title":"<b>告警</b>","description":"<div class=\"highlight\">命中</div>","url":"https://a.example.com/c/1?m=2"}}`,
		`{"touser":"LinXiaoyu","msgtype":"textcard","agentid":1000012,"textcard":{"title":"坏链接","description":"d","url":"javascript:alert(1)"}}`,
		`{"touser":"ZhouMingkai","msgtype":"text","agentid":1000012,"text":{"content":"只给周明恺"}}`,
	} {
		if a := app(t, s, "message/send", body); a.code() != 0 {
			t.Fatal(a)
		}
	}
	b := newBrowser(t)
	page := func(path string) (int, string, *url.URL) { return b.open(http.MethodGet, s.URL()+path, nil) }
	_, body, _ := page("/phone/linxiaoyu")
	for _, want := range []string{"&lt;b&gt;告警&lt;/b&gt;", `<div class="t-highlight">命中</div>`, `href="/phone/LinXiaoyu/open/1"`, "坏链接"} {
		if !strings.Contains(body, want) {
			t.Errorf("the phone lacks %s", want)
		}
	}
	for _, no := range []string{"只给周明恺", "/open/2", "javascript:"} {
		if strings.Contains(body, no) {
			t.Errorf("the phone has %s", no)
		}
	}
	if _, _, to := page("/phone/LinXiaoyu/open/1"); to.String() != "https://a.example.com/c/1?m=2" {
		t.Errorf("the card leads to %s", to)
	}
	for path, want := range map[string]int{
		"/phone/LinXiaoyu/open/2": 404, "/phone/LinXiaoyu/open/3": 404, "/phone/LinXiaoyu/open/x": 404, "/phone/ZhouMingkai/open/1": 404,
		"/phone/HeRuoxi": 404, "/phone/Nobody/messages": 404, "/phone/": 200, "/sim/": 200, "/assets/sim.css": 200, "/assets/none": 404,
		"/phone/LinXiaoyu/home": 200, "/": 302, "/nowhere": 404,
	} {
		if status, _, _ := page(path); status != want {
			t.Errorf("%s: status %d, want %d", path, status, want)
		}
	}
	if _, list, _ := page("/phone/?q=周"); !strings.Contains(list, "ZhouMingkai") || strings.Contains(list, "YinHong") {
		t.Error("the search of phones does not search")
	}
}

func TestPhoneHearsOfNewMessages(t *testing.T) {
	t.Parallel()
	s := start(t, testConfig(t))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/phone/LinXiaoyu/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewScanner(resp.Body)
	next := func() string {
		for lines.Scan() {
			if lines.Text() != "" {
				return lines.Text()
			}
		}
		t.Fatal(lines.Err())
		return ""
	}
	if got := next(); got != "data: changed" {
		t.Fatalf("first event = %q", got)
	}
	app(t, s, "message/send", `{"touser":"LinXiaoyu","msgtype":"text","agentid":1000012,"text":{"content":"x"}}`)
	if got := next(); got != "data: changed" {
		t.Errorf("second event = %q", got)
	}
}

// FuzzHTML looks for markup that did not come from the renderers themselves.
func FuzzHTML(f *testing.F) {
	for _, seed := range []string{
		`<div class="gray">a</div>`, `<a href="https://a.example.com/">b</a>`, "**x** [y](https://z.example.com/)",
		`> <font color="info">q</font>`, `<a href="https://x.example.com/&quot;onclick=&quot;y">z</a>`, "`<script>`",
		`<a href="httP://0">c</a>`, "[d](HTTPS://0)", `<a href="JavaScript://0">e</a>`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, got := range map[string]string{"card": string(cardHTML(text)), "markdown": string(markdownHTML(text))} {
			rest := ownMarkup.ReplaceAllString(got, "")
			if strings.ContainsAny(rest, "<>") {
				t.Errorf("%s of %q = %q has foreign markup: %q", name, text, got, rest)
			}
		}
	})
}

// ownMarkup is every tag that the renderers write. They keep a link as it was
// written, and the scheme of a link is the same in any case (RFC 3986, 3.1).
var ownMarkup = regexp.MustCompile(`</?(div|a|b|code|span)>|<br>|<div class="(t-gray|t-normal|t-highlight|md-h|md-quote)">|` +
	`<span class="md-(info|comment|warning)">|<a rel="noopener noreferrer" href="(?i:https?)://[^"<>]*">`)
