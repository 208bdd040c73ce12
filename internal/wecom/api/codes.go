package api

import "time"

// Codes that the client itself acts on; all others only classify.
// Source: developer.work.weixin.qq.com/document/path/90313.
const (
	codeBusy         = -1
	codeSecret       = 40001
	codeSecretOld    = 40091
	codeCorpID       = 40013
	codeTokenInvalid = 40014
	codeTokenMissing = 41001
	codeTokenExpired = 42001
	codeCodeInvalid  = 40029
	codeCodeUsed     = 42022
	codeCodeExpired  = 42003
	codeFrequency    = 45009
	codeFrequencyOld = 45011
	codeConcurrency  = 45033
	codeNoRelation   = 84061
	codeNotInternal  = 301059
	codeNoLicence    = 701008
)

// reaction is how a code is met.
type reaction struct {
	class Class
	hint  string
}

// reactions by code. A code that is missing is ClassRefused without a hint.
var reactions = map[int]reaction{
	codeBusy: {ClassUnavailable, ""},

	codeSecret:    {ClassConfig, "the secret is wrong, was reset, belongs to another corp, or the app is disabled; repeated tries block the IP for an hour"},
	codeSecretOld: {ClassConfig, "the secret is wrong, was reset, belongs to another corp, or the app is disabled; repeated tries block the IP for an hour"},
	codeCorpID:    {ClassConfig, "the corp id is wrong"},

	codeTokenInvalid: {ClassToken, "a new access token was refused as well"},
	codeTokenMissing: {ClassToken, "a new access token was refused as well"},
	codeTokenExpired: {ClassToken, "a new access token was refused as well"},

	codeCodeInvalid: {ClassLogin, ""},
	codeCodeUsed:    {ClassLogin, ""},
	codeCodeExpired: {ClassLogin, ""},

	40056:  {ClassConfig, "the agent id is wrong"},
	40093:  {ClassRefused, "JS signature wrong: check the url that was signed"},
	40096:  {ClassObject, ""},
	40201:  {ClassRefused, "refused by WeCom's anti-spam"},
	40204:  {ClassRefused, "refused by WeCom's anti-spam"},
	40211:  {ClassConfig, "the RSA public key does not fit"},
	40212:  {ClassConfig, "the RSA key version does not fit"},
	42012:  {ClassRefused, "a ticket of the other kind is needed"},
	45029:  {ClassRefused, "the answer would be too large"},
	48001:  {ClassConfig, "the app may not make this call: check which secret is used and 客户联系 > API > 可调用接口的应用"},
	48002:  {ClassConfig, "the app may not make this call: check which secret is used and 客户联系 > API > 可调用接口的应用"},
	48004:  {ClassConfig, "the authorisation is missing or was withdrawn"},
	48006:  {ClassConfig, "the permission was withdrawn because the app was unused; an administrator enables it again in the console"},
	50001:  {ClassConfig, "the redirect domain must equal the app's trusted domain, port included; or the code came from another app"},
	50002:  {ClassObject, ""},
	50003:  {ClassConfig, "the app is disabled"},
	60011:  {ClassObject, ""},
	60020:  {ClassConfig, "this server's IP is missing under 企业可信IP of the app"},
	60021:  {ClassObject, ""},
	60111:  {ClassObject, ""},
	60123:  {ClassObject, ""},
	80001:  {ClassConfig, "the page's domain is not among the app's trusted domains"},
	81013:  {ClassReceiver, "all receivers are unknown or out of the app's visible range"},
	84074:  {ClassConfig, "the employee or the app lacks the customer-contact permission"},
	301002: {ClassConfig, "the secret's app may not act for this agent id"},
	301042: {ClassConfig, "this server's IP is missing in the archive's own list of trusted IPs"},
	301052: {ClassConfig, "the conversation archive has expired"},
	301053: {ClassConfig, "the conversation archive is not enabled"},
	301058: {ClassRefused, "the answer would be too large"},

	codeFrequency:    {ClassLimited, ""},
	codeFrequencyOld: {ClassLimited, ""},
	codeConcurrency:  {ClassLimited, ""},
	codeNoRelation:   {ClassObject, ""},
	codeNotInternal:  {ClassObject, ""},
	codeNoLicence:    {ClassObject, ""},
}

// react gives the class and the hint of a code.
func react(code int) reaction {
	if r, ok := reactions[code]; ok {
		return r
	}
	return reaction{class: ClassRefused}
}

// tokenRefused reports whether a new token may help.
func tokenRefused(code int) bool {
	return code == codeTokenInvalid || code == codeTokenMissing || code == codeTokenExpired
}

// How long a failed token or ticket is not asked for again. Repeated wrong
// secrets block the IP for an hour; other settings take about a minute to
// spread after they were changed.
const (
	holdSecret = 10 * time.Minute
	holdConfig = time.Minute
)

func holdAfter(e *Error) time.Duration {
	switch {
	case e.Code == codeSecret, e.Code == codeSecretOld, e.Code == codeCorpID:
		return holdSecret
	case e.Class == ClassConfig, e.Class == ClassLimited:
		return holdConfig
	}
	return 0
}
