package corpus

import (
	"fmt"
	"time"
)

func showRecords(show showFunc) {
	show('C', "mixed", "mixed", "图文混排", func(x *hall) []byte {
		return field("mixed", object("item", list(
			typed("type", "text", object("content", "这两张是实拍[微笑]\n")), typed("type", "image", x.image("photo-landscape.jpg")),
			typed("type", "text", object("content", "再来一张表情")), typed("type", "emotion", x.sample("emotion-hello.gif").appendEmotion(nil, 1)))))
	})
	show('C', "chatrecord.nested", "chatrecord", "会话记录（三层）", func(x *hall) []byte { return field("chatrecord", x.nested(3)) })
	show('E', "chatrecord.all", "chatrecord", "会话记录（各种类型）", func(x *hall) []byte {
		return field("chatrecord", object("title", "群聊的聊天记录", "item", list(x.recordItems()...)))
	})
	show('M', "note.items", "note", "笔记", func(x *hall) []byte { return field("info", object("items", list(x.noteItems("msg_type")...))) })
	show('E', "note.item", "note", "笔记（文档表格里的写法）", func(x *hall) []byte { return field("info", object("item", list(x.noteItems("type")...))) })
}

// item is one message of a forwarded record, n in a row.
func (x *hall) item(n int, kind string, content []byte) []byte {
	return typed("type", "ChatRecord"+kind, content, "msgtime", x.seconds()-int64(3600-60*n), "from_chatroom", n%2 == 1)
}

// nested is a record that holds records, so many deep, with files in each.
func (x *hall) nested(depth int) []byte {
	items := [][]byte{
		x.item(1, "Text", object("content", fmt.Sprintf("第 %d 层：客厅想要原木风", 4-depth))),
		x.item(2, "Image", x.image("photo-portrait.jpg")),
		x.item(3, "File", x.sample("drawing.pdf").appendDocument(nil, "户型图.pdf")),
		x.item(4, "Voice", x.speech("5", 0).appendVoice(nil)),
	}
	if depth > 1 {
		items = append(items, x.item(5, "", x.nested(depth-1)))
	}
	return object("title", "陈先生与设计师的聊天记录", "item", list(items...))
}

// recordItems are the forwarded forms of everything that can be forwarded.
func (x *hall) recordItems() [][]byte {
	return [][]byte{
		x.item(1, "Text", object("content", "客厅想要原木风")),
		x.item(2, "Image", x.image("photo-landscape.jpg")),
		x.item(3, "File", x.sample("contract.docx").appendDocument(nil, "销售合同（示例）.docx")),
		x.item(4, "Video", x.sample("video-portrait.mp4").appendVideo(nil)),
		x.item(5, "Link", object("title", "原木风案例", "description", "", "link_url", "https://www.example.com/case/7", "image_url", "")),
		x.item(6, "Location", galleryPlace()),
		x.item(7, "Mixed", object("item", list(typed("type", "text", object("content", "图文混排")), typed("type", "image", x.image("photo-portrait.jpg"))))),
		x.item(8, "Voice", x.speech("6", 1).appendVoice(nil)),
		x.item(9, "Emotion", x.sample("emotion-wave.gif").appendEmotion(nil, 1)),
		x.item(10, "Card", object("corpname", CorpName, "userid", "ZhouMingkai")),
		x.item(11, "Weapp", object("title", "您的专属选材清单", "description", "", "username", "gh_0f3a7c1e5b92@app", "displayname", "星河家居商城")),
		x.item(12, "MeetingVoiceCall", x.recording("call.mp3")),
		x.item(13, "VoipDocShare", x.sample("proposal.pptx").appendSimple("橡木系列.pptx")),
		x.item(14, "Text", object("content", "[该消息类型暂不能展示]")),
		x.item(15, "Hologram", object("title", "没见过的类型")),
	}
}

// noteItems are the parts of a note; typeName is how their type is spelt.
func (x *hall) noteItems(typeName string) [][]byte {
	return [][]byte{
		typed(typeName, "text", object("content", "客厅尺寸 4.2 x 5.6 米\n层高 2.8 米\n")),
		typed(typeName, "image", x.image("photo-landscape.jpg")),
		typed(typeName, "voice", x.speech("7", 0).appendVoice(nil)),
		typed(typeName, "video", x.sample("video-portrait.mp4").appendVideo(nil)),
		typed(typeName, "location", galleryPlace()),
		typed(typeName, "file", x.sample("prices.xlsx").appendDocument(nil, "报价单.xlsx")),
	}
}

// appendSimple writes a document shared in a call.
func (m attachment) appendSimple(name string) []byte {
	return object("filename", name, "md5sum", m.md5, "filesize", m.size, "sdkfileid", m.sdk)
}

// recording writes a recorded call that begins when the message is sent.
func (x *hall) recording(name string, more ...any) []byte {
	m := x.sample(name)
	return object(append([]any{"endtime", x.seconds() + int64(m.seconds), "sdkfileid", m.sdk}, more...)...)
}

