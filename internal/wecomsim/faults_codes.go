package wecomsim

// errorTexts are WeCom's error codes with what it says about them
// (finance-sdk.md 3.1, server-api.md 15).
var errorTexts = map[int]string{
	-1:     "system error",
	40001:  "invalid credential",
	40013:  "invalid corpid",
	40014:  "invalid access_token",
	40029:  "invalid code",
	40035:  "invalid parameter",
	40056:  "invalid agentid",
	40058:  "invalid request parameter",
	40063:  "some parameters are empty",
	40091:  "provider_secret is invalid",
	40093:  "invalid jsapi signature",
	40096:  "invalid external userid",
	40201:  "refused by anti-spam",
	41001:  "access_token missing",
	42001:  "access_token expired",
	42003:  "code expired",
	42012:  "invalid ticket type",
	42014:  "invalid task_id",
	42022:  "code has been used",
	45009:  "api freq out of limit",
	45011:  "api rate limited",
	45029:  "response is too large",
	45033:  "api concurrent out of limit",
	48001:  "api unauthorized",
	48002:  "api forbidden",
	48004:  "api authorization withdrawn",
	48006:  "api forbidden for long unused app",
	50001:  "redirect_url not registered",
	50002:  "not in agent privilege",
	50003:  "agent disabled",
	60011:  "no privilege to access the user, department or tag",
	60020:  "not allow to access from your ip",
	60111:  "userid not found",
	60123:  "invalid party id",
	80001:  "jsapi domain not trusted",
	81013:  "user & party & tag all invalid",
	81017:  "too many members without owner_filter",
	82001:  "touser & toparty & totag all empty",
	84061:  "not external contact",
	84074:  "no customer contact permission",
	301002: "not allow operate another agent with this accesstoken",
	301042: "not allow to access from your ip",
	301048: "media not found or expired",
	301052: "msgaudit expired",
	301053: "msgaudit not enabled",
	301058: "response data too large",
	301059: "not internal group",
	701008: "no licensed member",
}

// errorOf is a refusal with this code.
func errorOf(code int) *apiError {
	text, known := errorTexts[code]
	if !known {
		text = "error on demand"
	}
	return &apiError{code, text}
}
