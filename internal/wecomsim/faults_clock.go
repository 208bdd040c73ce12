package wecomsim

import "time"

const (
	clockGroup        = "时钟与凭证"
	kindSkew          = "clock.skew"
	kindTokenClock    = "clock.token"
	kindCallbackClock = "clock.callback"
	kindMessageClock  = "clock.message"
	kindTokenRevoke   = "token.revoke"
)

// clockKinds put clocks wrong, as long as they are switched on; several of one
// kind add up.
var clockKinds = []faultKind{
	{
		Kind: kindSkew, Group: clockGroup, Chance: always, Params: skewParam,
		About:  "模拟器的整个时钟快（正数）或慢（负数）",
		Effect: "the simulator's whole clock is ahead, or behind where negative; no selectors",
	},
	{
		Kind: kindTokenClock, Group: clockGroup, Chance: always, Params: skewParam,
		About:  "检查 access_token 是否过期的时钟快或慢，快过有效期则一律 42001",
		Effect: "the clock that checks access tokens is off: ahead of their lifetime, all answer 42001; no selectors",
	},
	{
		Kind: kindCallbackClock, Group: clockGroup, Chance: always, Params: skewParam,
		About:  "回调的 timestamp 和 CreateTime 快或慢",
		Effect: "timestamp and CreateTime of callbacks are off; no selectors",
	},
	{
		Kind: kindMessageClock, Group: clockGroup, Chance: always, Params: skewParam,
		About:  "新消息的 msgtime 快或慢",
		Effect: "msgtime of new messages is off; no selectors",
	},
	{
		Kind: kindTokenRevoke, Group: clockGroup, Chance: byCall, Path: true,
		About:  "这次调用之前作废所有 access_token（返回 40014）",
		Effect: "all access tokens become invalid before the call, which answers 40014",
	},
}

var skewParam = []faultParam{{Name: paramSeconds, Least: -mostSeconds, Most: mostSeconds, Usual: 600, About: "秒，可为负"}}

// now is the clock of one part of the simulator, which a fault may put wrong.
func (s *Sim) now(kind string) time.Time { return s.cfg.Now().Add(s.faults.skew(kind)) }
