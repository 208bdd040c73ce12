// Serves the built front end under the real content policy with made-up answers:
// for the visual tests, without the Go server.
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { adminRoutes } from './admin.mjs'
import { filesOf, pictureOf } from './files.mjs'
import { chats, customers, departmentList, employees, me } from './data.mjs'
import { find, searchRoutes } from './search.mjs'
import { answerMedia, changeFile, endLinks, fileAnswer, followed, refreshed, retryAnswer } from './media.mjs'

const dist = process.env.H5_DIST ?? fileURLToPath(new URL('../../dist/', import.meta.url))
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self'; font-src 'self'; connect-src 'self'; frame-src weixin: weixinping: weixinpreinject: wxwork:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types vue"

class Refused extends Error {
  constructor(status, code) {
    super(code)
    this.status = status
    this.code = code
  }
}

function chatOf(cid) {
  const chat = chats.get(cid)
  if (!chat) throw new Refused(404, 'not_found')
  return chat
}

function lastOf(chat) {
  const { id, sent_at, msgtype, text, content, sender } = chat.messages[chat.messages.length - 1]
  return { id, sent_at, msgtype, text: text || `[${content.kind}]`, sender }
}

function page(items, query, size = 40) {
  const from = Number(query.get('cursor') ?? 0)
  const limit = Number(query.get('limit') ?? size)
  const next = from + limit < items.length ? String(from + limit) : undefined
  return { items: items.slice(from, from + limit), ...(next ? { next } : {}) }
}

function messagePage(cid, query) {
  const { messages } = chatOf(cid)
  const limit = Number(query.get('limit') ?? 40)
  const indexOf = (id) => {
    const at = messages.findIndex((message) => message.id === id)
    if (at < 0) throw new Refused(404, 'not_found')
    return at
  }
  let from = Math.max(0, messages.length - limit)
  let target
  if (query.has('around')) {
    target = indexOf(query.get('around'))
    from = Math.max(0, target - Math.floor(limit / 2))
  } else if (query.has('at')) {
    target = messages.findIndex((message) => message.sent_at >= new Date(query.get('at')).toISOString())
    if (target < 0) target = messages.length - 1
    from = Math.max(0, target - Math.floor(limit / 2))
  } else if (query.has('older')) {
    const at = indexOf(query.get('older'))
    const items = messages.slice(Math.max(0, at - limit), at)
    return { items, has_older: at - limit > 0, has_newer: true }
  } else if (query.has('newer')) {
    from = indexOf(query.get('newer')) + 1
  }
  const items = messages.slice(from, from + limit).map((one) => ({ ...one, content: refreshed(one.content) }))
  return {
    items,
    has_older: from > 0,
    has_newer: from + limit < messages.length,
    ...(target === undefined ? {} : { target: messages[target].id }),
    live_id: '1',
  }
}

function days(cid) {
  const byDay = new Map()
  for (const message of chatOf(cid).messages) {
    const date = new Date(Date.parse(message.sent_at) + 8 * 3600_000).toISOString().slice(0, 10)
    const day = byDay.get(date) ?? { date, messages: 0, violations: 0 }
    day.messages++
    day.violations += message.violations?.length ?? 0
    byDay.set(date, day)
  }
  return { items: [...byDay.values()] }
}

function mediaPage(cid, query) {
  const items = filesOf(chatOf(cid).messages, query.get('tab')).map((item) => ({ ...item, content: refreshed(item.content) }))
  const limit = Number(query.get('limit') ?? 40)
  const newer = /^newer(\d+)$/.exec(query.get('cursor') ?? '')
  if (!newer && !query.has('around')) return page(items, query)
  const at = newer ? Number(newer[1]) : items.findIndex((item) => item.message_id === query.get('around'))
  const from = Math.max(0, newer ? at - limit : at - Math.floor(limit / 2))
  const to = newer ? at : from + limit
  return { items: items.slice(from, to), ...(from > 0 ? { prev: `newer${from}` } : {}), ...(!newer && to < items.length ? { next: String(to) } : {}) }
}

function messageOf(id) {
  for (const { messages } of chats.values()) {
    const found = messages.find((message) => message.id === id)
    if (found) return { ...found, content: refreshed(found.content) }
  }
  throw new Refused(404, 'not_found')
}

function detail(cid, query) {
  const chat = chatOf(cid)
  const customer = chat.members.find((member) => member.kind === 'customer')
  return {
    conversation: { ...chat.conversation, last: lastOf(chat) },
    right: query.get('as') || chat.right || me.id,
    members: chat.members.map((person) => ({ person })),
    ...(chat.owner ? { owner: chat.owner } : {}),
    ...(customer && !chat.owner
      ? { customer: { person: customer, follows: [{ employee: me, state: 'active', remark: chat.conversation.remark, added_at: '2025-06-12T03:20:00Z', source: '扫描二维码', tags: ['已到店', '橡木系列'] }] } }
      : {}),
    first_at: chat.messages[0].sent_at,
    last_at: lastOf(chat).sent_at,
  }
}

function conversationsOf(query) {
  const kinds = { customers: 'customer', colleagues: 'colleague', groups: 'group' }
  const all = [...chats.values()].filter((chat) => !chat.conversation.unlisted).map((chat) => ({ ...chat.conversation, last: lastOf(chat) }))
  const of = (tab) => all.filter((one) => one.kind === kinds[tab])
  const q = query.get('q') ?? ''
  const wanted = of(query.get('tab') ?? 'customers').filter((one) => (one.title + (one.remark ?? '')).includes(q))
  const counts = Object.fromEntries(Object.keys(kinds).map((tab) => [tab, of(tab).length]))
  return { ...page(wanted, query), counts }
}

