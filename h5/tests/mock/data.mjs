// A small company for the visual tests: answers in the shape of the contract.
// Deterministic: the same pictures come out of every run.

import { people, samples } from '../visual/samples.mjs'
import { album } from './files.mjs'
import { fileTalk } from './media.mjs'

const surnames = '王李张刘陈杨黄赵周吴徐孙马朱胡郭何林罗高'
const given = ['晓雨', '明恺', '若溪', '子涵', '思远', '雅琴', '志强', '丽华', '一凡', '欣怡', '浩然', '梦洁', '建国', '嘉怡']
const departments = ['华东销售部', '杭州门店', '上海门店', '客户服务部', '设计部', '市场部']

/** A generator of numbers in [0, 1) that always gives the same ones. */
export function random(seed) {
  let s = seed
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0
    return s / 2 ** 32
  }
}

const pick = (list, i) => list[i % list.length]

export const employees = Array.from({ length: 64 }, (_, i) => ({
  person: { id: `emp${i}`, kind: 'employee', name: pick(surnames, i * 7) + pick(given, i * 3), left: i % 17 === 16 },
  userid: `Emp${i}`,
  position: pick(['销售顾问', '门店店长', '客服专员', '设计师', '大客户经理'], i),
  departments: [pick(departments, i)],
  archive_state: i % 17 === 16 ? 'formerly' : 'archived',
  conversations: 40 + ((i * 37) % 480),
  conversations_today: (i * 5) % 19,
  customers: 30 + ((i * 29) % 400),
  violations: i % 6 === 1 ? (i % 4) + 1 : 0,
}))

export const departmentList = [
  { id: '1', parent_id: '', name: '星河家居', employees: 64 },
  ...departments.map((name, i) => ({
    id: String(i + 2),
    parent_id: i === 1 || i === 2 ? '2' : '1',
    name,
    employees: 10 + i,
  })),
]

export const customers = Array.from({ length: 90 }, (_, i) => ({
  id: `wmCust${i}`,
  kind: 'customer',
  name: i % 5 === 0 ? pick(['阳光装饰', '安居优品', '木语工作室'], i) + pick(surnames, i) + '经理' : pick(surnames, i * 3) + pick(['先生', '女士', '姐', '哥'], i),
  corp_name: i % 5 === 0 ? pick(['阳光装饰', '安居优品', '木语设计'], i) : '',
  account: i % 5 === 0 ? 'wecom' : 'wechat',
}))

const me = employees[0].person
const talk = [
  [1, '你好，在网上看到你们的橡木餐桌，1.8 米的现在什么价？'],
  [0, '您好陈先生，1.8 米橡木餐桌目前活动价 4680 元，含杭州市区运费和安装[微笑]'],
  [1, '能再便宜点吗'],
  [0, '活动价已经是底价啦，不过可以送您一套餐垫'],
  [1, '行吧，那颜色有几种？'],
  [0, '原木色、胡桃色、黑橡三种，我发您实拍图'],
  [1, '好的[OK]'],
  [1, '家里地板是浅色的，你觉得哪个搭？'],
  [0, '浅色地板建议原木色，空间会显得更通透，或者胡桃色做个对比也好看。'],
  [1, '那就原木色，周六能送到吗？'],
  [0, '我查一下库存，稍等'],
  [0, '杭州仓有现货，周六上午 9 点到 12 点可以送，师傅会提前半小时给您打电话'],
  [1, '可以'],
  [1, '付款怎么付？'],
  [0, '可以在商城下单：https://www.example.com/order/oak-1800 ，也可以到店付定金'],
  [1, '我加你私人微信转给你不行吗，省得走平台'],
  [0, '不好意思，公司规定必须走平台下单，这样售后才有保障哦'],
  [1, '明白了，我晚上下单'],
]

const start = Date.parse('2026-01-03T01:20:00Z')

