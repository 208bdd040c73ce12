package callback

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const head = `<ToUserName><![CDATA[ww1234567890abcdef]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>` +
	`<CreateTime>1767247200</CreateTime><MsgType><![CDATA[event]]></MsgType>`

func event(change func(*Event)) Event {
	e := Event{ToUserName: "ww1234567890abcdef", FromUserName: "sys", MsgType: "event", CreateTime: time.Unix(1767247200, 0).UTC()}
	change(&e)
	return e
}

func TestParseEvent(t *testing.T) {
	for _, tt := range []struct {
		name, msg string
		want      Event
	}{
		{
			"archive has new messages",
			`<xml>` + head + `<AgentID>2000004</AgentID><Event><![CDATA[msgaudit_notify]]></Event></xml>`,
			event(func(e *Event) { e.AgentID, e.Event = "2000004", EventMsgauditNotify }),
		},
		{
			"customer deletes the employee",
			`<xml>` + head + `<Event><![CDATA[change_external_contact]]></Event><ChangeType><![CDATA[del_follow_user]]></ChangeType>
			 <UserID><![CDATA[LinXiaoyu]]></UserID><ExternalUserID><![CDATA[wmQx7kDAAAc91fWqXz0sKdMvRtLp4YbE]]></ExternalUserID></xml>`,
			event(func(e *Event) {
				e.Event, e.ChangeType = EventChangeExternalContact, ChangeDelFollowUser
				e.UserID, e.ExternalUserID = "LinXiaoyu", "wmQx7kDAAAc91fWqXz0sKdMvRtLp4YbE"
			}),
		},
		{
			"deletion by handover",
			`<xml>` + head + `<Event>change_external_contact</Event><ChangeType>del_external_contact</ChangeType>
			 <UserID>LinXiaoyu</UserID><ExternalUserID>wmX</ExternalUserID><Source>DELETE_BY_TRANSFER</Source></xml>`,
			event(func(e *Event) {
				e.Event, e.ChangeType = EventChangeExternalContact, ChangeDelExternalContact
				e.UserID, e.ExternalUserID, e.Source = "LinXiaoyu", "wmX", SourceDeleteByTransfer
			}),
		},
		{
			"group member leaves",
			`<xml>` + head + `<Event>change_external_chat</Event><ChatId>wrQ</ChatId><ChangeType>update</ChangeType>
			 <UpdateDetail>del_member</UpdateDetail><QuitScene>1</QuitScene><MemChangeCnt>2</MemChangeCnt>
			 <MemChangeList><Item><![CDATA[wmA]]></Item><Item>LinXiaoyu</Item></MemChangeList>
			 <LastMemVer>v1</LastMemVer><CurMemVer>v2</CurMemVer></xml>`,
			event(func(e *Event) {
				e.Event, e.ChangeType, e.ChatID = EventChangeExternalChat, "update", "wrQ"
				e.UpdateDetail, e.QuitScene = "del_member", 1
				e.MemChangeList = []string{"wmA", "LinXiaoyu"}
				e.LastMemVer, e.CurMemVer = "v1", "v2"
			}),
		},
		{
			"member renamed and moved",
			`<xml>` + head + `<Event>change_contact</Event><ChangeType>update_user</ChangeType><UserID>SuYating</UserID>
			 <NewUserID>XH0456</NewUserID><Department>12, 30,x</Department></xml>`,
			event(func(e *Event) {
				e.Event, e.ChangeType, e.UserID, e.NewUserID = EventChangeContact, "update_user", "SuYating", "XH0456"
				e.Department = []int64{12, 30}
			}),
		},
		{
			"button of a card",
			`<xml>` + strings.Replace(head, "sys", "ZhouMingkai", 1) + `<Event>template_card_event</Event><EventKey>confirm:981</EventKey>
			 <TaskId>alert-981</TaskId><CardType>button_interaction</CardType><ResponseCode>RC</ResponseCode><AgentID>1000012</AgentID>
			 <SelectedItems><SelectedItem><QuestionKey>level</QuestionKey></SelectedItem></SelectedItems></xml>`,
			event(func(e *Event) {
				e.FromUserName, e.AgentID, e.Event = "ZhouMingkai", "1000012", EventTemplateCard
				e.EventKey, e.TaskID, e.CardType, e.ResponseCode = "confirm:981", "alert-981", "button_interaction", "RC"
			}),
		},
		{
			"unknown event, unreadable numbers",
			`<xml><Event>brand_new</Event><CreateTime>soon</CreateTime><JoinScene>?</JoinScene><Department/></xml>`,
			Event{Event: "brand_new"},
		},
		{"time out of any range", `<xml><CreateTime>99999999999999</CreateTime></xml>`, Event{}},
		{"empty", `<xml></xml>`, Event{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseEvent([]byte(tt.msg))
			if err != nil {
				t.Fatalf("ParseEvent: %v", err)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(Event{}, "Fields")); diff != "" {
				t.Errorf("ParseEvent (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseEventKeepsUnknownFields(t *testing.T) {
	got, err := ParseEvent([]byte(`<xml><Event>x</Event><New> a &amp; b </New><List><Item>1</Item><Item>2</Item></List></xml>`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"Event": {"x"}, "New": {"a & b"}, "List/Item": {"1", "2"}}
	if diff := cmp.Diff(want, got.Fields); diff != "" {
		t.Errorf("Fields (-want +got):\n%s", diff)
	}
}

// Texts before, between and behind elements, at every depth: what is open moves
// in memory as deeper elements open, and its text goes on behind them.
func TestParseEventWithTextAmongElements(t *testing.T) {
	var msg strings.Builder
	msg.WriteString("<xml>")
	for depth := range maxDepth - 1 {
		fmt.Fprintf(&msg, "before<E%d>", depth)
	}
	msg.WriteString("deepest")
	for depth := maxDepth - 2; depth >= 0; depth-- {
		fmt.Fprintf(&msg, "</E%d>behind<Leaf>%d</Leaf>behind", depth, depth)
	}
	msg.WriteString("</xml>")

	got, err := ParseEvent([]byte(msg.String()))
	if err != nil {
		t.Fatal(err)
	}
	if want := maxDepth; len(got.Fields) != want {
		t.Errorf("%d fields, want %d: %v", len(got.Fields), want, got.Fields)
	}
	if leaf := got.Fields["Leaf"]; !slices.Equal(leaf, []string{"0"}) {
		t.Errorf("Leaf = %q, want 0", leaf)
	}
}

func TestParseEventRefuses(t *testing.T) {
	for _, tt := range []struct{ name, msg string }{
		{"text", "hello"},
		{"document type definition", `<!DOCTYPE x SYSTEM "file:///etc/passwd"><xml/>`},
		{"cut off", "<xml><Event>x"},
		{"too large", "<xml>" + strings.Repeat("x", MaxBodyBytes) + "</xml>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := ParseEvent([]byte(tt.msg)); err == nil {
				t.Errorf("ParseEvent = %+v, want an error", got)
			}
		})
	}
}

func FuzzParseEvent(f *testing.F) {
	f.Add([]byte(`<xml>` + head + `<MemChangeList><Item>a</Item></MemChangeList></xml>`))
	f.Add([]byte(`<!DOCTYPE x><xml/>`))
	f.Fuzz(func(t *testing.T, msg []byte) {
		e, err := ParseEvent(msg)
		if err == nil && e.Fields == nil {
			t.Error("parsed, but no Fields")
		}
	})
}
