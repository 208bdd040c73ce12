import { describe, expect, it } from 'vitest'
import { boxSize, voiceWidth } from '@/chat/messages/box'
import { parseMarkdown } from '@/chat/messages/markdown'
import { extensionOf, mediaNote, shortName } from '@/chat/messages/media'
import { lowerBound } from '@/chat/anchor'
import { dayAfterKey, momentOf, toMonths, yearsOf } from '@/chat/media/months'

describe('parseMarkdown', () => {
  for (const [source, want] of [
    ['**粗** 和 `码`', [{ kind: 'line', parts: [{ bold: true, text: '粗' }, { text: ' 和 ' }, { code: true, text: '码' }] }]],
    ['# 标题', [{ kind: 'heading', level: 1, parts: [{ text: '标题' }] }]],
    ['###### 小标题', [{ kind: 'heading', level: 6, parts: [{ text: '小标题' }] }]],
    ['#话题', [{ kind: 'line', parts: [{ text: '#话题' }] }]],
    ['> <font color="warning">2 单</font>', [{ kind: 'quote', parts: [{ color: 'warning', text: '2 单' }] }]],
    ['[看](https://a.cn/x)', [{ kind: 'line', parts: [{ text: '看', href: 'https://a.cn/x' }] }]],
    ['[看](javascript:x)', [{ kind: 'line', parts: [{ text: '[看](javascript:x)' }] }]],
    ['<font color="red">x</font>', [{ kind: 'line', parts: [{ text: '<font color="red">x</font>' }] }]],
    ['**<font color="info">粗绿</font>粗**', [{ kind: 'line', parts: [{ bold: true, color: 'info', text: '粗绿' }, { bold: true, text: '粗' }] }]],
    ['<font color="comment">灰**粗**</font>', [{ kind: 'line', parts: [{ color: 'comment', text: '灰' }, { color: 'comment', bold: true, text: '粗' }] }]],
    ['', [{ kind: 'line', parts: [] }]],
  ] as const) {
    it(source, () => expect(parseMarkdown(source)).toEqual(want))
  }
})

describe('boxSize', () => {
  for (const [name, got, want] of [
    ['unknown', boxSize('image', undefined, undefined, true), { width: 160, height: 120 }],
    ['wide, on a phone', boxSize('image', 1600, 800, true), { width: 160, height: 80 }],
    ['tall, on a desktop', boxSize('image', 600, 6400, false), { width: 48, height: 320 }],
    ['small stays small', boxSize('emotion', 60, 60, true), { width: 60, height: 60 }],
    ['nonsense', boxSize('video', -5, 100, true), { width: 176, height: 99 }],
  ] as const) {
    it(name, () => expect(got).toEqual(want))
  }
})

it('a voice bar grows with its seconds, within its limits', () => {
  const widths = [0, 1, 8, 30, 60, 600].map(voiceWidth)
  expect(widths).toEqual([...widths].sort((a, b) => a - b))
  expect(widths[5]).toBe(208)
  expect(widths[0]).toBeGreaterThanOrEqual(64)
})

describe('shortName', () => {
  it('keeps the ending of a long name', () => {
    const short = shortName('橡木餐桌报价单（含税）2026年第一季度华东区最终版.xlsx')
    expect(short).toMatch(/^橡木餐桌.*….*\.xlsx$/)
    expect(short.length).toBeLessThan(26)
  })

  it('leaves a short one alone', () => expect(shortName('户型图.pdf')).toBe('户型图.pdf'))
})

describe('extensionOf', () => {
  for (const [media, want] of [
    [{ state: 'pending' as const, ext: 'xlsx' }, 'XLSX'],
    [{ state: 'pending' as const, name: 'a.tar.gz' }, 'GZ'],
    [{ state: 'pending' as const, name: 'README' }, ''],
    [undefined, ''],
  ] as const) {
    it(want || 'none', () => expect(extensionOf(media)).toBe(want))
  }
})

describe('mediaNote', () => {
  for (const [state, want] of [
    ['pending', '原始文件尚未取回'],
    ['expired', '已超过企业微信保留期'],
    ['refused', '企业微信拒绝提供'],
    ['broken', '取回的内容无法打开'],
    ['over_limit', '超过大小限制，未取回'],
    ['none', '企业微信未提供文件'],
    ['ready', '仅原始文件'],
  ] as const) {
    it(state, () => expect(mediaNote({ state })).toBe(want))
  }

  it('has nothing to say of what is shown', () => expect(mediaNote({ state: 'ready', url: '/x' })).toBe(''))
  it('says that a picture cannot be drawn', () => expect(mediaNote({ state: 'ready', url: '/x' }, true)).toBe('无法显示'))
  it('knows a message without a file', () => expect(mediaNote(undefined)).toBe('企业微信未提供文件'))
})

describe('toMonths', () => {
  const months = toMonths([
    { date: '2024-02-29', messages: 3, violations: 0 },
    { date: '2026-01-05', messages: 2, violations: 1 },
  ])

  it('gives all months between, oldest first', () => {
    expect(months).toHaveLength(24)
    expect([months[0]?.key, months[11]?.key, months[23]?.key]).toEqual(['2024-02', '2025-01', '2026-01'])
    expect(toMonths([])).toEqual([])
  })

  it('begins weeks on Monday and knows leap years', () => {
    expect([months[0], months[23]].map((month) => [month?.blanks, month?.days.length])).toEqual([[3, 29], [3, 31]])
  })

  it('counts per day', () => {
    expect(months[23]?.days[4]).toEqual({ day: 5, date: '2026-01-05', messages: 2, violations: 1 })
    expect(months[23]?.days[5]?.messages).toBe(0)
  })

  it('offers years when the months are many', () => {
    expect(yearsOf(months)).toEqual([2026, 2025, 2024])
    expect(yearsOf(months.slice(-3))).toEqual([])
  })
})

describe('keys of the calendar', () => {
  const dates = ['2025-12-20', '2025-12-21', '2025-12-31', '2026-01-05']
  for (const [key, from, want] of [
    ['ArrowRight', '2025-12-20', '2025-12-21'],
    ['ArrowRight', '2025-12-21', '2025-12-31'],
    ['ArrowRight', '2026-01-05', undefined],
    ['ArrowLeft', '2025-12-31', '2025-12-21'],
    ['ArrowLeft', '2025-12-20', undefined],
    ['ArrowDown', '2025-12-20', '2025-12-31'],
    ['ArrowDown', '2025-12-31', '2026-01-05'],
    ['ArrowUp', '2026-01-05', '2025-12-21'],
    ['ArrowUp', '2025-12-21', '2025-12-20'],
    ['PageDown', '2025-12-20', '2026-01-05'],
    ['Home', '2026-01-05', '2025-12-20'],
    ['End', '2025-12-20', '2026-01-05'],
    ['x', '2025-12-20', undefined],
  ] as const) {
    it(`${key} from ${from}`, () => expect(dayAfterKey(dates, from, key)).toBe(want))
  }
})

it('momentOf is a time of a day where the reader is', () => {
  expect(momentOf('2026-01-05', '')).toBe(new Date(2026, 0, 5).toISOString())
  expect(momentOf('2026-01-05', '09:30')).toBe(new Date(2026, 0, 5, 9, 30).toISOString())
  expect(momentOf('2026-01-05', '09:30:07')).toBe(new Date(2026, 0, 5, 9, 30, 7).toISOString())
})

describe('lowerBound', () => {
  for (const [n, want] of [[0, 0], [3, 1], [9, 3]] as const) {
    it(String(n), () => expect(lowerBound([1, 5, 8], (one) => one >= n)).toBe(want))
  }
})