function employeesOf(query) {
  const q = query.get('q') ?? ''
  const state = query.get('state') ?? 'all'
  const found = employees.filter(
    (one) => one.person.name.includes(q) && (state === 'all' || one.archive_state === state || (state === 'left' && one.person.left)),
  )
  return { ...page(found, query), total: found.length }
}

const routes = [
  [/^\/me$/, () => ({ id: '1', userid: 'ZhouMingkai', name: '周明恺', role: 'admin', csrf: 'token', build: 'mock', deletion_alerts: true, scope_size: 64, corp_id: '', agent_id: 1000002 })],
  [/^\/departments$/, () => ({ items: departmentList })],
  [/^\/employees$/, (_, query) => employeesOf(query)],
  [/^\/employees\/([^/]+)\/conversations$/, (_, query) => conversationsOf(query)],
  [/^\/employees\/([^/]+)$/, ([, id]) => employees.find((one) => one.person.id === id) ?? refuse(404, 'not_found')],
  [/^\/conversations\/([^/]+)$/, ([, cid], query) => detail(cid, query)],
  [/^\/conversations\/([^/]+)\/messages$/, ([, cid], query) => messagePage(cid, query)],
  [/^\/conversations\/([^/]+)\/find$/, ([, cid], query) => (chatOf(cid), find(cid, query))],
  [/^\/conversations\/([^/]+)\/days$/, ([, cid]) => days(cid)],
  [/^\/conversations\/([^/]+)\/media$/, ([, cid], query) => mediaPage(cid, query)],
  [/^\/messages\/([^/]+)\/files\/([^/]+)$/, ([, id, file]) => fileAnswer(messageOf(id), file, refuse)],
  [/^\/messages\/([^/]+)\/files\/([^/]+)\/retry$/, ([, id, file]) => retryAnswer(messageOf(id), file, refuse)],
  [/^\/messages\/([^/]+)$/, ([, id]) => messageOf(id)],
]

function refuse(status, code) {
  throw new Refused(status, code)
}

const streams = new Set()

/** Sends a live event to every open stream. */
export function push(event, data) {
  for (const stream of streams) stream.write(`id: ${Date.now()}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
}

/** Up to five messages before and after the one an alert is about; a deletion's are the last ten. */
function contextOf({ kind, conversation_id, message_id }) {
  const { messages } = chatOf(conversation_id)
  if (kind !== 'word') return messages.slice(-10)
  const i = messages.findIndex((message) => message.id === message_id)
  return messages.slice(Math.max(0, i - 5), i + 6)
}

async function bodyOf(request) {
  const parts = []
  for await (const part of request) parts.push(part)
  return parts.length ? JSON.parse(Buffer.concat(parts).toString()) : undefined
}

/** Answers once the request is all there; who went away meanwhile needs no answer. */
async function answerLater(request, url, response) {
  let body
  try {
    body = await bodyOf(request)
  } catch (failure) {
    if (failure.code === 'ECONNRESET') return
    throw failure
  }
  answerApi(request.method, url, body, response)
}

function adminAnswer(method, path, query, body) {
  const route = [...adminRoutes, ...searchRoutes].find(([verb, pattern]) => verb === method && pattern.test(path))
  return route && { body: route[2](route[1].exec(path), { query, body, context: contextOf, refuse }) }
}

function answerApi(method, url, sent, response) {
  const path = url.pathname.slice('/api/v1'.length)
  if (path === '/live') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    response.write(': open\n\n')
    streams.add(response)
    response.on('close', () => streams.delete(response))
    return
  }
  const picture = /^\/media\/picture-(\d+)$/.exec(path)
  if (picture) {
    response.writeHead(200, { 'Content-Type': 'image/png', 'Cache-Control': 'private, max-age=600' })
    response.end(pictureOf(Number(picture[1])))
    return
  }
  let status = 200
  let body
  try {
    const found = adminAnswer(method, path, url.searchParams, sent)
    const route = found ?? routes.find(([pattern]) => pattern.test(path)) ?? refuse(404, 'not_found')
    body = found ? found.body : route[1](route[0].exec(path), url.searchParams)
  } catch (thrown) {
    status = thrown.status ?? 500
    body = { error: { code: thrown.code ?? 'internal', message: String(thrown.message), request_id: '01JMOCK' } }
  }
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
  response.end(JSON.stringify(body))
}

function answerFile(url, response) {
  const wanted = normalize(url.pathname).replace(/^([/\\]|\.\.)+/, '')
  const name = /^(assets|emoji)/.test(wanted) ? wanted : 'index.html'
  try {
    const body = readFileSync(join(dist, name))
    response.writeHead(200, { 'Content-Type': types[extname(name)] ?? 'application/octet-stream', 'Content-Security-Policy': policy })
    response.end(body)
  } catch {
    response.writeHead(404).end()
  }
}

/** Starts on a free port of the loopback; delayMs is added to every answer of the API. */
export function start({ port = 0, delayMs = 0 } = {}) {
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://127.0.0.1')
    const token = /^\/api\/v1\/media\/([^/]+\..+)$/.exec(url.pathname)?.[1]
    if (token) answerMedia(request, token, response)
    else if (!url.pathname.startsWith('/api/v1/')) answerFile(url, response)
    else setTimeout(() => void answerLater(request, url, response), delayMs)
  })
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve({ server, url: `http://127.0.0.1:${server.address().port}` }))
  })
}

export { changeFile, chats, customers, endLinks, followed, me }