function message(i, cid, sender, content, extra = {}) {
  const text = content.text?.body ?? content.notice ?? ''
  return {
    id: `m${cid}-${String(i).padStart(6, '0')}`,
    conversation_id: cid,
    seq: String(1000 + i),
    sent_at: '',
    msgtype: content.kind,
    sender,
    content,
    text,
    ...extra,
  }
}

const textOf = (body, quote) => ({ kind: 'text', text: { body, ...(quote ? { quote } : {}) } })

/** One of each kind, as a server would answer them. */
function everyKind(cid, own, other) {
  const media = (more) => ({ state: 'pending', ...more })
  const rows = [
    [other, textOf('这两款我都挺喜欢的，能发下实拍吗？')],
    [own, { kind: 'image', media: media({ size_bytes: 184320 }) }],
    [own, { kind: 'video', media: media({ size_bytes: 8841256, duration_seconds: 36 }) }],
    [other, { kind: 'voice', media: media({ size_bytes: 13244, duration_seconds: 8 }) }],
    [own, { kind: 'voice', media: media({ size_bytes: 63244, duration_seconds: 46 }) }],
    [other, textOf('可以，周六能送到吗？', { author: '林晓雨', body: '橡木餐桌 1.8 米，含运费 4680 元' })],
    [own, { kind: 'file', media: media({ name: '橡木餐桌报价单（含税）2026年第一季度.xlsx', ext: 'xlsx', size_bytes: 28914 }) }],
    [own, { kind: 'link', links: [{ title: '实木家具保养指南', description: '三分钟看懂木蜡油怎么用', url: 'https://xn--fsqu00a.xn--0zwm56d/guide' }] }],
    [other, { kind: 'emotion', media: media({ size_bytes: 96512, width: 240, height: 240, ext: 'gif' }) }],
    [own, { kind: 'weapp', links: [{ title: '您的专属选材清单', description: '点击查看本次到店方案', source: '星河家居商城' }] }],
    [other, { kind: 'location', location: { title: '云栖示例小区3幢', address: '杭州市示例区样板路88号', latitude: 30.287459, longitude: 120.153576 } }],
    [own, { kind: 'card', card: { person: employees[1].person, corp_name: '星河家居' } }],
    [other, { kind: 'chatrecord', record: { title: '陈先生与设计师的聊天记录', items: [
      { sent_at: '2026-01-02T04:00:00Z', content: textOf('客厅想要原木风') },
      { sent_at: '2026-01-02T04:01:00Z', content: { kind: 'image', media: media({ size_bytes: 23882 }) } },
      { sent_at: '2026-01-02T04:02:00Z', content: { kind: 'file', media: media({ name: '户型图.pdf', ext: 'pdf', size_bytes: 512044 }) } },
      { content: { kind: 'link', links: [{ title: '原木风案例', url: 'https://www.example.com/case/7' }] } },
    ] } }],
    [own, { kind: 'mixed', parts: [textOf('这两张是实拍[微笑]'), { kind: 'image', media: media({ size_bytes: 13177 }) }] }],
    [own, { kind: 'todo', fields: [{ key: 'title', value: '来自 林晓雨 的消息' }, { key: 'content', value: '周六上午送货前致电客户' }] }],
    [own, { kind: 'vote', fields: [{ key: 'title', value: '周会改到几点？' }, { key: 'option', value: '上午九点半' }, { key: 'option', value: '下午两点' }, { key: 'vote_type', value: '101' }] }],
    [own, { kind: 'collect', fields: [{ key: 'title', value: '元旦值班登记' }, { key: 'room', value: '华东门店群' }, { key: 'organiser', value: '周明恺' }, { key: 'created_at', value: '2026-01-01T04:19:58Z' }, { key: 'question', value: '姓名' }, { key: 'question', value: '值班日期' }] }],
    [other, { kind: 'redpacket', fields: [{ key: 'wish', value: '新年快乐' }, { key: 'packet_type', value: '1' }, { key: 'count', value: '1' }, { key: 'amount_fen', value: '880' }] }],
    [own, { kind: 'meeting', fields: [{ key: 'topic', value: '一月销售例会' }, { key: 'starts_at', value: '2026-01-02T01:00:00Z' }, { key: 'ends_at', value: '2026-01-02T02:00:00Z' }, { key: 'place', value: '三号会议室' }, { key: 'remarks', value: '请带上周报' }] }],
    [own, { kind: 'notice', notice: '周明恺的快速会议 已结束' }],
    [own, { kind: 'doc', links: [{ title: '2026年门店排班表', url: 'https://doc.weixin.qq.com/sheet/e3_example', source: 'HeRuoxi' }] }],
    [own, { kind: 'markdown', notice: '**今日待跟进**\n> 橡木餐桌：<font color="warning">2 单</font>\n> 白蜡木床：<font color="info">已完成</font>\n[查看全部](https://www.example.com/todo)' }],
    [own, { kind: 'news', links: [{ title: '新品橡木系列上架', description: '首批五款', url: 'https://www.example.com/new' }, { title: '老客户专享', url: 'https://www.example.com/vip' }] }],
    [own, { kind: 'calendar', fields: [{ key: 'title', value: '样板间拍摄' }, { key: 'organiser', value: '周明恺' }, { key: 'attendee', value: '林晓雨' }, { key: 'attendee', value: '何若溪' }, { key: 'starts_at', value: '2026-01-03T01:00:00Z' }, { key: 'ends_at', value: '2026-01-03T03:00:00Z' }, { key: 'place', value: '样板间二楼' }] }],
    [own, { kind: 'call', fields: [{ key: 'call_type', value: '2' }, { key: 'duration_seconds', value: '94' }] }],
    [own, { kind: 'call', media: media({ duration_seconds: 54 }), fields: [{ key: 'ends_at', value: '2026-01-01T04:31:43Z' }, { key: 'duration_seconds', value: '54' }, { key: 'document', value: '橡木系列.pptx' }] }],
    [own, { kind: 'doc_share', media: media({ name: '橡木系列.pptx', ext: 'pptx', size_bytes: 4400654 }) }],
    [own, { kind: 'channel', fields: [{ key: 'channel', value: '星河家居' }, { key: 'description', value: '一分钟看懂橡木与白蜡木的区别 #家装' }, { key: 'feed_type', value: '4' }] }],
    [own, { kind: 'drive_file', links: [{ title: '安装视频合集.zip', url: 'https://drive.weixin.qq.com/s?k=EXAMPLEKEY' }] }],
    [own, { kind: 'solitaire', notice: '#接龙\n团购木蜡油报名\n\n1. 林晓雨 2 罐' }],
    [other, { kind: 'note', parts: [textOf('客厅尺寸 4.2 x 5.6 米\n层高 2.8 米\n'), { kind: 'image', media: media({ size_bytes: 263938 }) }] }],
    [other, { kind: 'consent', consent: { agreed: true, person: other, at: '2026-01-01T04:06:42Z' } }],
    [own, { kind: 'unsupported' }, { msgtype: 'hologram' }],
  ]
  return rows.map(([sender, content, extra], i) => message(i, cid, sender, content, extra))
}

