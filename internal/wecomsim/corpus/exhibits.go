package corpus

import (
	"fmt"
	"strings"
	"time"
)

// exhibits are what the sample chat holds: every type of message-types.md and
// every variant of it, a few lines each.
var exhibits []exhibit

func init() {
	show := func(by byte, name, msgtype, title string, write func(x *hall) []byte) {
		alone := strings.HasSuffix(name, ".alone")
		exhibits = append(exhibits, exhibit{Exhibit: Exhibit{name, msgtype, title}, by: by, alone: alone, write: write})
	}
	showTexts(show)
	showMedia(show)
	showCards(show)
	showRecords(show)
	showOffice(show)
	showMeetings(show)
	showRest(show)
}

type showFunc func(by byte, name, msgtype, title string, write func(x *hall) []byte)

// text writes the payload of a text.
func text(content string) func(*hall) []byte {
	return func(*hall) []byte { return field("text", object("content", content)) }
}

func showTexts(show showFunc) {
	show('E', "text.plain", "text", "文本", text("陈先生您好，橡木餐桌的报价单稍后发您。"))
	show('C', "text.quote_zh", "text", "引用（中文客户端）", text("这是一条引用/回复消息：\n林晓雨\n橡木餐桌 1.8 米，含运费 4680 元\n------\n可以，周六能送到吗？"))
	show('P', "text.quote_en", "text", "引用（英文客户端）", text("This is a quote/reply:\n林晓雨\n橡木餐桌 1.8 米，含运费 4680 元\n------\nOK, please confirm the delivery date."))
	show('M', "text.mention", "text", "提到某人", text("@林晓雨 这单你跟一下，@何若溪 也看看"))
	show('M', "text.mention_all", "text", "提到所有人", text("@所有人 周六上午九点半开早会"))
	show('C', "text.emoji", "text", "表情文字", text("收到[微笑][强][玫瑰]谢谢[抱拳]，今天好开心[破涕为笑]，[不存在的表情]不算😀👍🏻"))
	show('E', "text.long", "text", "长文本，六十行", text(longText()))
	show('E', "text.urls", "text", "网址", text("官网 https://www.example.com/oak?id=1&from=chat#top ，手机版：http://m.example.com/新品。不带协议的 www.example.com 也行；邮箱 service@example.com"))
	show('C', "text.numbers", "text", "电话、订单号、证件号", text("我电话 13000001234，座机 0571-00001234，订单 XH2603010042，快递 SF0000123456789，身份证 110101199001010000，卡号 6222000000000000000"))
	show('E', "text.unknown", "text", "【未知消息类型】", text("【未知消息类型】"))
	show('C', "text.blank", "text", "只有空白和换行", text(" \n\n　"))
	show('E', "revoke.text", "revoke", "撤回的文本", nil)
	show('E', "revoke.image", "revoke", "撤回的图片", nil)
	show('C', "agree", "agree", "同意存档", func(x *hall) []byte { return field("agree", object("userid", x.From, "agree_time", x.at)) })
	show('D', "disagree", "disagree", "不同意存档", func(x *hall) []byte { return field("disagree", object("userid", x.From, "disagree_time", x.at)) })
}

