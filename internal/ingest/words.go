package ingest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// explanation is what admins read about a cause. %s in detail is the figure or
// text of the moment, %s in next the names of files.
type explanation struct{ title, detail, next string }

const (
	titlePull     = "会话存档停止拉取"
	titleEarly    = "拉取失败"
	titleDatabase = "会话存档停止：数据库不可用"
	nextConsole   = "请登录企业微信管理后台 → 管理工具 → 会话内容存档核对，改好配置后重启服务"
	nextDatabase  = "请检查 Postgres 服务、磁盘空间和网络；恢复后会自动继续，企业微信 5 天内的消息不会丢失"
)

var explanations = map[string]explanation{
	CauseTrustedIP: {titlePull, "本机出口 IP 不在可信 IP 名单中%s", "请在企业微信管理后台 → 管理工具 → 会话内容存档 → 可信IP地址中加入本机的公网出口 IP；加入后会自动恢复"},
	CauseSecret:    {titlePull, "企业 ID 或会话存档 Secret 不正确%s", nextConsole},
	CauseDisabled:  {titlePull, "企业没有开通会话内容存档，或者已经到期%s", "请在企业微信管理后台 → 管理工具 → 会话内容存档中开通或续费；已存档的内容不受影响"},
	CauseLimit:     {titlePull, "调用次数超过企业微信的频率限制%s", "请确认没有其他程序在用同一个会话存档 Secret 拉取；限制解除后会自动恢复"},
	CauseBusy:      {titlePull, "企业微信系统繁忙%s", "一般会自动恢复；如果持续，请联系企业微信"},
	CauseNetwork:   {titlePull, "连不上企业微信%s", "请检查本机网络、DNS、防火墙和代理：在本机执行 curl https://qyapi.weixin.qq.com 应有回应"},
	CauseTLS:       {titlePull, "SDK 不接受企业微信的 TLS 证书%s", "请更新本机的 CA 证书，并确认没有设备拦截 HTTPS"},
	CauseSetup:     {titlePull, "会话存档 SDK 无法启动：%s", "请检查 finance.library 指向的文件和会话存档配置，详见服务日志"},
	CauseStorage:   {titlePull, "数据库存不进拉取到的消息：%s", nextDatabase},
	CauseOther:     {titlePull, "拉取出错：%s", "请查看服务日志"},
	CauseNobody:    {titlePull, "没有进程在拉取%s", "请确认 huicun 服务在运行，并且 finance.client 不是 off"},
	CauseSilent:    {titlePull, "拉取进程在运行，但是一直没有得到任何结果%s", "请查看服务日志；必要时重启服务"},
	CauseBehind:    {"会话存档拉取落后", "一直在拉取，但是没有追上新消息%s", "请检查网络带宽、数据库和本机负载"},

	CauseKeyMissing: {"有消息缺少私钥，暂时无法查看", "%s", "请把对应版本的私钥文件（%s）放进密钥目录，会自动解密；密文已保存，不会丢失"},
	CauseKeyWrong:   {"有消息的私钥不匹配，暂时无法查看", "%s", "请换成与企业微信后台公钥成对的私钥文件，会自动解密；密文已保存，不会丢失"},

	CauseClosed:  {"有消息解密失败，暂时无法查看", "私钥已有，但是消息解不开：%s", "请核对这一版私钥文件（private_key_v版本号.pem）与企业微信后台的公钥是否成对；换成正确的文件后会自动解密，密文已保存，不会丢失。如果私钥无误，请查看服务日志并联系技术支持"},
	CauseRefused: {"有消息存不进数据库，暂时无法查看", "消息已解密，但是数据库不接受其内容：%s", "请查看服务日志中的数据库错误并联系技术支持；密文已保存，不会丢失，每小时自动重试"},

	CauseScan:     {"敏感词检查停滞", "%s", "请查看服务日志；恢复后会从停下的地方继续检查"},
	CauseCallback: {"企业微信事件处理停滞", "%s", "请查看服务日志；恢复后会继续处理"},
	CausePush:     {"告警没有送出", "%s", "请检查自建应用的 Secret、可信 IP 和本机网络；恢复后会继续发送"},

	CauseMediaIndex: {"文件没有登记，可能丢失", "%s", "请查看服务日志；恢复后会继续登记并下载，企业微信只保留 5 天"},
	CauseMediaLate:  {"文件下载滞后，可能丢失", "%s", "请检查本机网络、带宽和会话存档配置，确认 media.workers 不是 0；企业微信只保留 5 天，过期的文件无法再取回"},
	CauseMediaStore: {"文件存不进去", "存放文件的位置不接受新文件：%s", "请检查磁盘空间，或 S3 服务的地址、密钥和桶；恢复后会自动继续下载，企业微信只保留 5 天"},

	CauseSearchIndex: {"新消息搜不到", "%s", "请查看服务日志；恢复后会继续建立索引，消息本身已保存，不受影响"},
	CauseElastic:     {"Elasticsearch 索引停滞", "Elasticsearch 不接受新内容，搜索暂由数据库完成：%s", "请检查 Elasticsearch 的服务、磁盘空间、密钥和网络，详见 huicun search status；恢复后会自动补齐，不会漏掉消息"},

	CauseDiskFull:    {titleDatabase, "数据库磁盘已满%s", nextDatabase},
	CauseConnections: {titleDatabase, "数据库连接数已用完%s", "请关闭占用连接的程序，或调大 Postgres 的 max_connections"},
	CauseUnreachable: {titleDatabase, "连不上数据库%s", nextDatabase},
	CauseDatabase:    {titleDatabase, "数据库报错：%s", nextDatabase},
}