function talkMessages(cid, own, other, count) {
  const next = random(cid.length * 977 + count)
  return Array.from({ length: count }, (_, i) => {
    const [who, body] = talk[i % talk.length]
    const tail = next() < 0.08 ? '，' + '这个系列的木材都来自同一批次，含水率控制在 8% 到 12% 之间。'.repeat(1 + Math.floor(next() * 4)) : ''
    return message(i, cid, who ? other : own, textOf(body + tail))
  })
}

function groupMessages(cid, members, count) {
  const next = random(71)
  const lines = ['@林晓雨 样板间的灯换了吗', '换好了，今天下午', '收到', '客户说周六来看', '那我提前准备一下资料', '记得带合同', '[强]', '好的', '大家注意：不要私下收款，一律走商城', '今天到店 12 组，成交 3 单']
  return Array.from({ length: count }, (_, i) =>
    message(i, cid, members[Math.floor(next() * members.length)], textOf(pick(lines, Math.floor(next() * 97)))),
  )
}

function timed(messages, last = Date.parse('2026-01-08T02:42:00Z')) {
  const next = random(messages.length)
  let at = last
  for (let i = messages.length - 1; i >= 0; i--) {
    messages[i].sent_at = new Date(at).toISOString()
    const r = next()
    at -= r < 0.62 ? 20_000 + r * 60_000 : r < 0.93 ? r * 1_800_000 : r * 60_000_000
  }
  return messages
}

