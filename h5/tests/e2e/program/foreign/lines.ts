// Messages as nobody here would write them: those of the reference with fields
// that are unknown, of the wrong type, or missing.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const examples = fileURLToPath(new URL('../../../../../cmd/huicun/testdata/message-types.jsonl', import.meta.url))

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** What tells messages and chats apart: with any of it wrong there is no chat to show. */
const kept = new Set(['msgid', 'action', 'from', 'tolist', 'roomid', 'msgtime', 'msgtype'])

const isObject = (value: Json): value is { [name: string]: Json } => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Applies change to each field of a value, deepest first; undefined takes the field away. */
function eachField(value: Json, change: (name: string, value: Json) => Json | undefined): Json {
  if (Array.isArray(value)) return value.map((one) => eachField(one, change))
  if (!isObject(value)) return value
  const changed = Object.entries(value).map(([name, one]) => [name, change(name, eachField(one, change))] as const)
  return Object.fromEntries(changed.filter((entry): entry is [string, Json] => entry[1] !== undefined))
}

/** A value of another type. */
function otherType(value: Json): Json {
  if (typeof value === 'string') return value.length * 7
  if (typeof value === 'number') return `${value}x`
  if (typeof value === 'boolean') return 'yes'
  if (Array.isArray(value)) return { '0': value[0] ?? null }
  return value === null ? [] : [value]
}

/** Ways in which a message is not as the reference says, by name; each has a customer of its own. */
export const ways: Record<string, (said: { [name: string]: Json }) => { [name: string]: Json }> = {
  unknown: (said) => ({ ...(eachField(said, (_, value) => (isObject(value) ? { ...value, 新字段: { a: [1, null, '<b>x</b>'] }, __proto: 1 } : value)) as typeof said), later: 'x' }),
  wrong: (said) => payload(said, (body) => eachField(body, (_, value) => (isObject(value) ? value : otherType(value)))),
  shape: (said) => payload(said, otherType),
  nulls: (said) => payload(said, (body) => eachField(body, (_, value) => (isObject(value) ? value : null))),
  missing: (said) => Object.fromEntries(Object.entries(said).filter(([name]) => kept.has(name))),
  numbers: (said) => ({ ...said, roomid: null, msgtime: String(said.msgtime), toolist: [] }),
  nobody: (said) => ({ ...said, msgtype: 'from_the_future' }),
}

function payload(said: { [name: string]: Json }, change: (body: Json) => Json): { [name: string]: Json } {
  return Object.fromEntries(Object.entries(said).map(([name, value]) => [name, kept.has(name) ? value : change(value)]))
}

/** The customer who sends what is wrong in one way. */
export const customerOf = (way: string): string => `wm${way.padEnd(30, 'Foreign')}`

/** The one who gets it all. */
export const reader = 'LinXiaoyu'

/** The messages of one way, a line each, as WeCom gives them. */
export function linesOf(way: string): string[] {
  const said = readFileSync(examples, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { [name: string]: Json })
  return said
    .filter(({ action, msgtype }) => action === 'send' && msgtype !== 'agree' && msgtype !== 'disagree')
    .map((one, i) => {
      const message: { [name: string]: Json } = { ...one, msgid: `${way}_${i}_external`, from: customerOf(way), tolist: [reader], roomid: '' }
      return JSON.stringify(ways[way]?.(message) ?? null)
    })
}

/** Writes all of them into a folder, for wecomsim -load. */
export function writeForeign(folder: string): string {
  const path = join(folder, 'foreign.jsonl')
  writeFileSync(path, Object.keys(ways).flatMap(linesOf).join('\n') + '\n')
  return path
}
