// Searching in everything the mock server has, as the contract answers it.
import { chats, customers, employees, me } from './data.mjs'

/** How the names of the mock company are read. */
const pinyin = Object.fromEntries(
  ('王wang 李li 张zhang 刘liu 陈chen 杨yang 黄huang 赵zhao 周zhou 吴wu 徐xu 孙sun 马ma 朱zhu 胡hu 郭guo 何he 林lin 高gao 罗luo ' +
    '晓xiao 雨yu 明ming 恺kai 若ruo 溪xi 子zi 涵han 思si 远yuan 雅ya 琴qin 志zhi 强qiang 丽li 华hua 一yi 凡fan 欣xin 怡yi 浩hao 然ran 梦meng 洁jie 建jian 国guo 嘉jia ' +
    '先xian 生sheng 女nv 士shi 姐jie 哥ge 云yun 栖qi 小xiao 区qu 业ye 主zhu 服fu 务wu 群qun 东dong 门men 店dian')
    .split(' ')
    .map((pair) => [pair[0], pair.slice(1)]),
)

const fold = (text) => text.normalize('NFKC').toLowerCase()

/** The parts of a query: those that must be there, and those that must not. */
function wordsOf(q) {
  const parts = q.match(/-?"[^"]*"?|\S+/g) ?? []
  const bare = (part) => fold(part.replace(/^-/, '').replace(/"/g, ''))
  const not = (part) => part.startsWith('-') && part.length > 1
  return { all: parts.filter((part) => !not(part)).map(bare), none: parts.filter(not).map(bare) }
}

function spansOf(text, words) {
  const folded = fold(text)
  if (folded.length !== text.length) return []
  return words.flatMap((word) => {
    const found = []
    for (let at = folded.indexOf(word); word && at >= 0; at = folded.indexOf(word, at + word.length)) found.push({ start: at, end: at + word.length })
    return found
  })
}

const lastOf = ({ id, sent_at, msgtype, text, content, sender }) => ({ id, sent_at, msgtype, text: text || `[${content.kind}]`, sender })

function linksOf(content) {
  return [...(content.links ?? []).map((link) => link.url ?? ''), ...(content.parts ?? []).flatMap(linksOf)].filter(Boolean)
}

function codesOf(content) {
  return [...(content.media?.codes ?? []), ...(content.parts ?? []).flatMap(codesOf)]
}

/** Anything with bytes: a picture, video, voice, document. */
function hasMedia(content) {
  return Boolean(content.media) || (content.parts ?? []).some(hasMedia) || (content.record?.items ?? []).some((item) => hasMedia(item.content))
}

const has = {
  file: (message) => hasMedia(message.content),
  link: (message) => /https?:/.test(message.text) || Boolean(message.content.links),
  qr: (message) => codesOf(message.content).length > 0,
}

function chatFits(chat, query) {
  const { id, kind } = chat.conversation
  const all = (name) => query.getAll(name)
  const people = chat.members.map((one) => one.id)
  const external = chat.members.some((one) => one.kind === 'customer')
  return (
    (!all('conversation').length || all('conversation').includes(id)) &&
    all('person').every((one) => people.includes(one)) &&
    (!query.get('chat') || (query.get('chat') === 'group') === (kind === 'group')) &&
    (!query.get('side') || (query.get('side') === 'external') === external)
  )
}

/** The first moment in China of the day so many days ago. */
function daysAgo(days) {
  const china = new Date(Date.now() + 8 * 3_600_000)
  return new Date(Date.UTC(china.getUTCFullYear(), china.getUTCMonth(), china.getUTCDate() - days) - 8 * 3_600_000).toISOString()
}

function messageFits(message, query) {
  const all = (name) => query.getAll(name)
  return (
    (!all('sender').length || all('sender').includes(message.sender.id)) &&
    (!all('type').length || all('type').includes(message.msgtype)) &&
    all('has').every((one) => has[one](message)) &&
    (!query.get('from') || message.sent_at >= new Date(query.get('from')).toISOString()) &&
    (!query.get('to') || message.sent_at < new Date(query.get('to')).toISOString()) &&
    (!query.get('days') || message.sent_at >= daysAgo(Number(query.get('days')) - 1)) &&
    (query.get('revoked') !== 'true' || Boolean(message.revoked)) &&
    (query.get('sensitive') !== 'true' || Boolean(message.violations?.length))
  )
}

/** All hits, newest first. */
function hitsOf(query) {
  const { all, none } = wordsOf(query.get('q') ?? '')
  const hits = []
  for (const chat of chats.values()) {
    if (chat.conversation.unlisted || !chatFits(chat, query)) continue
    chat.messages.forEach((message, i) => {
      if (!messageFits(message, query)) return
      const parts = [...codesOf(message.content).map((text) => ['code', text]), ...linksOf(message.content).map((text) => ['link', text])]
      const body = [message.text, ...parts.map(([, text]) => text)].map(fold).join(' ')
      if (!all.every((word) => body.includes(word)) || none.some((word) => body.includes(word))) return
      const spans = spansOf(message.text, all)
      const also = parts.map(([kind, text]) => ({ kind, text, spans: spansOf(text, all) })).filter((one) => one.spans.length > 0)
      hits.push({ chat, i, message, spans, also: also.length ? also : undefined })
    })
  }
  hits.sort((a, b) => (a.message.sent_at < b.message.sent_at ? 1 : -1))
  if (query.get('order') === 'oldest') hits.reverse()
  if (query.get('order') === 'best') hits.sort((a, b) => a.message.text.length - b.message.text.length)
  return hits
}

function page(items, query) {
  const from = Number(query.get('cursor') ?? 0)
  const limit = Number(query.get('limit') ?? 40)
  return { items: items.slice(from, from + limit), ...(from + limit < items.length ? { next: String(from + limit) } : {}) }
}

const complete = { engine: 'postgres', complete: { complete: true, up_to: '2026-01-08T02:42:00Z', behind: 0 } }
const recent = []

function remember(query, count) {
  if (query.get('cursor')) return
  const lists = ['sender', 'person', 'department', 'conversation', 'type', 'has']
  const flags = ['exact', 'revoked', 'sensitive']
  const kept = {}
  for (const name of new Set(query.keys())) {
    if (name === 'limit') continue
    kept[name] = lists.includes(name) ? query.getAll(name) : flags.includes(name) ? query.get(name) === 'true' : name === 'days' ? Number(query.get(name)) : query.get(name)
  }
  const same = recent.findIndex((one) => JSON.stringify(one.query) === JSON.stringify(kept))
  if (same >= 0) recent.splice(same, 1)
  recent.unshift({ query: kept, at: '2026-01-08T03:58:00Z', total: { count: Math.min(count, 10_000), exact: count <= 10_000 } })
  recent.splice(20)
}

function conversationOf(chat) {
  return { ...chat.conversation, unlisted: undefined }
}

function search(query) {
  const hits = hitsOf(query)
  remember(query, hits.length)
  const found = page(hits, query)
  const items = found.items.map(({ chat, i, message, spans, also }) => ({
    message,
    spans,
    also,
    conversation: conversationOf(chat),
    ...(i > 0 ? { before: lastOf(chat.messages[i - 1]) } : {}),
    ...(i + 1 < chat.messages.length ? { after: lastOf(chat.messages[i + 1]) } : {}),
  }))
  const total = query.get('cursor') ? {} : { total: { count: Math.min(hits.length, 10_000), exact: hits.length <= 10_000 } }
  return { ...found, items, ...total, ...complete }
}

function searchConversations(query) {
  const by = new Map()
  for (const { chat, message } of hitsOf(query)) {
    const one = by.get(chat) ?? { conversation: conversationOf(chat), hits: 0, newest: message.sent_at }
    one.hits++
    by.set(chat, one)
  }
  return { ...page([...by.values()], query), exact: true, ...complete }
}

/** Hits in one conversation, newest first. */
export function find(cid, query) {
  const asked = new URLSearchParams(query)
  asked.append('conversation', cid)
  const hits = hitsOf(asked)
  return { ...page(hits.map(({ message, spans, also }) => ({ message, spans, also })), query), total: Math.min(hits.length, 10_000), exact: hits.length <= 10_000 }
}

function matched(name, typed) {
  if (name.includes(typed)) return 'name'
  const read = [...name].map((letter) => pinyin[letter] ?? letter.toLowerCase())
  if (read.join('').includes(typed)) return 'pinyin'
  return read.map((one) => one[0]).join('').includes(typed) ? 'initials' : undefined
}

function suggest(query) {
  const typed = fold(query.get('q'))
  const of = (kind, name, more) => {
    const how = matched(name, typed)
    return how ? [{ kind, matched: how, rank: how === 'name' ? name.indexOf(typed) : 9, ...more }] : []
  }
  const groups = [...chats.values()].filter((chat) => chat.conversation.kind === 'group')
  const items = [
    ...employees.flatMap((one) => of('employee', one.person.name, { person: one.person, detail: one.departments[0] })),
    ...customers.flatMap((one) => of('customer', one.name, { person: one })),
    ...groups.flatMap((chat) => of('group', chat.conversation.title, { conversation: conversationOf(chat) })),
  ]
  items.sort((a, b) => a.rank - b.rank)
  return { items: items.slice(0, Number(query.get('limit') ?? 40)).map((item) => ({ ...item, rank: undefined })) }
}

const colleague = employees[3].person
const saved = [
  { id: '1', name: '私下收款', query: { q: '私人微信', side: 'external' }, shared: false, owner: me, mine: true, rule_id: '9', version: 1, updated_at: '2026-01-06T02:00:00Z' },
  { id: '2', name: '报价单', query: { q: '报价', type: ['file', 'qydiskfile'] }, shared: true, owner: colleague, mine: false, version: 4, updated_at: '2026-01-02T02:00:00Z' },
]

function own(id, refuse) {
  return saved.find((one) => one.id === id && one.mine) ?? refuse(404, 'not_found')
}

function change(id, body, refuse) {
  const one = own(id, refuse)
  if (body.version !== one.version) refuse(409, 'conflict')
  return Object.assign(one, body, { version: one.version + 1 })
}

function keep(body) {
  const one = { id: String(saved.length + 1), ...body, owner: me, mine: true, version: 1, updated_at: '2026-01-08T04:00:00Z' }
  saved.unshift(one)
  return one
}

/** [method, path, answer(match, { query, body, refuse })]. */
export const searchRoutes = [
  ['GET', /^\/search$/, (_, { query }) => search(query)],
  ['GET', /^\/search\/conversations$/, (_, { query }) => searchConversations(query)],
  ['GET', /^\/search\/suggestions$/, (_, { query }) => suggest(query)],
  ['GET', /^\/search\/recent$/, () => ({ items: recent })],
  ['DELETE', /^\/search\/recent$/, () => void recent.splice(0)],
  ['GET', /^\/searches$/, () => ({ items: saved })],
  ['POST', /^\/searches$/, (_, { body }) => keep(body)],
  ['PUT', /^\/searches\/([^/]+)$/, ([, id], { body, refuse }) => change(id, body, refuse)],
  ['DELETE', /^\/searches\/([^/]+)$/, ([, id], { refuse }) => void saved.splice(saved.indexOf(own(id, refuse)), 1)],
  ['POST', /^\/searches\/([^/]+)\/rule$/, ([, id], { refuse }) => {
    const one = own(id, refuse)
    const left = ['department', 'has', 'from', 'to', 'days', 'revoked'].filter((name) => one.query[name] !== undefined)
    one.rule_id = '10'
    return { ...one, rule_left_out: left }
  }],
  ['DELETE', /^\/searches\/([^/]+)\/rule$/, ([, id], { refuse }) => void delete own(id, refuse).rule_id],
]
