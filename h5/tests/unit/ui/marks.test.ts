import { describe, expect, it } from 'vitest'
import { markedPieces, snippet } from '@/ui/marks'

const drawn = (text: string, spans: { start: number; end: number }[]) =>
  markedPieces(text, spans)
    .map((piece) => (piece.marked ? `<${piece.text}>` : piece.text))
    .join('')

describe('markedPieces', () => {
  it.each([
    ['nothing marked', '加我微信', [], '加我微信'],
    ['one', '加我微信', [{ start: 2, end: 4 }], '加我<微信>'],
    ['out of order', 'abcdef', [{ start: 4, end: 5 }, { start: 0, end: 1 }], '<a>bcd<e>f'],
    ['overlapping and touching as one', 'abcdef', [{ start: 0, end: 3 }, { start: 2, end: 4 }, { start: 4, end: 5 }], '<abcde>f'],
    ['outside and empty ones left out', 'abc', [{ start: -2, end: 1 }, { start: 2, end: 99 }, { start: 1, end: 1 }, { start: 7, end: 9 }], '<a>b<c>'],
    ['offsets in UTF-16', '🙏🙏微信', [{ start: 4, end: 6 }], '🙏🙏<微信>'],
    ['no text', '', [{ start: 0, end: 2 }], ''],
  ])('%s', (_, text, spans, want) => {
    expect(drawn(text, spans)).toBe(want)
  })
})

describe('snippet', () => {
  const long = '前'.repeat(100) + '微信' + '后'.repeat(100)

  it('leaves a short text as it is', () => {
    expect(snippet('加微信', [{ start: 1, end: 3 }])).toEqual({ text: '加微信', spans: [{ start: 1, end: 3 }] })
  })

  it('is cut around the first hit, which stays marked', () => {
    const found = snippet(long, [{ start: 100, end: 102 }], 40, 10)
    expect(found.text).toBe(`…${'前'.repeat(10)}微信${'后'.repeat(28)}…`)
    expect(drawn(found.text, found.spans)).toContain('<微信>')
  })

  it('starts at the beginning when nothing is marked', () => {
    expect(snippet(long, [], 5)).toEqual({ text: '前前前前前…', spans: [] })
  })

  it('drops hits that were cut off', () => {
    expect(snippet(long, [{ start: 1, end: 3 }, { start: 190, end: 192 }], 20).spans).toEqual([{ start: 1, end: 3 }])
  })

  it('splits no character', () => {
    const text = '🙏'.repeat(60)
    for (let length = 7; length < 12; length++) {
      const found = snippet(text, [{ start: 61, end: 63 }], length, 3)
      expect(found.text).toMatch(/^…(🙏)+…$/u)
    }
  })
})