/** Conversations by id, with all their messages. */
export const chats = new Map()

function addChat(cid, conversation, members, messages, more = {}) {
  chats.set(cid, { conversation: { id: cid, violations: 0, messages: messages.length, ...(conversation.peer && { employee: members[0] }), ...conversation }, members, messages: timed(messages), ...more })
}

customers.forEach((customer, i) => {
  const cid = String(100 + i)
  const messages = i === 1 ? everyKind(cid, me, customer) : talkMessages(cid, me, customer, i === 0 ? 3000 : 18 + ((i * 13) % 60))
  addChat(cid, { kind: 'customer', title: customer.name, peer: customer, remark: i === 0 ? '陈先生（云栖小区）' : '', state: i % 11 === 3 ? 'deleted_by_customer' : 'active', violations: i === 0 ? 1 : 0 }, [me, customer], messages)
})
employees.slice(1, 9).forEach((colleague, i) => {
  const cid = String(300 + i)
  addChat(cid, { kind: 'colleague', title: colleague.person.name, peer: colleague.person }, [me, colleague.person], talkMessages(cid, me, colleague.person, 30))
})
for (let i = 0; i < 6; i++) {
  const members = [me, ...employees.slice(1 + i, 4 + i).map((one) => one.person), ...customers.slice(i, i + 3 + i)]
  const cid = String(400 + i)
  addChat(cid, { kind: 'group', title: pick(['云栖小区业主服务群', '华东门店群', '设计师对接群'], i), faces: members.slice(0, 9), member_count: members.length }, members, groupMessages(cid, members, 400), { owner: me.id })
}

// A chat with very many pictures.
{
  const cid = '190'
  const [peer] = customers
  const messages = album(10_000, (i, content) => message(i, cid, i % 3 ? me : peer, content))
  addChat(cid, { kind: 'customer', title: '相册客户', peer, state: 'active' }, [me, peer], messages)
}

// The group that has every type, as the demo's.
{
  const conversation = { id: '500', kind: 'group', title: '消息类型样例', faces: people, member_count: people.length, violations: 0 }
  const messages = samples('500')
  chats.set('500', { conversation: { ...conversation, messages: messages.length }, members: people, messages, owner: 'linxiaoyu', right: 'linxiaoyu' })
}

// A chat of files, by name: m600-landscape and so on. It stands in no list.
{
  const messages = fileTalk(me, customers[2]).map(({ name, sender, content }, i) => ({ ...message(i, '600', sender, content), id: `m600-${name}` }))
  addChat('600', { kind: 'customer', unlisted: true, title: customers[2].name, peer: customers[2], state: 'active' }, [me, customers[2]], messages)
}

// A rule hit, a recalled message and what tells of it, in the long chat.
{
  const { messages } = chats.get('100')
  const hit = messages[2607]
  hit.violations = [{ id: 'v1', severity: 'high', rule_name: '私下收款', words: ['私人微信'], spans: [{ start: hit.text.indexOf('私人微信'), end: hit.text.indexOf('私人微信') + 4 }] }]
  const taken = messages[2609]
  const recall = message(90000, '100', taken.sender, { kind: 'revoke', revoke: { message_id: taken.id } })
  recall.sent_at = new Date(Date.parse(taken.sent_at) + 9000).toISOString()
  taken.revoked = { by: taken.sender, at: recall.sent_at, message_id: recall.id }
  messages.splice(2610, 0, recall)
}

export { me, start }
