import { describe, expect, it } from 'vitest'
import { asks, between, emptySearch, fromQuery, inOrder, limits, packSearch, readSearch, type Search, toQuery, unpackSearch, withoutFilters, writeSearch } from '@/search/query'

const full: Search = {
  q: '"周六 送货" 定金 -已退',
  exact: true,
  sender: ['linxiaoyu'],
  person: ['wmA', 'wmB'],
  department: ['2', '5'],
  conversation: ['100'],
  chat: 'direct',
  side: 'external',
  type: ['file', 'qydiskfile'],
  from: '2025-12-01',
  to: '2026-01-08',
  days: 0,
  has: ['link', 'qr'],
  revoked: true,
  sensitive: true,
  order: 'oldest',
  view: 'conversations',
}

describe('the search in the address', () => {
  it('comes back as it was', () => expect(readSearch(writeSearch(full))).toEqual(full))
  it('comes back as it was out of one text', () => expect(unpackSearch(packSearch(full))).toEqual(full))
  it('leaves out what is not set', () => {
    expect(writeSearch(emptySearch())).toEqual({})
    expect(packSearch(emptySearch())).toBe('')
    expect(unpackSearch('')).toEqual(emptySearch())
  })
  for (const [name, query, want] of [
    ['what it does not know', { chat: 'both', side: 'x', order: 'worst', has: 'money', view: 'map', revoked: 'yes' }, {}],
    ['days that do not exist', { from: '2026-02-30', to: 'tomorrow' }, {}],
    ['days in the wrong order', { from: '2026-01-08', to: '2025-12-01' }, { from: '2025-12-01', to: '2026-01-08' }],
    ['days that nobody counts', { days: '-3' }, {}],
    ['more days than the server takes', { days: '9999' }, {}],
    ['last days with a first one', { days: '30', from: '2026-01-08' }, { days: 30 }],
    ['one value and several, each once', { sender: 'a', person: ['b', null, 'b', ''] }, { sender: ['a'], person: ['b'] }],
    ['the first of many queries', { q: ['a', 'b'] }, { q: 'a' }],
  ] as const) {
    it(`bears ${name}`, () => expect(readSearch(query as never)).toEqual({ ...emptySearch(), ...want }))
  }
})

describe('the search that is sent', () => {
  it('has whole days of the device, the last one included', () => {
    const { from, to } = between('2026-01-08', '2026-01-08')
    expect(new Date(from ?? '').getTime()).toBe(new Date(2026, 0, 8).getTime())
    expect(new Date(to ?? '').getTime()).toBe(new Date(2026, 0, 9).getTime())
    expect(between('', '')).toEqual({ from: undefined, to: undefined })
  })
  it('has nothing of what is not set', () => {
    expect(Object.values(toQuery(emptySearch())).filter((value) => value !== undefined)).toEqual([])
  })
  it('comes back from where it was saved, but for how it was shown', () => {
    expect(fromQuery(toQuery(full))).toEqual({ ...full, view: 'messages' })
    expect(fromQuery({})).toEqual(emptySearch())
    const moving = { ...emptySearch(), q: '定金', days: 30 }
    expect(toQuery(moving)).toMatchObject({ days: 30, from: undefined, to: undefined })
    expect(fromQuery(toQuery(moving))).toEqual(moving)
    expect(readSearch(writeSearch(moving))).toEqual(moving)
  })
})

describe('asking', () => {
  it('takes words or a filter', () => {
    expect(asks(emptySearch())).toBe(false)
    expect(asks({ ...emptySearch(), q: '  ' })).toBe(false)
    expect(asks({ ...emptySearch(), order: 'best', exact: true, view: 'conversations' })).toBe(false)
    expect(asks({ ...emptySearch(), q: '价' })).toBe(true)
    for (const part of [{ sender: ['a'] }, { has: ['file' as const] }, { chat: 'group' as const }, { from: '2026-01-01' }, { revoked: true }, { sensitive: true }]) {
      expect(asks({ ...emptySearch(), ...part })).toBe(true)
    }
  })
  it('keeps the words when filters go', () => {
    expect(limits(withoutFilters(full))).toBe(false)
    expect(withoutFilters(full)).toMatchObject({ q: full.q, exact: true, order: 'oldest', view: 'conversations' })
  })
  it('has the earlier day first', () => {
    expect(inOrder('2026-01-02', '2026-01-01')).toEqual(['2026-01-01', '2026-01-02'])
    expect(inOrder('', '2026-01-01')).toEqual(['', '2026-01-01'])
  })
})