// recovered are the titles of the message that it is over.
var recovered = map[string]string{
	SubjectPull: "会话存档已恢复拉取", SubjectKeys: "缺少私钥的消息已可查看", SubjectQuarantine: "未能查看的消息已全部可查看",
	SubjectWork: "敏感词检查与告警已恢复", SubjectDatabase: "会话存档已恢复：数据库可用",
	SubjectMedia: "文件下载已恢复", SubjectSearch: "搜索索引已恢复",
}

// explain fills in the words.
func (tr *Trouble) explain(s Status) {
	e := explanations[tr.Cause]
	tr.Title, tr.Detail, tr.Next = e.title, fmt.Sprintf(e.detail, tr.figure(s)), e.next
	if tr.Cause == CauseKeyMissing {
		tr.Next = fmt.Sprintf(e.next, keyFiles(s))
	}
	if tr.Early && tr.Subject == SubjectPull {
		tr.Title = titleEarly
	}
}

// plain are the words of a cause without the figure of the moment; "" when
// there are none but that.
func (e explanation) plain() string {
	return strings.TrimRight(fmt.Sprintf(e.detail, ""), "：")
}

const maxKeyFiles = 3

// keyFiles names the key files that are missing.
func keyFiles(s Status) string {
	var names []string
	for _, q := range s.Quarantine {
		if q.Reason != ReasonKeyMissing {
			continue
		}
		if len(names) == maxKeyFiles {
			return strings.Join(names, "、") + " 等"
		}
		names = append(names, fmt.Sprintf("private_key_v%d.pem", q.PublicKeyVer))
	}
	return strings.Join(names, "、")
}

const maxErrorRunes = 120

// figure is what the words say of this moment.
func (tr *Trouble) figure(s Status) string {
	switch tr.Subject {
	case SubjectKeys, SubjectQuarantine:
		return keyFigure(s, tr.Cause)
	case SubjectWork:
		return queueFigure(s, tr.Cause)
	case SubjectMedia:
		if tr.Cause == CauseMediaIndex {
			return queueFigure(s, tr.Cause)
		}
		return mediaFigure(s, tr.Cause)
	}
	switch tr.Cause {
	case CauseSearchIndex:
		return queueFigure(s, tr.Cause)
	case CauseElastic:
		return cut(s.Search.Error)
	case CauseNobody, CauseSilent, CauseBehind:
		return ""
	case CauseSetup, CauseStorage, CauseOther:
		return cut(s.Pulls[0].Error)
	}
	return "（错误码 " + strconv.Itoa(s.Pulls[0].ErrorCode) + "）"
}

func keyFigure(s Status, cause string) string {
	var parts []string
	for _, q := range s.Quarantine {
		if q.Reason == reasonOf[cause] {
			parts = append(parts, fmt.Sprintf("第 %d 版私钥：%d 条消息", q.PublicKeyVer, q.Messages))
		}
	}
	return cut(strings.Join(parts, "；"))
}

func queueFigure(s Status, cause string) string {
	format := map[string]string{CauseScan: "%d 批消息还没有检查", CauseCallback: "%d 个事件还没有处理", CausePush: "%d 条告警还没有送出", CauseMediaIndex: "%d 批消息里的文件还没有登记", CauseSearchIndex: "%d 批消息还没有建立索引"}[cause]
	kind := cause
	switch cause {
	case CauseMediaIndex:
		kind = "media"
	case CauseSearchIndex:
		kind = "index"
	}
	for _, q := range s.Queues {
		if q.Kind != kind {
			continue
		}
		text := fmt.Sprintf(format, q.Items)
		if q.Error != "" {
			text += "：" + cut(q.Error)
		}
		return text
	}
	return ""
}

func mediaFigure(s Status, cause string) string {
	if cause == CauseMediaStore {
		return cut(s.Media.StoreError)
	}
	text := fmt.Sprintf("%d 个文件发送已超过 3 天，还没有下载", s.Media.Late)
	if s.Media.LateError != "" {
		text += "：" + cut(s.Media.LateError)
	}
	return text
}

// cut bounds a text of an error.
func cut(text string) string {
	r := []rune(text)
	if len(r) <= maxErrorRunes {
		return text
	}
	return string(r[:maxErrorRunes]) + "…"
}

// lasting writes a duration as people say it, the two largest units.
func lasting(d time.Duration) string {
	minutes := int64(d / time.Minute)
	days, hours := minutes/(24*60), minutes/60%24
	switch minutes %= 60; {
	case days > 0 && hours > 0:
		return fmt.Sprintf("%d 天 %d 小时", days, hours)
	case days > 0:
		return fmt.Sprintf("%d 天", days)
	case hours > 0 && minutes > 0:
		return fmt.Sprintf("%d 小时 %d 分钟", hours, minutes)
	case hours > 0:
		return fmt.Sprintf("%d 小时", hours)
	}
	return fmt.Sprintf("%d 分钟", minutes)
}