func longText() string {
	var b strings.Builder
	for i := range 60 {
		fmt.Fprintf(&b, "%d. 木蜡油每半年保养一次，先用干布擦净，再顺着木纹薄薄涂一层。\n", i+1)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func showMedia(show showFunc) {
	for _, p := range [][3]string{
		{"landscape", "图片（横）", "photo-landscape.jpg"},
		{"portrait", "图片（竖）", "photo-portrait.jpg"},
		{"panorama", "图片（全景）", "photo-panorama.jpg"},
		{"turned", "图片（EXIF 转向）", "photo-turned.jpg"},
		{"12mp", "图片（一千二百万像素）", "photo-12mp.jpg"},
		{"qr_link", "图片（链接二维码）", "photo-qr-link.jpg"},
		{"qr_pay", "图片（收款二维码）", "photo-qr-pay.jpg"},
		{"png", "图片（PNG 截图）", "screenshot.png"},
		{"webp", "图片（WebP）", "photo.webp"},
	} {
		show('C', "image."+p[0], "image", p[1], func(x *hall) []byte { return field("image", x.image(p[2])) })
	}
	show('C', "voice.nb", "voice", "语音（AMR-NB）", func(x *hall) []byte { return field("voice", x.speech("8", 0).appendVoice(nil)) })
	show('E', "voice.long", "voice", "语音（59 秒）", func(x *hall) []byte { return field("voice", x.speech("59", 1).appendVoice(nil)) })
	show('C', "voice.wb", "voice", "语音（AMR-WB）", func(x *hall) []byte { return field("voice", x.speech("12", 2).appendVoice(nil)) })
	show('C', "video.portrait", "video", "视频（竖）", func(x *hall) []byte { return field("video", x.sample("video-portrait.mp4").appendVideo(nil)) })
	show('E', "video.landscape", "video", "视频（横）", func(x *hall) []byte { return field("video", x.sample("video-landscape.mp4").appendVideo(nil)) })
	show('C', "emotion.gif", "emotion", "表情（GIF）", func(x *hall) []byte { return field("emotion", x.sample("emotion-wave.gif").appendEmotion(nil, 1)) })
	show('E', "emotion.png", "emotion", "表情（PNG）", func(x *hall) []byte { return field("emotion", x.sample("emotion-ok.png").appendEmotion(nil, 2)) })
	for _, p := range [][3]string{
		{"pdf", "平面布置图.pdf", "drawing.pdf"},
		{"docx", "销售合同（示例）.docx", "contract.docx"},
		{"xlsx", "橡木餐桌报价单（含税）.xlsx", "prices.xlsx"},
		{"pptx", "全屋方案.pptx", "proposal.pptx"},
		{"zip", "现场资料.zip", "pack.zip"},
		{"txt", "送货清单.txt", "notes.txt"},
		{"jpg", "客厅实拍.jpg", "photo-landscape.jpg"},
		{"mp4", "安装过程.mp4", "video-landscape.mp4"},
		{"mp3", "客户来电.mp3", "call.mp3"},
	} {
		show('E', "file."+p[0], "file", "文件（"+p[0]+"）", func(x *hall) []byte { return field("file", x.sample(p[2]).appendDocument(nil, p[1])) })
	}
	show('E', "file.dwg", "file", "文件（无法预览）", func(x *hall) []byte {
		return field("file", x.drawn("dwg").appendDocument(nil, "3幢1201-施工图v3.dwg"))
	})
}

// image writes a picture's content.
func (x *hall) image(name string) []byte {
	return append(x.sample(name).appendFile([]byte{'{'}, "filesize"), '}')
}

func showCards(show showFunc) {
	cast := func(letter byte) func(*hall) string { return func(x *hall) string { return x.c.galleryCast()[letter] } }
	for _, p := range []struct {
		name, title, corp string
		who               func(*hall) string
	}{
		{"employee", "名片（同事）", CorpName, cast('M')}, {"wechat", "名片（微信联系人）", "微信联系人", cast('D')}, {"partner", "名片（其他企业）", partners[0].full, cast('P')},
	} {
		show('E', "card."+p.name, "card", p.title, func(x *hall) []byte { return field("card", object("corpname", p.corp, "userid", p.who(x))) })
	}
	show('C', "location", "location", "位置", func(*hall) []byte { return field("location", galleryPlace()) })
	show('E', "link", "link", "链接", func(*hall) []byte {
		return field("link", object("title", "实木家具保养指南", "description", "三分钟看懂木蜡油怎么用", "link_url", "https://www.example.com/guide/oak", "image_url", "https://www.example.com/img/oak.jpg"))
	})
	show('C', "link.bare", "link", "链接（无描述无图）", func(*hall) []byte {
		return field("link", object("title", "原木风案例", "description", "", "link_url", "https://www.example.com/case/7", "image_url", ""))
	})
	show('M', "link.form", "link", "链接（群投票）", func(*hall) []byte {
		return field("link", object("title", "周会改到几点？", "description", "群投票", "link_url", "https://doc.weixin.qq.com/forms/EXAMPLE", "image_url", ""))
	})
	show('E', "weapp.full", "weapp", "小程序（有 appid）", func(*hall) []byte {
		return field("weapp", object("title", "您的专属选材清单", "description", "点击查看本次到店方案", "username", "gh_0f3a7c1e5b92@app", "displayname", "星河家居商城",
			"appid", "wx0123456789abcdef", "pagepath", "pages/plan/detail.html?id=10086"))
	})
	show('C', "weapp.plain", "weapp", "小程序（无 appid）", func(*hall) []byte {
		return field("weapp", object("title", "我家的户型", "description", "", "username", "gh_0f3a7c1e5b92@app", "displayname", "星河家居商城"))
	})
	for _, p := range []struct {
		feed  int
		title string
	}{{2, "视频号（图片）"}, {4, "视频号（视频）"}, {9, "视频号（直播）"}} {
		show('E', fmt.Sprintf("sphfeed.%d", p.feed), "sphfeed", p.title, func(*hall) []byte {
			return field("sphfeed", object("feed_type", p.feed, "sph_name", CorpName, "feed_desc", "一分钟看懂橡木与白蜡木的区别 #家装"))
		})
	}
}

func galleryPlace() []byte {
	return object("longitude", 120.153576, "latitude", 30.287459, "address", "杭州市示例区样板路88号", "title", "云栖示例小区3幢", "zoom", 15)
}

func showRest(show showFunc) {
	show('R', "markdown", "markdown", "Markdown", func(*hall) []byte {
		return field("info", object("content", "# 今日待跟进\n## 华东\n**橡木餐桌**：<font color=\"warning\">2 单</font>，<font color=\"info\">已回访</font>，<font color=\"comment\">备注</font>\n> 引用一行\n> 引用两行\n\n"+
			"1. 第一项\n2. 第二项\n\n- 列表 `代码`\n- [查看看板](https://www.example.com/board)\n\n*斜体* <@LinXiaoyu>"))
	})
	article := func(i int) []byte {
		return object("title", fmt.Sprintf("新品橡木系列上架（%d）", i), "description", "首批五款", "url", fmt.Sprintf("https://www.example.com/new/%d", i), "picurl", "https://www.example.com/img/new.jpg")
	}
	show('N', "news.1", "news", "图文（一条）", func(*hall) []byte { return field("info", object("item", list(article(1)))) })
	show('N', "news.3", "news", "图文（三条）", func(*hall) []byte { return field("info", object("item", list(article(1), article(2), article(3)))) })
	for _, p := range []struct {
		name, kind, title string
		number            int
	}{
		{"redpacket.1", "redpacket", "红包（普通）", 1},
		{"redpacket.2", "redpacket", "红包（拼手气）", 2},
		{"redpacket.3", "redpacket", "红包（激励）", 3},
		{"external_redpacket.1", "external_redpacket", "互通红包（普通）", 1},
		{"external_redpacket.2", "external_redpacket", "互通红包（拼手气）", 2},
	} {
		show('M', p.name, p.kind, p.title, func(*hall) []byte {
			return field("redpacket", object("type", p.number, "wish", "恭喜发财，大吉大利", "totalcnt", 1+2*(p.number-1), "totalamount", 880*p.number))
		})
	}
	show('E', "qydiskfile.url", "qydiskfile", "微盘文件（有链接）", func(*hall) []byte {
		return field("info", object("filename", "安装视频合集.zip", "url", "https://drive.weixin.qq.com/s?k=EXAMPLEKEY"))
	})
	show('E', "qydiskfile.plain", "qydiskfile", "微盘文件（无链接）", func(*hall) []byte { return field("info", object("filename", "门店价格表.xlsx")) })
	show('E', "solitaire.101", "solitaire", "接龙（发起）", func(*hall) []byte {
		return field("info", object("solitaire_type", 101, "solitaire_content", "#接龙\n团购木蜡油报名\n\n1. 林晓雨 2 罐"))
	})
	show('C', "solitaire.102", "solitaire", "接龙（参与）", func(*hall) []byte {
		return field("info", object("solitaire_type", 102, "solitaire_content", "#接龙\n团购木蜡油报名\n\n1. 林晓雨 2 罐\n2. 陈先生 1 罐"))
	})
	show('E', "switch", "", "切换企业", nil)
	show('C', "unknown", "hologram", "没见过的类型", func(*hall) []byte {
		return field("hologram", object("title", "一种还没有人见过的消息", "depth", 3, "layers", list(object("a", 1), object("b", true))))
	})
}

// clock is a time of the day of a posting, in seconds.
func (x *hall) clock(hour int) int64 {
	t := time.UnixMilli(x.at).In(china)
	return time.Date(t.Year(), t.Month(), t.Day()+1, hour, 0, 0, 0, china).Unix()
}
