// Package api calls WeCom's server API: directory, customers, groups, consent,
// sign-in, JS-SDK tickets and app messages.
//
// From silenceper/wechat it takes the signature. The calls are made here,
// because that library sends all of them to one process-wide base URL with
// one process-wide http.Client, without a context, keys its token cache by
// corp so that two secrets collide, never renews a refused token, and puts
// URLs with tokens and secrets into its errors. Beyond that half of the calls
// are missing there (user/list, msgaudit/*, message/recall) or lose fields.
//
// A Client keeps no state outside itself: several can work side by side.
// Every error of a call is an *Error; it never holds a secret or a token.
// Facts about WeCom: developer.work.weixin.qq.com/document/path/90664.
package api
