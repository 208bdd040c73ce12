// How hits are put together, cut and named.
import { describe, expect, it } from 'vitest'
import type { Api } from '@/api/client'
import { chipsOf } from '@/search/chips'
import { spanOf } from '@/search/days'
import { codesOf, excerpt } from '@/search/excerpt'
import { isChosen, typeChoices, withChoice } from '@/search/kinds'
import { learnPerson } from '@/search/names'
import { emptySearch, type Search } from '@/search/query'
import { toRows } from '@/search/rows'
import { lastPart, withoutLastPart } from '@/search/typed'
import { simplerWords, wordsOf } from '@/search/words'
import { customer, employee, messageAt } from '../chat/fixtures'

const last = (n: number): Api['LastMessage'] => {
  const { id, sent_at, msgtype, text, sender } = messageAt(n)
  return { id, sent_at, msgtype, text, sender }
}
const hit = (n: number, cid: string): Api['SearchHit'] => ({
  message: messageAt(n, { conversation_id: cid }),
  spans: [],
  conversation: { id: cid, kind: 'customer', title: cid, messages: 9, violations: 0, peer: customer },
  before: last(n - 1),
  after: last(n + 1),
})

describe('toRows', () => {
  it('puts neighbours of one conversation under one head, and counts them all', () => {
    const rows = toRows([hit(9, 'a'), hit(5, 'a'), hit(4, 'b'), hit(2, 'a')])
    expect(rows.map((row) => (row.kind === 'head' ? row.conversation.id : row.index))).toEqual(['a', 0, 1, 'b', 2, 'a', 3])
    expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length)
  })
  it('shows a message around a hit unless it is a hit beside it', () => {
    const rows = toRows([hit(6, 'a'), hit(5, 'a')]).flatMap((row) => (row.kind === 'hit' ? [[row.before?.id, row.after?.id]] : []))
    expect(rows).toEqual([[undefined, 'm00007'], ['m00004', undefined]])
  })
  it('has no rows for nothing', () => expect(toRows([])).toEqual([]))
})

describe('excerpt', () => {
  const text = (pieces: { text: string }[]) => pieces.map((piece) => piece.text).join('')
  const marked = (pieces: { text: string; marked: boolean }[]) => pieces.filter((piece) => piece.marked).map((piece) => piece.text)

  it('is the whole of a short text, in one line', () => {
    expect(text(excerpt('一\n二\t三\u2028四', []))).toBe('一 二 三 四')
  })
  it('is cut around the first mark of a long one, fast', () => {
    const long = '甲'.repeat(25_000) + '报价' + '乙'.repeat(25_000)
    const pieces = excerpt(long, [{ start: 25_000, end: 25_002 }, { start: 40_000, end: 40_001 }])
    expect(marked(pieces)).toEqual(['报价'])
    expect(text(pieces).length).toBeLessThan(140)
    expect(text(pieces)).toMatch(/^…甲+报价乙+…$/)
  })
  it('begins at the beginning where nothing is marked, and says that there is more', () => {
    expect(text(excerpt('甲'.repeat(50_000), []))).toMatch(/^甲+…$/)
  })
  it('keeps characters of two units whole', () => {
    const pieces = excerpt(`${'😀'.repeat(100)}报价${'😀'.repeat(100)}`, [{ start: 200, end: 202 }])
    expect(marked(pieces)).toEqual(['报价'])
    expect(text(pieces)).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/)
  })
  it('draws emoticons unless a mark is in them', () => {
    expect(text(excerpt('好[微笑]', []))).toBe('好🙂')
    expect(marked(excerpt('好[微笑]', [{ start: 2, end: 3 }]))).toEqual(['微'])
  })
  it('bears spans that lie outside, overlap and turn around', () => {
    expect(marked(excerpt('abcdef', [{ start: 1, end: 3 }, { start: 2, end: 5 }, { start: 5, end: 99 }, { start: 4, end: 2 }]))).toEqual(['bcdef'])
    expect(text(excerpt('', [{ start: 3, end: 9 }]))).toBe('')
  })
  it('leaves markup as it was typed', () => {
    expect(text(excerpt('<img src=x onerror=alert(1)>', [{ start: 0, end: 4 }]))).toBe('<img src=x onerror=alert(1)>')
  })
})