func showOffice(show showFunc) {
	todo := object("title", "来自 林晓雨 的消息", "content", "周六上午送货前致电客户")
	show('M', "todo.nested", "todo", "待办", func(*hall) []byte { return field("todo", todo) })
	show('M', "todo.top", "todo", "待办（字段在顶层）", func(*hall) []byte { return bare(todo) })
	for _, p := range []struct {
		name, title string
		number      int
		options     []string
	}{{"101", "投票（发起）", 101, []string{"上午九点半", "下午两点"}}, {"102", "投票（参与）", 102, []string{"下午两点"}}} {
		vote := object("votetitle", "周会改到几点？", "voteitem", p.options, "votetype", p.number, "voteid", "vt_20260101_0001")
		show('M', "vote."+p.name+"_top", "vote", p.title, func(*hall) []byte { return bare(vote) })
		show('E', "vote."+p.name+"_nested", "vote", p.title+"，嵌套", func(*hall) []byte { return field("vote", vote) })
	}
	show('M', "collect", "collect", "填表", func(x *hall) []byte {
		var details [][]byte
		for i, q := range [][2]string{{"姓名", "Text"}, {"值班日期", "Date"}, {"到岗时间", "Time"}, {"预计接待组数", "Number"}} {
			details = append(details, object("id", i+1, "ques", q[0], "type", q[1]))
		}
		at := time.UnixMilli(x.at).In(china).Format(time.DateTime)
		return field("collect", object("room_name", GalleryName, "creator", "周明恺", "create_time", at, "title", "元旦值班登记", "details", list(details...)))
	})
	show('E', "docmsg", "docmsg", "在线文档", func(*hall) []byte {
		return field("doc", object("title", "2026年门店排班表", "doc_creator", "HeRuoxi", "link_url", "https://doc.weixin.qq.com/sheet/e3_example"))
	})
	show('M', "calendar", "calendar", "日程", func(x *hall) []byte {
		return field("calendar", object("title", "样板间拍摄", "creatorname", "周明恺", "attendeename", []string{"林晓雨", "何若溪"},
			"starttime", x.clock(9), "endtime", x.clock(11), "place", "样板间二楼", "remarks", "带三脚架"))
	})
}

// galleryMeeting joins the invitation to the notices; it is above 2^53.
const galleryMeeting = uint64(6072773153468854123)

func showMeetings(show showFunc) {
	meeting := func(x *hall, more ...any) []byte {
		return field("meeting", object(append([]any{
			"topic", "一月销售例会", "starttime", x.clock(9), "endtime", x.clock(10),
			"address", "三号会议室", "remarks", "请带上周报", "meetingid", galleryMeeting,
		}, more...)...))
	}
	show('M', "meeting.invite", "meeting", "会议邀请", func(x *hall) []byte { return meeting(x) })
	show('M', "meeting.101", "meeting", "会议邀请（101）", func(x *hall) []byte { return meeting(x, "meetingtype", 101) })
	for i, status := range []string{"参加", "拒绝", "待定", "未被邀请", "已取消", "已过期", "不在房间内"} {
		show('E', fmt.Sprintf("meeting.102_%d", i+1), "meeting", "会议答复（"+status+"）", func(x *hall) []byte { return meeting(x, "meetingtype", 102, "status", i+1) })
	}
	show('M', "meeting.instant", "meeting", "快速会议", func(x *hall) []byte {
		return field("meeting", object("topic", "周明恺的快速会议", "starttime", x.seconds(), "meetingid", galleryMeeting+1))
	})
	show('M', "meeting_notification.1", "meeting_notification", "会议控制（有人加入）", func(*hall) []byte {
		return field("info", object("content", "林晓雨 加入了会议", "meetingid", galleryMeeting, "notification_type", 1))
	})
	show('M', "meeting_notification.2", "meeting_notification", "会议控制（已结束）", func(x *hall) []byte {
		return append(append(field("info", object("content", "周明恺的快速会议 已结束", "meeting_id", galleryMeeting+1, "notification_type", 2)), ','),
			field("time", appendQuoted(nil, time.UnixMilli(x.at).In(china).Format("2006-01-02 15:04:05:000")))...)
	})
	call := func(x *hall) []byte {
		s := x.seconds()
		return append(append(field("voiceid", appendQuoted(nil, "grb8a4c48a3c094a70982c518d55e40557")), ','), field("meeting_voice_call", x.recording("call.m4a",
			"demofiledata", list(object("filename", "橡木系列.pptx", "demooperator", "LinXiaoyu", "starttime", s+5, "endtime", s+15)),
			"sharescreendata", list(object("share", "LinXiaoyu", "starttime", s+18, "endtime", s+28))))...)
	}
	share := func(x *hall) []byte {
		return append(append(field("voipid", appendQuoted(nil, "gr2751c98b19300571f8afb3b74514bd32")), ','), field("voip_doc_share", x.sample("proposal.pptx").appendSimple("橡木系列.pptx"))...)
	}
	show('E', "meeting_voice_call", "meeting_voice_call", "通话录音（有共享）", call)
	show('E', "meeting_voice_call.alone", "meeting_voice_call", "通话录音（单聊，MP3）", func(x *hall) []byte {
		return append(append(field("voiceid", appendQuoted(nil, "grb8a4c48a3c094a70982c518d55e40558")), ','), field("meeting_voice_call", x.recording("call.mp3"))...)
	})
	show('E', "voip_doc_share", "voip_doc_share", "通话共享文档", share)
	show('E', "voip_doc_share.alone", "voip_doc_share", "通话共享文档（单聊）", share)
	for i, title := range []string{"视频通话", "语音通话", "群视频通话", "群语音通话"} {
		show('E', fmt.Sprintf("voiptext.%d", i+1), "voiptext", title, func(*hall) []byte { return field("info", object("callduration", 94*(i+1), "invitetype", i+1)) })
	}
}
