// The real programs with a conversation of 100,000 messages, somebody who is
// signed in, and alerts to land on.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Caller, type Chat } from '../e2e/program/api'
import { type Addresses, World } from '../e2e/program/world'
import type { Api } from '../../src/api/client'
import { pause, Phone, quick } from './phone'
import { customer, employee, forbidden, readTexts, writeDirectory, writeMessages } from './seed'

const storedWithinMs = 15 * 60_000
const alertsWithinMs = 10 * 60_000
const filesWithinMs = 10 * 60_000
const alertCount = 30

/** Where everything is measured. */
export interface Ground {
  /** Address of huicun. */
  url: string
  /** The long conversation. */
  chat: Chat
  /** Path that a push alert opens: chat, message and alert. */
  landing: string
  /** The message of landing. */
  target: string
  /** Messages spread evenly over the whole conversation. */
  targets: string[]
  /** How many messages of the history hold all words of a query; "…" is one with blanks. */
  said: (query: string) => number
}

/** Starts everything, lets work measure, and stops everything. */
export async function onGround<T>(messages: number, work: (ground: Ground, phone: Phone) => Promise<T>): Promise<T> {
  const data = mkdtempSync(join(tmpdir(), 'huicun-perf-'))
  const removeData = () => rmSync(data, { recursive: true, force: true })
  process.once('exit', removeData)
  let world: World | undefined
  let phone: Phone | undefined
  try {
    const [history, people] = [join(data, 'messages.jsonl'), join(data, 'directory.json')]
    writeMessages(history, messages)
    writeDirectory(people)
    console.log(`${messages} messages through wecomsim into a new archive …`)
    world = await World.start('perf', ['-load', history, '-directory', people], { env: { HUICUN_LOG_LEVEL: 'info' }, storedWithinMs })
    const ground = await prepare(world.addresses, history)
    phone = await Phone.start()
    phone.signed = await signIn(phone, ground.url)
    return await work(ground, phone)
  } finally {
    await phone?.close()
    await world?.stop()
    removeData()
  }
}

/** Signs the employee in on wecomsim's page, in the browser. */
async function signIn(phone: Phone, url: string) {
  const { page, context } = await phone.visit(quick)
  try {
    await page.goto(`${url}/me`)
    await page.getByRole('button', { name: employee.userid }).click()
    await page.waitForURL(`${url}/me`)
    return await context.storageState()
  } finally {
    await context.close()
  }
}

/** Makes the alerts, and finds messages to land on. */
async function prepare(at: Addresses, history: string): Promise<Ground> {
  const caller = await Caller.signIn(at, employee.userid)
  try {
    const chat = await caller.conversation(employee.userid)
    await caller.call('POST', '/rules', {
      name: '私下交易',
      words: [forbidden],
      severity: 'high',
      direction: 'both',
      scope_all: true,
      scope_departments: [],
      scope_employees: [],
      enabled: true,
      subscribers: [caller.me.id],
    })
    await speak(at)
    const { id, target } = await middleAlert(caller)
    await restOf(caller)
    const landing = `/c/${chat.id}?m=${target}&a=${id}`
    return { url: at.huicun, chat, landing, target, targets: await spread(caller, chat.id, 45), said: counter(history) }
  } finally {
    await caller.dispose()
  }
}

/** Counts in all that a history says what is looked for; by force. */
function counter(history: string): (query: string) => number {
  const texts = readTexts(history)
  return (query) => {
    const words = [...query.matchAll(/"([^"]+)"|(\S+)/g)].map(([, exact, word]) => exact ?? word ?? '')
    return texts.filter((text) => words.every((word) => text.includes(word))).length
  }
}

/** Somebody says the word again and again, with other words in between; none that find.ts looks for. */
async function speak(at: Addresses): Promise<void> {
  for (let i = 0; i < alertCount * 4; i++) {
    const text = i % 4 ? `收到，我先看看，第 ${i} 句` : `定金您先转我${forbidden}吧，第 ${i} 句`
    const [from, to] = i % 3 ? [employee.userid, customer.external_userid] : [customer.external_userid, employee.userid]
    const answer = await fetch(`${at.sim}/sim/messages`, { method: 'POST', body: JSON.stringify({ from, to, text }) })
    if (!answer.ok) throw new Error(`wecomsim does not take a message: ${answer.status} ${await answer.text()}`)
  }
}

/** The middle one of the alerts, once all are there: what came before has been dealt with by then. */
async function middleAlert(caller: Caller): Promise<{ id: string; target: string }> {
  const deadline = Date.now() + alertsWithinMs
  for (;;) {
    const { items } = await caller.call<{ items: Api['Violation'][] }>('GET', '/violations?limit=100')
    const found = items[alertCount / 2]
    if (items.length >= alertCount && found?.message_id) return { id: found.id, target: found.message_id }
    if (Date.now() > deadline) throw new Error(`${items.length} of ${alertCount} alerts after ${alertsWithinMs / 60_000} minutes`)
    await pause(500)
  }
}

/** Waits until huicun has fetched its files, and rests: it shares the processor with the browser. */
async function restOf(caller: Caller): Promise<void> {
  const deadline = Date.now() + filesWithinMs
  for (;;) {
    const pending = (await caller.call<Api['Status']>('GET', '/status')).media?.pending
    if (!pending) return
    if (Date.now() > deadline) return console.log(`huicun still has ${pending} files to fetch: figures of the clock are worse for it`)
    await pause(2000)
  }
}

/** Ids of messages spread over the whole conversation, in an order that jumps to and fro. */
async function spread(caller: Caller, cid: string, count: number): Promise<string[]> {
  const detail = await caller.call<Api['ConversationDetail']>('GET', `/conversations/${cid}`)
  const [first, last] = [Date.parse(detail.first_at), Date.parse(detail.last_at)]
  const ids: string[] = []
  for (let i = 0; i < count; i++) {
    const share = (i * 0.618034) % 1 // the golden section: even, and never in order
    const at = new Date(first + share * (last - first)).toISOString()
    const page = await caller.call<Api['MessagePage']>('GET', `/conversations/${cid}/messages?limit=2&at=${encodeURIComponent(at)}`)
    const id = page.target ?? page.items[0]?.id
    if (id) ids.push(id)
  }
  return ids
}
