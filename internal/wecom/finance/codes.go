package finance

// codeInfo is what is known about one code.
type codeInfo struct {
	class Class
	cause string
	step  string // what the operator can do; "" when nothing
}

const (
	stepConsole = "look up corp id and archive secret in the WeCom console (管理工具 > 会话内容存档) and correct the configuration"
	stepTrusted = "add this machine's public outbound address to the trusted IPs (可信IP地址) of 会话内容存档 in the WeCom console; " +
		"pulling goes on by itself"
	stepKeys    = "check that the private key of this publickey_ver belongs to this corp; the message is kept and can be tried again"
	stepNetwork = "check the network, the proxy and its password: curl https://" + Host + " on this machine must work"
)

// codes lists return codes of the SDK (10000 to 10011) and errcodes of the
// answers. Sources: developer.work.weixin.qq.com/document/path/91774 and 90313.
var codes = map[int]codeInfo{
	10000: {ClassConfig, "a parameter is wrong", ""},
	10001: {ClassRetry, "network error", stepNetwork},
	10002: {ClassRetry, "the answer could not be read", "report it to WeCom if it stays"},
	10003: {ClassRetry, "a system call failed", ""},
	10004: {ClassPermanent, "refused by the SDK", ""},
	10005: {ClassPermanent, "the file id or the layout of the message is wrong", ""},
	10006: {ClassKey, "decryption failed", stepKeys},
	10007: {ClassKey, "no private key for this version", stepKeys},
	10008: {ClassKey, "the message key does not open", stepKeys},
	10009: {ClassTrustedIP, "this address is not trusted", stepTrusted},
	10010: {ClassExpired, "older than WeCom's window of 5 days", ""},
	10011: {ClassConfig, "the SDK refused the TLS certificate", "update the CA certificates of this machine or switch " +
		"off what intercepts TLS; if this SDK checks certificates itself, switch the relay off"},

	-1:     {ClassRetry, "WeCom is busy", ""},
	40001:  {ClassConfig, "the archive secret is wrong", stepConsole},
	40013:  {ClassConfig, "the corp id is wrong", stepConsole},
	40014:  {ClassRetry, "the access token is not valid", ""},
	41001:  {ClassConfig, "no access token: corp id or archive secret is wrong, or WeCom gives none at the moment", stepConsole},
	42001:  {ClassRetry, "the access token has expired", ""},
	45009:  {ClassWait, "too many calls", ""},
	45033:  {ClassWait, "too many calls at once", ""},
	48002:  {ClassConfig, "this secret may not use the archive", "configure the secret of 会话内容存档, not that of an app"},
	60020:  {ClassTrustedIP, "this address is not trusted", stepTrusted},
	301042: {ClassTrustedIP, "this address is not trusted", stepTrusted},
	301048: {ClassExpired, "older than WeCom's window of 5 days", ""},
	301052: {ClassConfig, "the archive subscription has expired", "renew it in the WeCom console; what is stored stays"},
	301053: {ClassConfig, "the archive is not enabled for this corp", "enable 会话内容存档 in the WeCom console"},
	301058: {ClassTooLarge, "the answer would be too large", ""},
}
