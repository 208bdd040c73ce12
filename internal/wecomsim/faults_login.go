package wecomsim

import "net/url"

const loginGroup = "登录"

// loginKinds are the faults of OAuth.
var loginKinds = []faultKind{
	{
		Kind: "oauth.reuse", Group: loginGroup, Chance: byLogin,
		About:  "用过的 code 再用一次也成功",
		Effect: "a code that was used before works again",
	},
	{
		Kind: "oauth.refused", Group: loginGroup, Chance: byLogin,
		About:  "getuserinfo 返回 code 无效（40029）",
		Effect: "getuserinfo answers 40029, code invalid",
	},
	{
		Kind: "oauth.used", Group: loginGroup, Chance: byLogin,
		About:  "getuserinfo 返回 code 已被使用（42022）",
		Effect: "getuserinfo answers 42022, code used",
	},
	{
		Kind: "oauth.expired", Group: loginGroup, Chance: byLogin,
		About:  "getuserinfo 返回 code 已过期（42003）",
		Effect: "getuserinfo answers 42003, code expired",
	},
	{
		Kind: "oauth.wrong_state", Group: loginGroup, Chance: byLogin,
		About:  "跳转回来时 state 被换掉",
		Effect: "the redirect comes back with another state",
	},
	{
		Kind: "oauth.no_state", Group: loginGroup, Chance: byLogin,
		About:  "跳转回来时没有 state",
		Effect: "the redirect comes back without state",
	},
	{
		Kind: "oauth.no_code", Group: loginGroup, Chance: byLogin,
		About:  "跳转回来时没有 code（用户取消）",
		Effect: "the redirect comes back without code, as when the person refuses",
	},
}

// refuseCode gives the refusal that a fault has ready for a code; nil = none.
func (s *faultSet) refuseCode() *apiError {
	for _, f := range []struct {
		kind    string
		refusal *apiError
	}{{"oauth.refused", errBadCode}, {"oauth.used", errCodeUsed}, {"oauth.expired", errCodeExpired}} {
		if _, ok := s.strike(f.kind, ""); ok {
			return f.refusal
		}
	}
	return nil
}

func (s *faultSet) allowReuse() bool {
	_, ok := s.strike("oauth.reuse", "")
	return ok
}

// spoilRedirect changes what the browser brings back.
func (s *faultSet) spoilRedirect(q url.Values) {
	if _, ok := s.strike("oauth.wrong_state", ""); ok {
		q.Set("state", "wrong"+randomID(8))
	}
	if _, ok := s.strike("oauth.no_state", ""); ok {
		q.Del("state")
	}
	if _, ok := s.strike("oauth.no_code", ""); ok {
		q.Del("code")
	}
}
