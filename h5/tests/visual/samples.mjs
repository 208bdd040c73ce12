// Every type and variant as the API answers it: what record.mjs made of the
// server's examples, and what these do not show.
import { readFileSync } from 'node:fs'
import { held } from '../mock/files.mjs'

const fixtures = JSON.parse(readFileSync(new URL('./fixtures.json', import.meta.url), 'utf8'))

const lin = { id: 'linxiaoyu', kind: 'employee', name: '林晓雨' }
const zhou = { id: 'zhoumingkai', kind: 'employee', name: '周明恺' }
const chen = { id: 'wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw', kind: 'customer', name: '陈先生', account: 'wechat' }
const wu = { id: 'woQx7kDAAAwecom', kind: 'customer', name: '吴经理', account: 'wecom', corp_name: '阳光装饰' }
const robot = { id: 'wbQx7kDAAAJVylUKpSA3Z5U11tDO4Xyz', kind: 'robot', name: '门店日报' }

/** People of the group; lin is on the right. */
export const people = [lin, zhou, { id: 'heruoxi', kind: 'employee', name: '何若溪' }, chen, { id: 'wmQx7kDAAAc91fWqXz0sKdMvRtLp4YbE', kind: 'customer', name: '刘女士', account: 'wechat' }, wu, robot]

const text = (body, quote) => ({ kind: 'text', text: { body, ...(quote ? { quote } : {}) } })
const fields = (kind, ...pairs) => ({ kind, fields: pairs.map(([key, value]) => ({ key, value })) })
const lines = Array.from({ length: 60 }, (_, i) => `第 ${i + 1} 行：橡木餐桌与白蜡木床的含水率对比记录`).join('\n')

/** Sender, msgtype, content, and what else the message has. */
const extras = [
  [lin, 'text', text('好的[微笑][OK]，谢谢您[玫瑰][抱拳]，旺柴[旺柴]，英文的[ThumbsUp]和繁體的[擁抱]也一样，没有的[不存在]照旧')],
  [chen, 'text', text('@林晓雨 @周明恺你们谁在？单号 202601031234567890123，电话 13800138000，见 https://www.example.com/order/oak-1800?from=chat。谢谢')],
  [lin, 'text', text('链接的边界：（https://a.example/x），点https://b.example/y领取；javascript:alert(1)不是链接')],
  [zhou, 'text', text(lines)],
  [wu, 'text', text('可以，周六见', { author: '林晓雨', body: '周六上午 9 点到 12 点之间送货，师傅会提前半小时打电话\n请保持电话畅通，谢谢配合，地址是云栖示例小区3幢' })],
  [lin, 'text', text('收到[OK]', { author: '陈先生', body: '[图片]' })],
  [lin, 'text', text('这条报价发错了'), { revoked: { by: lin, at: '2026-01-08T02:00:30Z', message_id: 'r1' } }],
  [chen, 'text', text('我加你私人微信转给你不行吗'), { violations: [{ id: 'v1', severity: 'high', rule_name: '私下收款', words: ['私人微信'], spans: [{ start: 3, end: 7 }] }] }],
  [chen, 'text', text('【未知消息类型】')],
  [lin, 'image', { kind: 'image', media: { state: 'pending', size_bytes: 184320 } }],
  [lin, 'image', { kind: 'image', media: { state: 'expired', size_bytes: 184320 } }],
  [chen, 'image', { kind: 'image', media: held('image', 12, { width: 240, height: 520 }) }],
  [robot, 'markdown', { kind: 'markdown', notice: '# 门店日报\n## 杭州门店\n**今日待跟进**，昨日`12`单\n> 橡木餐桌：<font color="warning">2 单</font>\n> 白蜡木床：<font color="info">已完成</font>\n> 备注：<font color="comment">无</font>\n请查看[全部明细](https://www.example.com/todo)\n**<font color="warning">加粗又着色</font>** 与普通文字' }],
  [lin, 'redpacket', fields('redpacket', ['wish', '大家辛苦了'], ['packet_type', '2'], ['count', '20'], ['amount_fen', '20000'])],
  [zhou, 'redpacket', fields('redpacket', ['wish', ''], ['packet_type', '3'], ['count', '5'], ['amount_fen', '5001'])],
  [chen, 'meeting', fields('meeting', ['topic', '一月销售例会'], ['starts_at', '2026-01-08T01:00:00Z'], ['answer', '2'])],
  [lin, 'news', { kind: 'news', links: [{ title: '新品橡木系列上架', description: '首批五款，门店可看样', url: 'https://www.example.com/new' }, { title: '老客户专享：木蜡油免费护理一次', url: 'https://www.example.com/vip' }, { title: '元旦营业时间', url: 'https://www.example.com/time' }] }],
  [lin, 'weapp', { kind: 'weapp', links: [{ title: '您的专属选材清单', description: '点击查看本次到店方案', source: '星河家居商城' }] }],
  [lin, 'voiptext', fields('call', ['call_type', '3'], ['duration_seconds', '3794'])],
  [lin, 'qydiskfile', { kind: 'drive_file', links: [{ title: '安装视频合集.zip', url: '' }] }],
  [chen, 'hologram', { kind: 'unsupported' }],
]

/** Files of the goldens that are shown as held. */
function withFile(content, n) {
  const media = content.media && { ...(content.kind === 'image' || content.kind === 'video' || content.kind === 'emotion' ? held(content.kind, n) : { state: 'pending' }), ...content.media }
  const inner = (parts) => parts?.map((part) => withFile(part, n))
  return {
    ...content,
    ...(media ? { media } : {}),
    ...(content.parts ? { parts: inner(content.parts) } : {}),
    ...(content.record ? { record: { ...content.record, items: content.record.items.map((item) => ({ ...item, content: withFile(item.content, n) })) } } : {}),
  }
}

const start = Date.parse('2026-01-08T02:00:00Z')

/** The messages of the group, a minute apart. */
export function samples(cid) {
  const recorded = fixtures.map(({ msgtype, sender, content, text: said }, i) => ({ msgtype, sender, content: withFile(content, i), text: said }))
  const added = extras.map(([sender, msgtype, content, more]) => ({ msgtype, sender, content, text: content.text?.body ?? content.notice ?? '', ...more }))
  return [...recorded, ...added].map((message, i) => ({
    id: `s${String(i).padStart(4, '0')}`,
    conversation_id: cid,
    seq: String(5000 + i),
    sent_at: new Date(start + i * 60_000).toISOString(),
    ...message,
  }))
}
