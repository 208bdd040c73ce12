package wecomsim

import (
	"net/http"
	"slices"
	"strings"
)

const (
	sendGroup = "应用消息"
	sendPath  = apiRoot + "message/send"
)

// sendKinds are the faults of message/send beside those of every call.
var sendKinds = []faultKind{
	{
		Kind: "send.invaliduser", Group: sendGroup, Chance: bySend, Params: receiverCount,
		About:  "errcode 0，但部分接收人算作 invaliduser，收不到（可以是全部）",
		Effect: "errcode 0, but some receivers, or all, are in invaliduser and get nothing",
	},
	{
		Kind: "send.unlicensed", Group: sendGroup, Chance: bySend, Params: receiverCount,
		About:  "errcode 0，但部分接收人算作 unlicenseduser，收不到（可以是全部）",
		Effect: "errcode 0, but some receivers, or all, are in unlicenseduser and get nothing",
	},
	{
		Kind: "send.dropped", Group: sendGroup, Chance: bySend,
		About:  "errcode 0，手机上却不显示",
		Effect: "errcode 0, but no phone shows it",
	},
	{
		Kind: "send.lost_answer", Group: sendGroup, Chance: bySend,
		About:  "消息已送达，应答丢失（连接断开）",
		Effect: "delivered, but the connection ends without an answer",
	},
	{
		Kind: "send.answer_500", Group: sendGroup, Chance: bySend,
		About:  "消息已送达，应答却是 HTTP 500",
		Effect: "delivered, but the answer is HTTP 500",
	},
	{
		Kind: "send.no_duplicate_check", Group: sendGroup, Chance: bySend,
		About:  "重复检查不起作用：相同的请求再发一次会再送达",
		Effect: "the duplicate check does not know an identical request and delivers it again",
	},
}

var receiverCount = []faultParam{{Name: paramCount, Least: 1, Most: maxReceivers, Usual: 1, About: "人数"}}

// spoiltSend is what the faults do to one app message.
type spoiltSend struct {
	dropped    bool
	unlicensed []string
}

// spoilReceivers takes receivers away where a fault strikes.
func (s *Sim) spoilReceivers(to *receiverList) spoiltSend {
	var out spoiltSend
	if h, ok := s.faults.strike("send.invaliduser", ""); ok {
		to.badUsers = append(to.badUsers, takeUsers(to, h)...)
	}
	if h, ok := s.faults.strike("send.unlicensed", ""); ok {
		out.unlicensed = takeUsers(to, h)
	}
	_, out.dropped = s.faults.strike("send.dropped", "")
	return out
}

// takeUsers takes some users out of the list and gives them in lower case.
func takeUsers(to *receiverList, h hit) []string {
	var taken []string
	for i := range min(h.Count, len(to.users)) {
		at := int(mix(h.roll, uint64(i)) % uint64(len(to.users)))
		taken = append(taken, strings.ToLower(to.users[at]))
		to.users = slices.Delete(to.users, at, at+1)
	}
	return taken
}

// forgetsDuplicate tells whether a request that was seen before counts as new.
func (s *Sim) forgetsDuplicate() bool {
	_, ok := s.faults.strike("send.no_duplicate_check", "")
	return ok
}

// spoilSendAnswer damages the answer to a message that has been delivered.
func (s *Sim) spoilSendAnswer(d *answerDamage) {
	if _, ok := s.faults.strike("send.lost_answer", ""); ok {
		d.cut = 0
	}
	if _, ok := s.faults.strike("send.answer_500", ""); ok {
		d.status = http.StatusInternalServerError
	}
}