it('finds QR codes wherever a picture stands', () => {
  const picture: Api['Content'] = { kind: 'image', media: { state: 'ready', codes: ['https://u.example/1'] } }
  expect(codesOf({ kind: 'mixed', parts: [{ kind: 'text', text: { body: 'a' } }, picture] })).toEqual(['https://u.example/1'])
  expect(codesOf({ kind: 'chatrecord', record: { title: 't', items: [{ content: picture }] } })).toEqual(['https://u.example/1'])
  expect(codesOf({ kind: 'text', text: { body: 'a' } })).toEqual([])
})

describe('chips', () => {
  it('say each filter, and are the way to a search without it', () => {
    learnPerson(employee)
    const search: Search = { ...emptySearch(), q: '报价', sender: ['linxiaoyu'], person: ['wmUnknown'], type: ['file', 'qydiskfile', 'hologram'], from: '2026-01-01', has: ['qr'], exact: true }
    const chips = chipsOf(search)
    expect(chips.map((chip) => chip.label)).toEqual(['发送人：林晓雨', '参与人：1 人', '文件', 'hologram', '2026-01-01 起', '包含二维码', '区分繁简'])
    const rest = chips.reduce<Search>((now) => ({ ...now, ...chipsOf(now)[0]?.without }), search)
    expect(chipsOf(rest)).toEqual([])
    expect(rest.q).toBe('报价')
  })
  it('name a day alone, a span, and an end', () => {
    const label = (from: string, to: string) => chipsOf({ ...emptySearch(), from, to })[0]?.label
    expect(label('2026-01-01', '2026-01-01')).toBe('2026-01-01')
    expect(label('2026-01-01', '2026-01-08')).toBe('2026-01-01 至 2026-01-08')
    expect(label('', '2026-01-08')).toBe('2026-01-08 止')
  })
  it('name the last days as they are chosen, and others by their number', () => {
    const chip = (days: number) => chipsOf({ ...emptySearch(), days })[0]
    expect([1, 30, 8].map((days) => chip(days)?.label)).toEqual(['今天', '近 30 天', '近 8 天'])
    expect(chip(30)?.without).toEqual({ days: 0 })
  })
})

it('chooses types by kind, with all that the wire calls them', () => {
  const files = typeChoices.find((choice) => choice.label === 'kind.file')
  if (!files) throw new Error('no choice of files')
  expect(withChoice(files, ['text'])).toEqual(['text', 'file', 'qydiskfile'])
  expect(isChosen(files, ['file'])).toBe(false)
  expect(withChoice(files, ['text', 'file', 'qydiskfile'])).toEqual(['text'])
})

it('knows spans by their days', () => {
  expect([1, 7, 30, 365, 0, 8].map(spanOf)).toEqual(['today', 'week', 'month', 'year', undefined, undefined])
})

describe('what is typed', () => {
  for (const [typed, name, rest] of [
    ['林晓', '林晓', ''],
    ['报价 林晓', '林晓', '报价'],
    ['报价 ', '', ''],
    ['-林晓', '', ''],
    ['报价 "周六 送', '', '报价'],
    ['', '', ''],
  ] as const) {
    it(`"${typed}" asks for "${name}"`, () => {
      expect(lastPart(typed)).toBe(name)
      if (name) expect(withoutLastPart(typed)).toBe(rest)
    })
  }
})

describe('wordsOf', () => {
  for (const [query, want] of [
    ['报价 橡木', ['报价', '橡木']],
    ['"周六 送货" -定金', ['周六 送货']],
    ['“周六 送货” 好', ['周六 送货', '好']],
    ['-"a b" c', ['c']],
    ['"没有关上', ['没有关上']],
    ['- 5', ['-', '5']],
    ['""', ['""']],
    ['a"b c', ['a"b', 'c']],
    ['  ', []],
  ] as const) {
    it(JSON.stringify(query), () => expect(wordsOf(query)).toEqual(want))
  }
})

describe('simplerWords', () => {
  for (const [query, want] of [['报价', ''], ['"报价', '报价'], ['"周六 送货" 定金', '周六 送货 定金'], ['定金 -已退', '定金'], ['-已退', ''], ['"', '']] as const) {
    it(`of ${query} is ${want || 'nothing'}`, () => expect(simplerWords(query)).toBe(want))
  }
})
